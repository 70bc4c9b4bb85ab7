# Written by scripts/generate_models.py from schemas/open_dreamer.toml. Do not edit.
"""A typed client of the model ``open-dreamer``."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
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
    "open-dreamer",
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
        "set_mouse_button_state",
        FieldSchema("button", "string", required=True, choices=("left", "right", "middle")),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command(
        "mouse_move",
        FieldSchema("delta_x", "number", required=True, minimum=-200, maximum=200),
        FieldSchema("delta_y", "number", required=True, minimum=-200, maximum=200),
    ),
    command("mouse_wheel", open=True),
    command(
        "set_demo",
        FieldSchema("demo", "string", required=True, choices=("demo_1", "demo_2", "demo_3")),
    ),
    command("random_demo"),
    command("set_conditioning_image", open=True),
    command(
        "reset", FieldSchema("seed", "integer", required=False, minimum=-1, maximum=2147483647)
    ),
)


class ActionChangedMessage(TypedDict):
    """The data of a ``action_changed`` message."""


class ConditioningChangedMessage(TypedDict):
    """The data of a ``conditioning_changed`` message."""

    source: Any
    selection: Any


class RolloutResetMessage(TypedDict):
    """The data of a ``rollout_reset`` message."""

    seed: float
    conditioning: Any


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""

    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    seed: float
    conditioning: Any


class OpenDreamerModel(ReactorModel):
    """The model ``open-dreamer``.

    Minecraft, one frame per action, 640x360; self-hosted. A random demo starts on its own. The same
    demo with the same seed of at least 0 is the same rollout. Keys and buttons are held, mouse
    movements add up within a frame. Assumed in part, for want of documentation: ``set_key_state``,
    ``set_mouse_button_state``, ``mouse_move``, ``set_demo``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "open-dreamer"
    SCHEMA = _SCHEMA

    async def set_key_state(self, *, key: SetKeyStateKey, pressed: bool) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'w', 'a', 's', 'd', 'space', 'shift', 'ctrl', 'e', 'q', 'escape', 'f', '1',
                '2', '3', '4', '5', '6', '7', '8', '9', 'f3'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})

    async def set_mouse_button_state(
        self, *, button: Literal["left", "right", "middle"], pressed: bool
    ) -> Reply:
        """Press or release a mouse button.

        Args:
            button: One of 'left', 'right', 'middle'.
            pressed: True or False.
        """
        return await self.send_validated(
            "set_mouse_button_state", {"button": button, "pressed": pressed}
        )

    async def mouse_move(self, *, delta_x: float, delta_y: float) -> Reply:
        """Move the mouse during the next frame; calls before it add up.

        Args:
            delta_x: A number from -200 to 200.
            delta_y: A number from -200 to 200.
        """
        return await self.send_validated("mouse_move", {"delta_x": delta_x, "delta_y": delta_y})

    async def mouse_wheel(self, **parameters: Any) -> Reply:
        """Turn the wheel, from -1 to 1.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("mouse_wheel", {**parameters})

    async def set_demo(self, demo: Literal["demo_1", "demo_2", "demo_3"]) -> Reply:
        """Begin from a demo.

        Args:
            demo: One of 'demo_1', 'demo_2', 'demo_3'.
        """
        return await self.send_validated("set_demo", {"demo": demo})

    async def random_demo(self) -> Reply:
        """Begin from a random demo."""
        return await self.send_validated("random_demo")

    async def set_conditioning_image(self, **parameters: Any) -> Reply:
        """Begin from a picture.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_conditioning_image", {**parameters})

    async def reset(self, seed: int | None = None) -> Reply:
        """Begin again.

        Args:
            seed: An integer from -1 to 2147483647.
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
