# Written by scripts/generate_models.py from schemas/helios.toml. Do not edit.
"""A typed client of the model ``reactor/helios``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/helios",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command(
        "schedule_prompt",
        FieldSchema("prompt", "string", required=True),
        FieldSchema("chunk", "integer", required=True),
    ),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command(
        "set_conditioning",
        FieldSchema("prompt", "string", required=True),
        FieldSchema("image", "upload", required=True),
    ),
    command(
        "set_image_strength",
        FieldSchema("image_strength", "number", required=False, default=1.0, minimum=0, maximum=1),
    ),
    command(
        "set_sr_scale",
        FieldSchema("sr_scale", "string", required=True, choices=("off", "2x", "4x")),
    ),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
    command("save_snapshot", FieldSchema("label", "string", required=False)),
    command("rewind", FieldSchema("snapshot_index", "integer", required=True)),
    command("list_snapshots"),
)


class StateMessage(TypedDict):
    """The data of a ``state`` message."""

    started: bool
    running: bool
    paused: bool
    current_prompt: str | None
    current_chunk: float
    current_frame: float
    image_set: bool


class ChunkCompleteMessage(TypedDict):
    """The data of a ``chunk_complete`` message."""


class GenerationStartedMessage(TypedDict):
    """The data of a ``generation_started`` message."""


class CommandErrorMessage(TypedDict):
    """A command could not be carried out."""

    command: str
    reason: str


class RewindFailedMessage(TypedDict):
    """The data of a ``rewind_failed`` message."""


class PromptAcceptedMessage(TypedDict):
    """The data of a ``prompt_accepted`` message."""


class ImageAcceptedMessage(TypedDict):
    """The data of a ``image_accepted`` message."""


class ConditionsReadyMessage(TypedDict):
    """The data of a ``conditions_ready`` message."""


class GenerationPausedMessage(TypedDict):
    """The data of a ``generation_paused`` message."""


class GenerationResumedMessage(TypedDict):
    """The data of a ``generation_resumed`` message."""


class SnapshotSavedMessage(TypedDict):
    """The data of a ``snapshot_saved`` message."""


class SnapshotListMessage(TypedDict):
    """The data of a ``snapshot_list`` message."""


class RewindCompleteMessage(TypedDict):
    """The data of a ``rewind_complete`` message."""


class HeliosModel(ReactorModel):
    """The model ``reactor/helios``.

    Video from text or an image, steered by prompts while it runs. Snapshots allow a run to be taken
    up again from an earlier chunk. Assumed in part, for want of documentation:
    ``set_image_strength``, ``set_sr_scale``, ``set_seed``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "reactor/helios"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe what happens from the next chunk on.

        Args:
            prompt: A string.

        Returns:
            The reply, of type ``prompt_accepted``.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def schedule_prompt(self, *, prompt: str, chunk: int) -> Reply:
        """Describe what happens from a later chunk on.

        Args:
            prompt: A string.
            chunk: An integer.
        """
        return await self.send_validated("schedule_prompt", {"prompt": prompt, "chunk": chunk})

    async def set_image(self, image: FileRef) -> Reply:
        """Give a picture to begin from.

        Args:
            image: A FileRef from upload_file().

        Returns:
            The reply, of type ``image_accepted``.
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_conditioning(self, *, prompt: str, image: FileRef) -> Reply:
        """Set prompt and picture at once.

        Args:
            prompt: A string.
            image: A FileRef from upload_file().

        Returns:
            The reply, of type ``conditions_ready``.
        """
        return await self.send_validated("set_conditioning", {"prompt": prompt, "image": image})

    async def set_image_strength(self, image_strength: float = 1.0) -> Reply:
        """Set how strongly the picture is followed.

        Args:
            image_strength: A number from 0 to 1.
        """
        return await self.send_validated("set_image_strength", {"image_strength": image_strength})

    async def set_sr_scale(self, sr_scale: Literal["off", "2x", "4x"]) -> Reply:
        """Choose how much larger the frames are made.

        Args:
            sr_scale: One of 'off', '2x', '4x'.
        """
        return await self.send_validated("set_sr_scale", {"sr_scale": sr_scale})

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: -1 is a random one. An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def start(self) -> Reply:
        """Begin to generate."""
        return await self.send_validated("start")

    async def pause(self) -> Reply:
        """Stop generating for now.

        Returns:
            The reply, of type ``generation_paused``.
        """
        return await self.send_validated("pause")

    async def resume(self) -> Reply:
        """Go on after a pause.

        Returns:
            The reply, of type ``generation_resumed``.
        """
        return await self.send_validated("resume")

    async def reset(self) -> Reply:
        """End the run."""
        return await self.send_validated("reset")

    async def save_snapshot(self, label: str | None = None) -> Reply:
        """Keep the present state for rewind; at most 50 are kept.

        Args:
            label: A string.

        Returns:
            The reply, of type ``snapshot_saved``.
        """
        return await self.send_validated("save_snapshot", {}, {"label": label})

    async def rewind(self, snapshot_index: int) -> Reply:
        """Go back to a snapshot.

        Args:
            snapshot_index: -1 is the last one. An integer.

        Returns:
            The reply, of type ``rewind_complete``.
        """
        return await self.send_validated("rewind", {"snapshot_index": snapshot_index})

    async def list_snapshots(self) -> Reply:
        """Ask which snapshots there are.

        Returns:
            The reply, of type ``snapshot_list``.
        """
        return await self.send_validated("list_snapshots")

    def on_state(self, handler: Handler[StateMessage]) -> Handler[StateMessage]:
        """Call ``handler`` with the data of each ``state`` message."""
        return self.on_type("state", handler)

    def on_chunk_complete(
        self, handler: Handler[ChunkCompleteMessage]
    ) -> Handler[ChunkCompleteMessage]:
        """Call ``handler`` with the data of each ``chunk_complete`` message."""
        return self.on_type("chunk_complete", handler)

    def on_generation_started(
        self, handler: Handler[GenerationStartedMessage]
    ) -> Handler[GenerationStartedMessage]:
        """Call ``handler`` with the data of each ``generation_started`` message."""
        return self.on_type("generation_started", handler)

    def on_command_error(
        self, handler: Handler[CommandErrorMessage]
    ) -> Handler[CommandErrorMessage]:
        """Call ``handler`` with the data of each ``command_error`` message."""
        return self.on_type("command_error", handler)

    def on_rewind_failed(
        self, handler: Handler[RewindFailedMessage]
    ) -> Handler[RewindFailedMessage]:
        """Call ``handler`` with the data of each ``rewind_failed`` message."""
        return self.on_type("rewind_failed", handler)

    def on_prompt_accepted(
        self, handler: Handler[PromptAcceptedMessage]
    ) -> Handler[PromptAcceptedMessage]:
        """Call ``handler`` with the data of each ``prompt_accepted`` message."""
        return self.on_type("prompt_accepted", handler)

    def on_image_accepted(
        self, handler: Handler[ImageAcceptedMessage]
    ) -> Handler[ImageAcceptedMessage]:
        """Call ``handler`` with the data of each ``image_accepted`` message."""
        return self.on_type("image_accepted", handler)

    def on_conditions_ready(
        self, handler: Handler[ConditionsReadyMessage]
    ) -> Handler[ConditionsReadyMessage]:
        """Call ``handler`` with the data of each ``conditions_ready`` message."""
        return self.on_type("conditions_ready", handler)

    def on_generation_paused(
        self, handler: Handler[GenerationPausedMessage]
    ) -> Handler[GenerationPausedMessage]:
        """Call ``handler`` with the data of each ``generation_paused`` message."""
        return self.on_type("generation_paused", handler)

    def on_generation_resumed(
        self, handler: Handler[GenerationResumedMessage]
    ) -> Handler[GenerationResumedMessage]:
        """Call ``handler`` with the data of each ``generation_resumed`` message."""
        return self.on_type("generation_resumed", handler)

    def on_snapshot_saved(
        self, handler: Handler[SnapshotSavedMessage]
    ) -> Handler[SnapshotSavedMessage]:
        """Call ``handler`` with the data of each ``snapshot_saved`` message."""
        return self.on_type("snapshot_saved", handler)

    def on_snapshot_list(
        self, handler: Handler[SnapshotListMessage]
    ) -> Handler[SnapshotListMessage]:
        """Call ``handler`` with the data of each ``snapshot_list`` message."""
        return self.on_type("snapshot_list", handler)

    def on_rewind_complete(
        self, handler: Handler[RewindCompleteMessage]
    ) -> Handler[RewindCompleteMessage]:
        """Call ``handler`` with the data of each ``rewind_complete`` message."""
        return self.on_type("rewind_complete", handler)
