# Written by scripts/generate_models.py from schemas/matrix_game_2.toml. Do not edit.
"""A typed client of the model ``matrix-game-2-0-universal-distilled``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "matrix-game-2-0-universal-distilled",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_key_state",
        FieldSchema("key", "string", required=True, choices=("w", "a", "s", "d")),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command("set_pitch", FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1)),
    command("set_yaw", FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1)),
    command("release_controls"),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("random_image"),
    command("reset"),
)


class ActionChangedMessage(TypedDict):
    """The data of a ``action_changed`` message."""


class CameraMotionChangedMessage(TypedDict):
    """The data of a ``camera_motion_changed`` message."""


class ChunkCompleteMessage(TypedDict):
    """The data of a ``chunk_complete`` message."""


class RolloutLimitReachedMessage(TypedDict):
    """The rollout is as long as it may be; reset begins another."""


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""


class MatrixGame2Model(ReactorModel):
    """The model ``matrix-game-2-0-universal-distilled``.

    A world to walk through, 12 frames per action after a first 9, 352x640; self-hosted. After 120
    chunks it stops until reset. Keys, pitch and yaw are held. Assumed in part, for want of
    documentation: ``set_key_state``, ``set_pitch``, ``set_yaw``, ``set_image``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "matrix-game-2-0-universal-distilled"
    SCHEMA = _SCHEMA

    async def set_key_state(self, *, key: Literal["w", "a", "s", "d"], pressed: bool) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'w', 'a', 's', 'd'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})

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

    async def release_controls(self) -> Reply:
        """Release everything that is held."""
        return await self.send_validated("release_controls")

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def random_image(self) -> Reply:
        """Begin from a random picture."""
        return await self.send_validated("random_image")

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_action_changed(
        self, handler: Handler[ActionChangedMessage]
    ) -> Handler[ActionChangedMessage]:
        """Call ``handler`` with the data of each ``action_changed`` message."""
        return self.on_type("action_changed", handler)

    def on_camera_motion_changed(
        self, handler: Handler[CameraMotionChangedMessage]
    ) -> Handler[CameraMotionChangedMessage]:
        """Call ``handler`` with the data of each ``camera_motion_changed`` message."""
        return self.on_type("camera_motion_changed", handler)

    def on_chunk_complete(
        self, handler: Handler[ChunkCompleteMessage]
    ) -> Handler[ChunkCompleteMessage]:
        """Call ``handler`` with the data of each ``chunk_complete`` message."""
        return self.on_type("chunk_complete", handler)

    def on_rollout_limit_reached(
        self, handler: Handler[RolloutLimitReachedMessage]
    ) -> Handler[RolloutLimitReachedMessage]:
        """Call ``handler`` with the data of each ``rollout_limit_reached`` message."""
        return self.on_type("rollout_limit_reached", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
