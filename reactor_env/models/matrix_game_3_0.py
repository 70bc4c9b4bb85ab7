# Written by scripts/generate_models.py from schemas/matrix_game_3_0.toml. Do not edit.
"""A typed client of the model ``matrix-game-3-0``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "matrix-game-3-0",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
)


class ControlsChangedMessage(TypedDict):
    """The data of a ``controls_changed`` message."""

    next_chunk_frames: float


class MatrixGame30Model(ReactorModel):
    """The model ``matrix-game-3-0``.

    A world to walk through, 40 frames per action after a first 57; self-hosted. After 12 chunks,
    497 frames, it stops. Its controls are not documented. Assumed in part, for want of
    documentation: ``set_prompt``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "matrix-game-3-0"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world; begins again.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    def on_controls_changed(
        self, handler: Handler[ControlsChangedMessage]
    ) -> Handler[ControlsChangedMessage]:
        """Call ``handler`` with the data of each ``controls_changed`` message."""
        return self.on_type("controls_changed", handler)
