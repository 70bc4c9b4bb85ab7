# Written by scripts/generate_models.py from schemas/longlive_v2.toml. Do not edit.
"""A typed client of the model ``reactor/longlive-v2``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/longlive-v2",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_shot", FieldSchema("prompt", "string", required=True)),
    command("scene_cut", FieldSchema("prompt", "string", required=True)),
    command(
        "schedule_shot",
        FieldSchema("prompt", "string", required=True),
        FieldSchema("at_session_chunk", "integer", required=True),
    ),
    command(
        "schedule_scene_cut",
        FieldSchema("prompt", "string", required=True),
        FieldSchema("at_session_chunk", "integer", required=True),
    ),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
)


class StateMessage(TypedDict):
    """The data of a ``state`` message."""

    running: bool
    started: bool
    paused: bool
    current_chunk: float
    session_chunk: float
    current_prompt: str | None
    seed: float
    scheduled_shots: Any
    scheduled_scene_cuts: Any


class ChunkCompleteMessage(TypedDict):
    """The data of a ``chunk_complete`` message."""


class ShotSetMessage(TypedDict):
    """The data of a ``shot_set`` message."""


class CommandErrorMessage(TypedDict):
    """A command could not be carried out."""

    command: str
    reason: str


class LongliveV2Model(ReactorModel):
    """The model ``reactor/longlive-v2``.

    Video from text in several shots. A scene has 48 chunks, about 58 seconds, and then ends; a cut
    begins another. Assumed in part, for want of documentation: ``set_seed``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "reactor/longlive-v2"
    SCHEMA = _SCHEMA

    async def set_shot(self, prompt: str) -> Reply:
        """Describe the shot, within the same scene.

        Args:
            prompt: A string.

        Returns:
            The reply, of type ``shot_set``.
        """
        return await self.send_validated("set_shot", {"prompt": prompt})

    async def scene_cut(self, prompt: str) -> Reply:
        """Cut to another scene.

        Args:
            prompt: A string.
        """
        return await self.send_validated("scene_cut", {"prompt": prompt})

    async def schedule_shot(self, *, prompt: str, at_session_chunk: int) -> Reply:
        """Describe the shot from a later chunk on.

        Args:
            prompt: A string.
            at_session_chunk: Counted over the session. An integer.
        """
        return await self.send_validated(
            "schedule_shot", {"prompt": prompt, "at_session_chunk": at_session_chunk}
        )

    async def schedule_scene_cut(self, *, prompt: str, at_session_chunk: int) -> Reply:
        """Cut to another scene at a later chunk.

        Args:
            prompt: A string.
            at_session_chunk: Counted over the session. An integer.
        """
        return await self.send_validated(
            "schedule_scene_cut", {"prompt": prompt, "at_session_chunk": at_session_chunk}
        )

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def start(self) -> Reply:
        """Begin to generate."""
        return await self.send_validated("start")

    async def pause(self) -> Reply:
        """Stop generating for now."""
        return await self.send_validated("pause")

    async def resume(self) -> Reply:
        """Go on after a pause."""
        return await self.send_validated("resume")

    async def reset(self) -> Reply:
        """End the run."""
        return await self.send_validated("reset")

    def on_state(self, handler: Handler[StateMessage]) -> Handler[StateMessage]:
        """Call ``handler`` with the data of each ``state`` message."""
        return self.on_type("state", handler)

    def on_chunk_complete(
        self, handler: Handler[ChunkCompleteMessage]
    ) -> Handler[ChunkCompleteMessage]:
        """Call ``handler`` with the data of each ``chunk_complete`` message."""
        return self.on_type("chunk_complete", handler)

    def on_shot_set(self, handler: Handler[ShotSetMessage]) -> Handler[ShotSetMessage]:
        """Call ``handler`` with the data of each ``shot_set`` message."""
        return self.on_type("shot_set", handler)

    def on_command_error(
        self, handler: Handler[CommandErrorMessage]
    ) -> Handler[CommandErrorMessage]:
        """Call ``handler`` with the data of each ``command_error`` message."""
        return self.on_type("command_error", handler)
