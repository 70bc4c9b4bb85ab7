# Written by scripts/generate_models.py from schemas/dreamx_world.toml. Do not edit.
"""A typed client of the model ``dreamx-world``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "dreamx-world",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_key_state",
        FieldSchema(
            "key", "string", required=True, choices=("W", "A", "S", "D", "I", "J", "K", "L")
        ),
        FieldSchema("pressed", "boolean", required=True),
    ),
)


class ChunkGeneratedMessage(TypedDict):
    """The data of a ``chunk_generated`` message."""

    chunk: float
    frames: float
    prompt: str | None
    pressed_keys: list[str]
    inference_seconds: float


class DreamxWorldModel(ReactorModel):
    """The model ``dreamx-world``.

    A world to walk through, 12 frames per action after a first 9, 1280x704; self-hosted. After 512
    chunks it begins again on its own. Keys are held. Assumed in part, for want of documentation:
    ``set_key_state``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "dreamx-world"
    SCHEMA = _SCHEMA

    async def set_key_state(
        self, *, key: Literal["W", "A", "S", "D", "I", "J", "K", "L"], pressed: bool
    ) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'W', 'A', 'S', 'D', 'I', 'J', 'K', 'L'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})

    def on_chunk_generated(
        self, handler: Handler[ChunkGeneratedMessage]
    ) -> Handler[ChunkGeneratedMessage]:
        """Call ``handler`` with the data of each ``chunk_generated`` message."""
        return self.on_type("chunk_generated", handler)
