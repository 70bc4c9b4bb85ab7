# Written by scripts/generate_models.py from schemas/diamond_csgo_world_model.toml. Do not edit.
"""A typed client of the model ``diamond-csgo-world-model``."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

SetKeyStateKey = Literal["w", "a", "s", "d", "space", "ctrl", "shift", "1", "2", "3", "r"]

_SCHEMA = published(
    "diamond-csgo-world-model",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_key_state",
        FieldSchema(
            "key",
            "string",
            required=True,
            choices=("w", "a", "s", "d", "space", "ctrl", "shift", "1", "2", "3", "r"),
        ),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command(
        "set_mouse_button_state",
        FieldSchema("button", "string", required=True, choices=("left", "right")),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command(
        "mouse_move",
        FieldSchema("delta_x", "number", required=True, minimum=-1000, maximum=1000),
        FieldSchema("delta_y", "number", required=True, minimum=-200, maximum=200),
    ),
    command(
        "set_controller",
        FieldSchema("controller", "string", required=True, choices=("human", "replay")),
    ),
    command("random_scene"),
    command("set_spawn_image", FieldSchema("image", "upload", required=True)),
    command("reset"),
)


class ActionChangedMessage(TypedDict):
    """The data of a ``action_changed`` message."""

    controller: str
    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    delta_x: float
    delta_y: float


class SceneChangedMessage(TypedDict):
    """The data of a ``scene_changed`` message."""

    source: Any
    scene: Any


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""


class DiamondCsgoWorldModel(ReactorModel):
    """The model ``diamond-csgo-world-model``.

    A first-person shooter, one frame per action, 150x280 at 15 frames a second; self-hosted. It
    generates while a client is connected. The end of its inner episode is not told: controls are
    cleared, and the next frame is another random spawn. Keys and buttons are held, a mouse movement
    is used once. Assumed in part, for want of documentation: ``set_controller``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "diamond-csgo-world-model"
    SCHEMA = _SCHEMA

    async def set_key_state(self, *, key: SetKeyStateKey, pressed: bool) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'w', 'a', 's', 'd', 'space', 'ctrl', 'shift', '1', '2', '3', 'r'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})

    async def set_mouse_button_state(
        self, *, button: Literal["left", "right"], pressed: bool
    ) -> Reply:
        """Press or release a mouse button.

        Args:
            button: One of 'left', 'right'.
            pressed: True or False.
        """
        return await self.send_validated(
            "set_mouse_button_state", {"button": button, "pressed": pressed}
        )

    async def mouse_move(self, *, delta_x: float, delta_y: float) -> Reply:
        """Move the mouse during the next frame; the last call before it counts.

        Args:
            delta_x: A number from -1000 to 1000.
            delta_y: A number from -200 to 200.
        """
        return await self.send_validated("mouse_move", {"delta_x": delta_x, "delta_y": delta_y})

    async def set_controller(self, controller: Literal["human", "replay"]) -> Reply:
        """Choose who plays.

        Args:
            controller: One of 'human', 'replay'.
        """
        return await self.send_validated("set_controller", {"controller": controller})

    async def random_scene(self) -> Reply:
        """Go to a random spawn."""
        return await self.send_validated("random_scene")

    async def set_spawn_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_spawn_image", {"image": image})

    async def reset(self) -> Reply:
        """Begin again; the first frame is the spawn's picture."""
        return await self.send_validated("reset")

    def on_action_changed(
        self, handler: Handler[ActionChangedMessage]
    ) -> Handler[ActionChangedMessage]:
        """Call ``handler`` with the data of each ``action_changed`` message."""
        return self.on_type("action_changed", handler)

    def on_scene_changed(
        self, handler: Handler[SceneChangedMessage]
    ) -> Handler[SceneChangedMessage]:
        """Call ``handler`` with the data of each ``scene_changed`` message."""
        return self.on_type("scene_changed", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
