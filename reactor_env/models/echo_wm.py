# Written by scripts/generate_models.py from schemas/echo_wm.toml. Do not edit.
"""A typed client of the model ``echo-wm``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "echo-wm",
    TrackSchema("main_video", "video", "recvonly"),
    TrackSchema("main_audio", "audio", "recvonly"),
    command(
        "set_camera_motion",
        FieldSchema("forward", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1),
    ),
    command("release_camera"),
    command(
        "set_fov",
        FieldSchema("fov", "number", required=False, default=70.0, minimum=30, maximum=120),
    ),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command(
        "set_image",
        FieldSchema("image", "upload", required=True),
        FieldSchema("prompt", "string", required=False),
        FieldSchema("seed", "integer", required=False),
    ),
    command("random_image"),
    command("reset"),
)


class ChunkCompletedMessage(TypedDict):
    """The data of a ``chunk_completed`` message."""

    timings: Any


class EchoWmModel(ReactorModel):
    """The model ``echo-wm``.

    A world with sound to walk through, 24 frames per action, 1280x704 at 24 frames a second; self-
    hosted. After 512 chunks it begins again on its own. Camera motion is held. The model echo-wm-
    flash has the same commands. Assumed in part, for want of documentation: ``set_prompt``.

    Tracks:
        main_video: video from the model.
        main_audio: audio from the model.
    """

    MODEL_NAME = "echo-wm"
    SCHEMA = _SCHEMA

    async def set_camera_motion(
        self, *, forward: float, strafe: float, pitch: float, yaw: float
    ) -> Reply:
        """Move and turn the camera at these speeds, until others are set.

        Args:
            forward: A number from -1 to 1.
            strafe: A number from -1 to 1.
            pitch: A number from -1 to 1.
            yaw: A number from -1 to 1.
        """
        return await self.send_validated(
            "set_camera_motion", {"forward": forward, "strafe": strafe, "pitch": pitch, "yaw": yaw}
        )

    async def release_camera(self) -> Reply:
        """Hold the camera still."""
        return await self.send_validated("release_camera")

    async def set_fov(self, fov: float = 70.0) -> Reply:
        """Set the field of view, in degrees.

        Args:
            fov: A number from 30 to 120.
        """
        return await self.send_validated("set_fov", {"fov": fov})

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world; begins again.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(
        self, *, image: FileRef, prompt: str | None = None, seed: int | None = None
    ) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
            prompt: A string.
            seed: An integer.
        """
        return await self.send_validated(
            "set_image", {"image": image}, {"prompt": prompt, "seed": seed}
        )

    async def random_image(self) -> Reply:
        """Begin from a random picture."""
        return await self.send_validated("random_image")

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_chunk_completed(
        self, handler: Handler[ChunkCompletedMessage]
    ) -> Handler[ChunkCompletedMessage]:
        """Call ``handler`` with the data of each ``chunk_completed`` message."""
        return self.on_type("chunk_completed", handler)
