# Written by scripts/generate_models.py from schemas/waypoint.toml. Do not edit.
"""A typed client of the model ``waypoint``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

SetActionAction = Literal[
    "idle",
    "forward",
    "back",
    "left",
    "right",
    "forward_left",
    "forward_right",
    "back_left",
    "back_right",
]

_SCHEMA = published(
    "waypoint",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_action",
        FieldSchema(
            "action",
            "string",
            required=True,
            choices=(
                "idle",
                "forward",
                "back",
                "left",
                "right",
                "forward_left",
                "forward_right",
                "back_left",
                "back_right",
            ),
        ),
    ),
    command("set_buttons", FieldSchema("buttons", "string", required=True)),
    command("set_mouse_x", FieldSchema("mouse_x", "number", required=True)),
    command("set_mouse_y", FieldSchema("mouse_y", "number", required=True)),
    command(
        "set_scroll_wheel",
        FieldSchema("scroll_wheel", "number", required=True, minimum=-1, maximum=1),
    ),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("set_paused", FieldSchema("paused", "boolean", required=True)),
    command("reset"),
)


class WaypointStatusMessage(TypedDict):
    """Sent on connecting, as a reply, and every 50 steps."""

    has_image: bool
    paused: bool
    step_index: float


class WaypointModel(ReactorModel):
    """The model ``waypoint``.

    A first-person world, four frames per action, 1280x720; self-hosted. Action, buttons and mouse
    velocity are held. Every frame carries its step as metadata. Assumed in part, for want of
    documentation: ``set_action``, ``set_buttons``, ``set_mouse_x``, ``set_mouse_y``,
    ``set_scroll_wheel``, ``set_image``, ``set_paused``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "waypoint"
    SCHEMA = _SCHEMA

    async def set_action(self, action: SetActionAction) -> Reply:
        """Move, until another value is set.

        Args:
            action: One of 'idle', 'forward', 'back', 'left', 'right', 'forward_left',
                'forward_right', 'back_left', 'back_right'.
        """
        return await self.send_validated("set_action", {"action": action})

    async def set_buttons(self, buttons: str) -> Reply:
        """Hold these buttons and no others.

        Args:
            buttons: Virtual key codes with commas, like 32,16. A string.
        """
        return await self.send_validated("set_buttons", {"buttons": buttons})

    async def set_mouse_x(self, mouse_x: float) -> Reply:
        """Turn at this speed, until another is set.

        Args:
            mouse_x: A number.
        """
        return await self.send_validated("set_mouse_x", {"mouse_x": mouse_x})

    async def set_mouse_y(self, mouse_y: float) -> Reply:
        """Tilt at this speed, until another is set.

        Args:
            mouse_y: A number.
        """
        return await self.send_validated("set_mouse_y", {"mouse_y": mouse_y})

    async def set_scroll_wheel(self, scroll_wheel: float) -> Reply:
        """Turn the wheel.

        Args:
            scroll_wheel: A number from -1 to 1.
        """
        return await self.send_validated("set_scroll_wheel", {"scroll_wheel": scroll_wheel})

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_paused(self, paused: bool) -> Reply:
        """Pause, or go on.

        Args:
            paused: True or False.
        """
        return await self.send_validated("set_paused", {"paused": paused})

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_waypoint_status(
        self, handler: Handler[WaypointStatusMessage]
    ) -> Handler[WaypointStatusMessage]:
        """Call ``handler`` with the data of each ``waypoint_status`` message."""
        return self.on_type("waypoint_status", handler)
