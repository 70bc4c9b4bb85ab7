# Written by scripts/generate_models.py from schemas/lingbot_world_v2.toml. Do not edit.
"""A typed client of the model ``lingbot-world-v2``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "lingbot-world-v2",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_camera",
        FieldSchema("forward", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("vertical", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("roll", "number", required=True, minimum=-1, maximum=1),
    ),
    command("release_camera"),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("random_image"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("reset"),
)


class ChunkCompletedMessage(TypedDict):
    """The data of a ``chunk_completed`` message."""

    chunk: float
    frames: float
    generation_seconds: float
    prompt: str | None
    axes: Any


class LingbotWorldV2Model(ReactorModel):
    """The model ``lingbot-world-v2``.

    A world to fly through on six axes, 16 frames per action after a first 13, at 480p; self-hosted.
    After 256 chunks the rollout ends. The camera's motion is held. Assumed in part, for want of
    documentation: ``set_camera``, ``set_image``, ``set_prompt``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "lingbot-world-v2"
    SCHEMA = _SCHEMA

    async def set_camera(
        self,
        *,
        forward: float,
        strafe: float,
        vertical: float,
        pitch: float,
        yaw: float,
        roll: float,
    ) -> Reply:
        """Move and turn the camera at these speeds, until others are set.

        Args:
            forward: A number from -1 to 1.
            strafe: A number from -1 to 1.
            vertical: A number from -1 to 1.
            pitch: A number from -1 to 1.
            yaw: A number from -1 to 1.
            roll: A number from -1 to 1.
        """
        return await self.send_validated(
            "set_camera",
            {
                "forward": forward,
                "strafe": strafe,
                "vertical": vertical,
                "pitch": pitch,
                "yaw": yaw,
                "roll": roll,
            },
        )

    async def release_camera(self) -> Reply:
        """Hold the camera still."""
        return await self.send_validated("release_camera")

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def random_image(self) -> Reply:
        """Begin from a random picture."""
        return await self.send_validated("random_image")

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_chunk_completed(
        self, handler: Handler[ChunkCompletedMessage]
    ) -> Handler[ChunkCompletedMessage]:
        """Call ``handler`` with the data of each ``chunk_completed`` message."""
        return self.on_type("chunk_completed", handler)
