# Written by scripts/generate_models.py from schemas/x2.toml. Do not edit.
"""A typed client of the model ``xmax/x2``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "xmax/x2",
    TrackSchema("source", "video", "sendonly"),
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True, max_length=1000)),
    command("set_reference_image", FieldSchema("reference_image", "upload", required=True)),
    command(
        "set_pointer",
        FieldSchema("x", "number", required=True, minimum=0, maximum=1),
        FieldSchema("y", "number", required=True, minimum=0, maximum=1),
        FieldSchema("active", "boolean", required=True),
    ),
    command(
        "set_pointer_x", FieldSchema("pointer_x", "number", required=True, minimum=0, maximum=1)
    ),
    command(
        "set_pointer_y", FieldSchema("pointer_y", "number", required=True, minimum=0, maximum=1)
    ),
    command("set_pointer_active", FieldSchema("pointer_active", "boolean", required=True)),
    command("set_keep_backlog", FieldSchema("keep_backlog", "boolean", required=True)),
    command("reset"),
)


class StateUpdateMessage(TypedDict):
    """Sent on connecting and on every change."""

    prompt: str | None
    has_reference_image: bool
    pointer_x: float | None
    pointer_y: float | None
    pointer_active: bool
    keep_backlog: bool
    generating: bool
    width: float | None
    height: float | None


class GenerationStartedMessage(TypedDict):
    """The data of a ``generation_started`` message."""


class GenerationStoppedMessage(TypedDict):
    """The data of a ``generation_stopped`` message.

    Attributes:
        reason: Reset, or reference_image_changed.
    """

    reason: str


class PromptAcceptedMessage(TypedDict):
    """The data of a ``prompt_accepted`` message."""


class PointerChangedMessage(TypedDict):
    """The data of a ``pointer_changed`` message."""


class ReferenceImageAcceptedMessage(TypedDict):
    """The data of a ``reference_image_accepted`` message."""

    w: float
    h: float


class CommandErrorMessage(TypedDict):
    """A command could not be carried out."""

    command: str
    reason: str


class X2Model(ReactorModel):
    """The model ``xmax/x2``.

    Edits a video as it comes in. There is no start: it generates while source frames arrive and the
    prompt is not empty. The frames are as large as the source's, whose size must not change. No
    command is answered; state_update tells what became of it. Assumed in part, for want of
    documentation: ``set_pointer_x``, ``set_pointer_y``, ``set_pointer_active``,
    ``set_keep_backlog``.

    Tracks:
        source: video to the model.
        main_video: video from the model.
    """

    MODEL_NAME = "xmax/x2"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the edit.

        Args:
            prompt: A string of at most 1000 characters.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_reference_image(self, reference_image: FileRef) -> Reply:
        """Give a picture to follow; a change while it runs stops and starts it again.

        Args:
            reference_image: A FileRef from upload_file().
        """
        return await self.send_validated(
            "set_reference_image", {"reference_image": reference_image}
        )

    async def set_pointer(self, *, x: float, y: float, active: bool) -> Reply:
        """Place the pointer, and press or release it, at once.

        Args:
            x: A number from 0 to 1.
            y: A number from 0 to 1.
            active: True or False.
        """
        return await self.send_validated("set_pointer", {"x": x, "y": y, "active": active})

    async def set_pointer_x(self, pointer_x: float) -> Reply:
        """Place the pointer across.

        Args:
            pointer_x: A number from 0 to 1.
        """
        return await self.send_validated("set_pointer_x", {"pointer_x": pointer_x})

    async def set_pointer_y(self, pointer_y: float) -> Reply:
        """Place the pointer down.

        Args:
            pointer_y: A number from 0 to 1.
        """
        return await self.send_validated("set_pointer_y", {"pointer_y": pointer_y})

    async def set_pointer_active(self, pointer_active: bool) -> Reply:
        """Press or release the pointer.

        Args:
            pointer_active: True or False.
        """
        return await self.send_validated("set_pointer_active", {"pointer_active": pointer_active})

    async def set_keep_backlog(self, keep_backlog: bool) -> Reply:
        """Switch keep_backlog on or off.

        Args:
            keep_backlog: True or False.
        """
        return await self.send_validated("set_keep_backlog", {"keep_backlog": keep_backlog})

    async def reset(self) -> Reply:
        """Reset the model, which stops generating."""
        return await self.send_validated("reset")

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)

    def on_generation_started(
        self, handler: Handler[GenerationStartedMessage]
    ) -> Handler[GenerationStartedMessage]:
        """Call ``handler`` with the data of each ``generation_started`` message."""
        return self.on_type("generation_started", handler)

    def on_generation_stopped(
        self, handler: Handler[GenerationStoppedMessage]
    ) -> Handler[GenerationStoppedMessage]:
        """Call ``handler`` with the data of each ``generation_stopped`` message."""
        return self.on_type("generation_stopped", handler)

    def on_prompt_accepted(
        self, handler: Handler[PromptAcceptedMessage]
    ) -> Handler[PromptAcceptedMessage]:
        """Call ``handler`` with the data of each ``prompt_accepted`` message."""
        return self.on_type("prompt_accepted", handler)

    def on_pointer_changed(
        self, handler: Handler[PointerChangedMessage]
    ) -> Handler[PointerChangedMessage]:
        """Call ``handler`` with the data of each ``pointer_changed`` message."""
        return self.on_type("pointer_changed", handler)

    def on_reference_image_accepted(
        self, handler: Handler[ReferenceImageAcceptedMessage]
    ) -> Handler[ReferenceImageAcceptedMessage]:
        """Call ``handler`` with the data of each ``reference_image_accepted`` message."""
        return self.on_type("reference_image_accepted", handler)

    def on_command_error(
        self, handler: Handler[CommandErrorMessage]
    ) -> Handler[CommandErrorMessage]:
        """Call ``handler`` with the data of each ``command_error`` message."""
        return self.on_type("command_error", handler)
