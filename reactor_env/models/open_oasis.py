# Written by scripts/generate_models.py from schemas/open_oasis.toml. Do not edit.
"""A typed client of the model ``open-oasis``."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

SetKeyStateKey = Literal[
    "w",
    "a",
    "s",
    "d",
    "space",
    "shift",
    "ctrl",
    "e",
    "q",
    "escape",
    "f",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "f3",
]

_SCHEMA = published(
    "open-oasis",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_key_state",
        FieldSchema(
            "key",
            "string",
            required=True,
            choices=(
                "w",
                "a",
                "s",
                "d",
                "space",
                "shift",
                "ctrl",
                "e",
                "q",
                "escape",
                "f",
                "1",
                "2",
                "3",
                "4",
                "5",
                "6",
                "7",
                "8",
                "9",
                "f3",
            ),
        ),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command(
        "mouse_move",
        FieldSchema("camera_x", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("camera_y", "number", required=True, minimum=-1, maximum=1),
    ),
    command("release_controls"),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command(
        "set_video",
        FieldSchema("video", "upload", required=True),
        FieldSchema("offset", "number", required=False),
        FieldSchema("prompt_frames", "integer", required=False, minimum=1, maximum=32),
    ),
    command("random_scene"),
    command("reset", FieldSchema("seed", "integer", required=False)),
)


class ActionChangedMessage(TypedDict):
    """The data of a ``action_changed`` message."""


class ConditioningChangedMessage(TypedDict):
    """The data of a ``conditioning_changed`` message."""

    source: Any
    selection: Any
    prompt_frames: float | None


class RolloutResetMessage(TypedDict):
    """The data of a ``rollout_reset`` message."""


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""


class OpenOasisModel(ReactorModel):
    """The model ``open-oasis`` v0.1.1.

    Minecraft, one frame per action, 640x360; self-hosted. Keys are held, a short tap lasts one
    frame, mouse movements add up within a frame. An error of the model ends the session. Assumed in
    part, for want of documentation: ``set_key_state``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "open-oasis"
    SCHEMA = _SCHEMA

    async def set_key_state(self, *, key: SetKeyStateKey, pressed: bool) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'w', 'a', 's', 'd', 'space', 'shift', 'ctrl', 'e', 'q', 'escape', 'f', '1',
                '2', '3', '4', '5', '6', '7', '8', '9', 'f3'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})

    async def mouse_move(self, *, camera_x: float, camera_y: float) -> Reply:
        """Turn the camera during the next frame; calls before it add up.

        Args:
            camera_x: A number from -1 to 1.
            camera_y: A number from -1 to 1.
        """
        return await self.send_validated("mouse_move", {"camera_x": camera_x, "camera_y": camera_y})

    async def release_controls(self) -> Reply:
        """Release everything that is held."""
        return await self.send_validated("release_controls")

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_video(
        self, *, video: FileRef, offset: float | None = None, prompt_frames: int | None = None
    ) -> Reply:
        """Begin from a video.

        Args:
            video: A FileRef from upload_file().
            offset: A number.
            prompt_frames: An integer from 1 to 32.
        """
        return await self.send_validated(
            "set_video", {"video": video}, {"offset": offset, "prompt_frames": prompt_frames}
        )

    async def random_scene(self) -> Reply:
        """Begin from a random scene."""
        return await self.send_validated("random_scene")

    async def reset(self, seed: int | None = None) -> Reply:
        """Begin again.

        Args:
            seed: An integer.
        """
        return await self.send_validated("reset", {}, {"seed": seed})

    def on_action_changed(
        self, handler: Handler[ActionChangedMessage]
    ) -> Handler[ActionChangedMessage]:
        """Call ``handler`` with the data of each ``action_changed`` message."""
        return self.on_type("action_changed", handler)

    def on_conditioning_changed(
        self, handler: Handler[ConditioningChangedMessage]
    ) -> Handler[ConditioningChangedMessage]:
        """Call ``handler`` with the data of each ``conditioning_changed`` message."""
        return self.on_type("conditioning_changed", handler)

    def on_rollout_reset(
        self, handler: Handler[RolloutResetMessage]
    ) -> Handler[RolloutResetMessage]:
        """Call ``handler`` with the data of each ``rollout_reset`` message."""
        return self.on_type("rollout_reset", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
