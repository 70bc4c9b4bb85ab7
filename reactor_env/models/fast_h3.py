# Written by scripts/generate_models.py from schemas/fast_h3.toml. Do not edit.
"""A typed client of the model ``reactor/fast-h3``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/fast-h3",
    TrackSchema("main_video", "video", "recvonly"),
    TrackSchema("main_audio", "audio", "recvonly"),
    command(
        "enqueue",
        FieldSchema("prompt", "string", required=True),
        FieldSchema("metadata", "any", required=True),
        FieldSchema("seed", "integer", required=False),
        FieldSchema("seconds", "number", required=False),
        FieldSchema("position", "integer", required=False),
    ),
    command("play", FieldSchema("clip_id", "any", required=False)),
    command("pop", open=True),
    command("move", open=True),
    command("stop"),
    command("reset"),
    command("set_clip_seconds", open=True),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("set_canvas", open=True),
    command("get_queue"),
    command("get_state"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_continuity", open=True),
)


class ClipQueuedMessage(TypedDict):
    """The data of a ``clip_queued`` message."""


class ClipGeneratedMessage(TypedDict):
    """The data of a ``clip_generated`` message."""


class ClipStartedMessage(TypedDict):
    """The data of a ``clip_started`` message."""


class ClipFinishedMessage(TypedDict):
    """The data of a ``clip_finished`` message."""


class QueueUpdateMessage(TypedDict):
    """The data of a ``queue_update`` message."""


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""

    valid_commands: list[str]
    generation_capacity: float
    playout_capacity: float


class CommandErrorMessage(TypedDict):
    """A command could not be carried out."""

    command: str
    reason: str


class FastH3Model(ReactorModel):
    """The model ``reactor/fast-h3``.

    Clips with sound from a queue of prompts, or, while it is idle, continuity mode. A clip has
    17n+5 frames at 24 frames a second, 5.167 to 14.375 seconds. Assumed in part, for want of
    documentation: ``set_seed``.

    Tracks:
        main_video: video from the model.
        main_audio: audio from the model.
    """

    MODEL_NAME = "reactor/fast-h3"
    SCHEMA = _SCHEMA

    async def enqueue(
        self,
        *,
        prompt: str,
        metadata: Any,
        seed: int | None = None,
        seconds: float | None = None,
        position: int | None = None,
    ) -> Reply:
        """Add a clip to the queue.

        Args:
            prompt: A string.
            metadata: A JSON value or a FileRef.
            seed: An integer.
            seconds: 5.167 to 14.375. A number.
            position: An integer.

        Returns:
            The reply, of type ``clip_queued``.
        """
        return await self.send_validated(
            "enqueue",
            {"prompt": prompt, "metadata": metadata},
            {"seed": seed, "seconds": seconds, "position": position},
        )

    async def play(self, clip_id: Any = None) -> Reply:
        """Play a clip.

        Args:
            clip_id: A JSON value or a FileRef.
        """
        return await self.send_validated("play", {}, {"clip_id": clip_id})

    async def pop(self, **parameters: Any) -> Reply:
        """Take a clip from the queue.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("pop", {**parameters})

    async def move(self, **parameters: Any) -> Reply:
        """Move a clip within the queue.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("move", {**parameters})

    async def stop(self) -> Reply:
        """Stop playing."""
        return await self.send_validated("stop")

    async def reset(self) -> Reply:
        """Reset the model."""
        return await self.send_validated("reset")

    async def set_clip_seconds(self, **parameters: Any) -> Reply:
        """Set how long clips are.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_clip_seconds", {**parameters})

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def set_canvas(self, **parameters: Any) -> Reply:
        """Set the canvas.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_canvas", {**parameters})

    async def get_queue(self) -> Reply:
        """Ask what is queued."""
        return await self.send_validated("get_queue")

    async def get_state_(self) -> Reply:
        """Ask how the model stands."""
        return await self.send_validated("get_state")

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe what happens, in continuity mode.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_continuity(self, **parameters: Any) -> Reply:
        """Switch continuity mode, while idle.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_continuity", {**parameters})

    def on_clip_queued(self, handler: Handler[ClipQueuedMessage]) -> Handler[ClipQueuedMessage]:
        """Call ``handler`` with the data of each ``clip_queued`` message."""
        return self.on_type("clip_queued", handler)

    def on_clip_generated(
        self, handler: Handler[ClipGeneratedMessage]
    ) -> Handler[ClipGeneratedMessage]:
        """Call ``handler`` with the data of each ``clip_generated`` message."""
        return self.on_type("clip_generated", handler)

    def on_clip_started(self, handler: Handler[ClipStartedMessage]) -> Handler[ClipStartedMessage]:
        """Call ``handler`` with the data of each ``clip_started`` message."""
        return self.on_type("clip_started", handler)

    def on_clip_finished(
        self, handler: Handler[ClipFinishedMessage]
    ) -> Handler[ClipFinishedMessage]:
        """Call ``handler`` with the data of each ``clip_finished`` message."""
        return self.on_type("clip_finished", handler)

    def on_queue_update(self, handler: Handler[QueueUpdateMessage]) -> Handler[QueueUpdateMessage]:
        """Call ``handler`` with the data of each ``queue_update`` message."""
        return self.on_type("queue_update", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)

    def on_command_error(
        self, handler: Handler[CommandErrorMessage]
    ) -> Handler[CommandErrorMessage]:
        """Call ``handler`` with the data of each ``command_error`` message."""
        return self.on_type("command_error", handler)
