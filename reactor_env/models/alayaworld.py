# Written by scripts/generate_models.py from schemas/alayaworld.toml. Do not edit.
"""A typed client of the model ``alayaworld``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "alayaworld",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_forward", FieldSchema("forward", "number", required=True, minimum=-1, maximum=1)),
    command("set_strafe", FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1)),
    command(
        "set_vertical", FieldSchema("vertical", "number", required=True, minimum=-1, maximum=1)
    ),
    command("set_pitch", FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1)),
    command("set_yaw", FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1)),
    command("set_roll", FieldSchema("roll", "number", required=True, minimum=-1, maximum=1)),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("random_image"),
    command("reset", FieldSchema("seed", "integer", required=False)),
)


class CameraMotionChangedMessage(TypedDict):
    """The data of a ``camera_motion_changed`` message."""

    applies_to_chunk: float


class RolloutResetQueuedMessage(TypedDict):
    """The data of a ``rollout_reset_queued`` message.

    Attributes:
        trigger: For example automatic_chunk_limit.
    """

    trigger: str


class AlayaworldModel(ReactorModel):
    """The model ``alayaworld``.

    A world to fly through on six axes, 32 frames per action, 960x544 at 24 frames a second; self-
    hosted. After 512 chunks it begins again on its own. The axes are held. Assumed in part, for
    want of documentation: ``set_prompt``, ``set_image``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "alayaworld"
    SCHEMA = _SCHEMA

    async def set_forward(self, forward: float) -> Reply:
        """Move along the view at this speed, until another is set.

        Args:
            forward: A number from -1 to 1.
        """
        return await self.send_validated("set_forward", {"forward": forward})

    async def set_strafe(self, strafe: float) -> Reply:
        """Move across the view at this speed, until another is set.

        Args:
            strafe: A number from -1 to 1.
        """
        return await self.send_validated("set_strafe", {"strafe": strafe})

    async def set_vertical(self, vertical: float) -> Reply:
        """Move up and down at this speed, until another is set.

        Args:
            vertical: A number from -1 to 1.
        """
        return await self.send_validated("set_vertical", {"vertical": vertical})

    async def set_pitch(self, pitch: float) -> Reply:
        """Tilt at this speed, until another is set.

        Args:
            pitch: A number from -1 to 1.
        """
        return await self.send_validated("set_pitch", {"pitch": pitch})

    async def set_yaw(self, yaw: float) -> Reply:
        """Turn at this speed, until another is set.

        Args:
            yaw: A number from -1 to 1.
        """
        return await self.send_validated("set_yaw", {"yaw": yaw})

    async def set_roll(self, roll: float) -> Reply:
        """Roll at this speed, until another is set.

        Args:
            roll: A number from -1 to 1.
        """
        return await self.send_validated("set_roll", {"roll": roll})

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def random_image(self) -> Reply:
        """Begin from a random picture."""
        return await self.send_validated("random_image")

    async def reset(self, seed: int | None = None) -> Reply:
        """Begin again.

        Args:
            seed: An integer.
        """
        return await self.send_validated("reset", {}, {"seed": seed})

    def on_camera_motion_changed(
        self, handler: Handler[CameraMotionChangedMessage]
    ) -> Handler[CameraMotionChangedMessage]:
        """Call ``handler`` with the data of each ``camera_motion_changed`` message."""
        return self.on_type("camera_motion_changed", handler)

    def on_rollout_reset_queued(
        self, handler: Handler[RolloutResetQueuedMessage]
    ) -> Handler[RolloutResetQueuedMessage]:
        """Call ``handler`` with the data of each ``rollout_reset_queued`` message."""
        return self.on_type("rollout_reset_queued", handler)
