# Written by scripts/generate_models.py from schemas/flashdreams_waypoint.toml. Do not edit.
"""A typed client of the model ``flashdreams-waypoint``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "flashdreams-waypoint",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_keys", FieldSchema("keys", "string", required=True)),
    command(
        "move",
        FieldSchema("dx", "number", required=True),
        FieldSchema("dy", "number", required=True),
        FieldSchema("wheel", "number", required=True),
    ),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("set_paused", FieldSchema("paused", "boolean", required=True)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("reset"),
)


class RolloutRestartedMessage(TypedDict):
    """The rollout starts again."""


class FlashdreamsWaypointModel(ReactorModel):
    """The model ``flashdreams-waypoint``.

    A world to walk through, four frames per action, 1024x512 at 60 frames a second; self-hosted.
    After 10,000 steps the rollout starts again. A step may answer with rollout_restarted and no
    frames. Keys are held. Every frame carries rollout and index as metadata. Assumed in part, for
    want of documentation: ``set_keys``, ``set_seed``, ``set_paused``, ``set_image``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "flashdreams-waypoint"
    SCHEMA = _SCHEMA

    async def set_keys(self, keys: str) -> Reply:
        """Hold these keys and no others.

        Args:
            keys: Names with commas, like w,shift. A string.
        """
        return await self.send_validated("set_keys", {"keys": keys})

    async def move(self, *, dx: float, dy: float, wheel: float) -> Reply:
        """Move the mouse, and turn its wheel.

        Args:
            dx: A number.
            dy: A number.
            wheel: A number.
        """
        return await self.send_validated("move", {"dx": dx, "dy": dy, "wheel": wheel})

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def set_paused(self, paused: bool) -> Reply:
        """Pause, or go on.

        Args:
            paused: True or False.
        """
        return await self.send_validated("set_paused", {"paused": paused})

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_rollout_restarted(
        self, handler: Handler[RolloutRestartedMessage]
    ) -> Handler[RolloutRestartedMessage]:
        """Call ``handler`` with the data of each ``rollout_restarted`` message."""
        return self.on_type("rollout_restarted", handler)
