# Written by scripts/generate_models.py from schemas/evoke.toml. Do not edit.
"""A typed client of the model ``evoke``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "evoke",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("set_reference_video", open=True),
    command("start_text", open=True),
    command("set_forward", FieldSchema("forward", "number", required=True, minimum=-1, maximum=1)),
    command("set_strafe", FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1)),
    command(
        "set_vertical", FieldSchema("vertical", "number", required=True, minimum=-1, maximum=1)
    ),
    command("set_pitch", FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1)),
    command("set_yaw", FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1)),
    command("set_roll", FieldSchema("roll", "number", required=True, minimum=-1, maximum=1)),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("reset"),
)


class CommandAppliedMessage(TypedDict):
    """The data of a ``command_applied`` message."""

    action: str
    applies_to_chunk: float
    detail: Any


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""


class RolloutRestartedMessage(TypedDict):
    """The rollout begins again."""


class EvokeModel(ReactorModel):
    """The model ``evoke``.

    A world to fly through, begun from a picture, a video with camera poses, or text alone; then the
    camera cannot be moved. 36 frames per action, 384x640 at 24 frames a second; self-hosted. After
    512 chunks it begins again on its own. The axes are held. Assumed in part, for want of
    documentation: ``set_forward``, ``set_strafe``, ``set_vertical``, ``set_pitch``, ``set_yaw``,
    ``set_roll``, ``set_image``, ``set_prompt``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "evoke"
    SCHEMA = _SCHEMA

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_reference_video(self, **parameters: Any) -> Reply:
        """Begin from a video, with camera poses in an NPZ file.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_reference_video", {**parameters})

    async def start_text(self, **parameters: Any) -> Reply:
        """Begin from text alone.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("start_text", {**parameters})

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

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_command_applied(
        self, handler: Handler[CommandAppliedMessage]
    ) -> Handler[CommandAppliedMessage]:
        """Call ``handler`` with the data of each ``command_applied`` message."""
        return self.on_type("command_applied", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)

    def on_rollout_restarted(
        self, handler: Handler[RolloutRestartedMessage]
    ) -> Handler[RolloutRestartedMessage]:
        """Call ``handler`` with the data of each ``rollout_restarted`` message."""
        return self.on_type("rollout_restarted", handler)
