# Written by scripts/generate_models.py from schemas/flashdreams_lingbot.toml. Do not edit.
"""A typed client of the model ``flashdreams-lingbot``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "flashdreams-lingbot",
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
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("reset"),
)


class RolloutRestartedMessage(TypedDict):
    """The rollout starts again."""


class FlashdreamsLingbotModel(ReactorModel):
    """The model ``flashdreams-lingbot``.

    A world to walk through, 12 frames per action, 832x464 at 16 frames a second; self-hosted. After
    20 steps, about 15 seconds, the rollout starts again. A step may answer with rollout_restarted
    and no frames. Keys are held. Every frame carries rollout and index as metadata. Assumed in
    part, for want of documentation: ``set_keys``, ``set_seed``, ``set_paused``, ``set_image``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "flashdreams-lingbot"
    SCHEMA = _SCHEMA

    async def set_keys(self, keys: str) -> Reply:
        """Hold these keys and no others.

        Args:
            keys: Names with commas, like w,q: w and s walk, q and e step aside, a, d, j and l turn,
                i and k look up and down. A string.
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

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world; starts the rollout again.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def reset(self) -> Reply:
        """Begin again."""
        return await self.send_validated("reset")

    def on_rollout_restarted(
        self, handler: Handler[RolloutRestartedMessage]
    ) -> Handler[RolloutRestartedMessage]:
        """Call ``handler`` with the data of each ``rollout_restarted`` message."""
        return self.on_type("rollout_restarted", handler)
