# Written by scripts/generate_models.py from schemas/lingbot.toml. Do not edit.
"""A typed client of the model ``reactor/lingbot``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

SetMovementMovement = Literal["idle", "forward", "back", "strafe_left", "strafe_right"]

_SCHEMA = published(
    "reactor/lingbot",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command(
        "set_movement",
        FieldSchema(
            "movement",
            "string",
            required=True,
            choices=("idle", "forward", "back", "strafe_left", "strafe_right"),
        ),
    ),
    command(
        "set_look_horizontal",
        FieldSchema("look_horizontal", "string", required=True, choices=("idle", "left", "right")),
    ),
    command(
        "set_look_vertical",
        FieldSchema("look_vertical", "string", required=True, choices=("idle", "up", "down")),
    ),
    command(
        "set_rotation_speed_deg",
        FieldSchema(
            "rotation_speed_deg", "number", required=False, default=5.0, minimum=0, maximum=30
        ),
    ),
    command("set_seed", FieldSchema("seed", "integer", required=True, minimum=0)),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
)


class StateMessage(TypedDict):
    """Sent after every command and every chunk; it is one chunk behind the commands.

    Attributes:
        current_action: For example w+left, or still.
    """

    started: bool
    running: bool
    paused: bool
    has_image: bool
    has_prompt: bool
    current_prompt: str | None
    current_chunk: float
    current_action: str | None
    movement: str
    look_horizontal: str
    look_vertical: str
    rotation_speed_deg: float
    seed: float


class PromptAcceptedMessage(TypedDict):
    """The data of a ``prompt_accepted`` message."""


class ImageAcceptedMessage(TypedDict):
    """The data of a ``image_accepted`` message."""


class ConditionsReadyMessage(TypedDict):
    """The data of a ``conditions_ready`` message."""


class GenerationStartedMessage(TypedDict):
    """The data of a ``generation_started`` message."""


class ChunkCompleteMessage(TypedDict):
    """The data of a ``chunk_complete`` message."""

    chunk_index: float


class GenerationPausedMessage(TypedDict):
    """The data of a ``generation_paused`` message."""


class GenerationResumedMessage(TypedDict):
    """The data of a ``generation_resumed`` message."""


class GenerationCompleteMessage(TypedDict):
    """The data of a ``generation_complete`` message."""


class GenerationResetMessage(TypedDict):
    """The data of a ``generation_reset`` message."""


class CommandErrorMessage(TypedDict):
    """A command could not be carried out, for example a start without an image."""

    command: str
    reason: str


class LingbotModel(ReactorModel):
    """The model ``reactor/lingbot``.

    A world to walk through, begun from one image. Movement and look are held until they are set
    back to idle, and take effect with the next chunk. A run of 300 chunks is followed by another
    with the same image and prompt; only reset ends it, and takes both away.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "reactor/lingbot"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world; may change while it runs.

        Args:
            prompt: A string.

        Returns:
            The reply, of type ``prompt_accepted``.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(self, image: FileRef) -> Reply:
        """Give the picture the world begins from; locked from start to reset.

        Args:
            image: A FileRef from upload_file().

        Returns:
            The reply, of type ``image_accepted``.
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_movement(self, movement: SetMovementMovement) -> Reply:
        """Move, until another value is set.

        Args:
            movement: One of 'idle', 'forward', 'back', 'strafe_left', 'strafe_right'.
        """
        return await self.send_validated("set_movement", {"movement": movement})

    async def set_look_horizontal(self, look_horizontal: Literal["idle", "left", "right"]) -> Reply:
        """Turn, until another value is set.

        Args:
            look_horizontal: One of 'idle', 'left', 'right'.
        """
        return await self.send_validated(
            "set_look_horizontal", {"look_horizontal": look_horizontal}
        )

    async def set_look_vertical(self, look_vertical: Literal["idle", "up", "down"]) -> Reply:
        """Tilt, until another value is set.

        Args:
            look_vertical: One of 'idle', 'up', 'down'.
        """
        return await self.send_validated("set_look_vertical", {"look_vertical": look_vertical})

    async def set_rotation_speed_deg(self, rotation_speed_deg: float = 5.0) -> Reply:
        """Set how fast a look turns, in degrees.

        Args:
            rotation_speed_deg: A number from 0 to 30.
        """
        return await self.send_validated(
            "set_rotation_speed_deg", {"rotation_speed_deg": rotation_speed_deg}
        )

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed, which start reads.

        Args:
            seed: An integer of at least 0.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def start(self) -> Reply:
        """Begin to generate; needs an image and a prompt."""
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
        """End the run, and forget image and prompt.

        Returns:
            The reply, of type ``generation_reset``.
        """
        return await self.send_validated("reset")

    def on_state(self, handler: Handler[StateMessage]) -> Handler[StateMessage]:
        """Call ``handler`` with the data of each ``state`` message."""
        return self.on_type("state", handler)

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

    def on_generation_started(
        self, handler: Handler[GenerationStartedMessage]
    ) -> Handler[GenerationStartedMessage]:
        """Call ``handler`` with the data of each ``generation_started`` message."""
        return self.on_type("generation_started", handler)

    def on_chunk_complete(
        self, handler: Handler[ChunkCompleteMessage]
    ) -> Handler[ChunkCompleteMessage]:
        """Call ``handler`` with the data of each ``chunk_complete`` message."""
        return self.on_type("chunk_complete", handler)

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

    def on_generation_complete(
        self, handler: Handler[GenerationCompleteMessage]
    ) -> Handler[GenerationCompleteMessage]:
        """Call ``handler`` with the data of each ``generation_complete`` message."""
        return self.on_type("generation_complete", handler)

    def on_generation_reset(
        self, handler: Handler[GenerationResetMessage]
    ) -> Handler[GenerationResetMessage]:
        """Call ``handler`` with the data of each ``generation_reset`` message."""
        return self.on_type("generation_reset", handler)

    def on_command_error(
        self, handler: Handler[CommandErrorMessage]
    ) -> Handler[CommandErrorMessage]:
        """Call ``handler`` with the data of each ``command_error`` message."""
        return self.on_type("command_error", handler)
