# Written by scripts/generate_models.py from schemas/lingbot_world_2.toml. Do not edit.
"""A typed client of the model ``reactor/lingbot-world-2``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/lingbot-world-2",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("set_seed", FieldSchema("seed", "integer", required=False, default=42, minimum=0)),
    command(
        "set_move_longitudinal",
        FieldSchema(
            "move_longitudinal", "string", required=True, choices=("idle", "forward", "back")
        ),
    ),
    command(
        "set_move_lateral",
        FieldSchema(
            "move_lateral", "string", required=True, choices=("idle", "strafe_left", "strafe_right")
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
    command(
        "set_camera_pose",
        FieldSchema(
            "camera_pose",
            "array",
            required=False,
            max_length=1536,
            items=FieldSchema("", "number", required=True),
        ),
    ),
    command(
        "set_attn_window",
        FieldSchema("attn_window", "string", required=True, choices=("auto", "small", "large")),
    ),
    command(
        "set_kv_cache_reset",
        FieldSchema("mode", "string", required=True, choices=("off", "auto", "manual")),
    ),
    command("trigger_kv_cache_reset"),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
)


class PromptAcceptedMessage(TypedDict):
    """The data of a ``prompt_accepted`` message."""

    prompt: str


class ImageAcceptedMessage(TypedDict):
    """The data of a ``image_accepted`` message."""

    width: float
    height: float


class ConditionsReadyMessage(TypedDict):
    """The data of a ``conditions_ready`` message."""

    has_image: bool
    has_prompt: bool


class GenerationStartedMessage(TypedDict):
    """The data of a ``generation_started`` message."""

    prompt: str
    chunk_num: float
    frame_num: float


class ChunkCompleteMessage(TypedDict):
    """A chunk was generated; its frames may still be on their way.

    Attributes:
        active_action: What it was made with.
    """

    chunk_index: float
    active_action: str | None
    active_prompt: str | None
    frames_emitted: float


class GenerationPausedMessage(TypedDict):
    """The data of a ``generation_paused`` message."""

    chunk_index: float


class GenerationResumedMessage(TypedDict):
    """The data of a ``generation_resumed`` message."""

    chunk_index: float


class GenerationCompleteMessage(TypedDict):
    """The run is over; another follows."""

    total_chunks: float


class GenerationResetMessage(TypedDict):
    """The data of a ``generation_reset`` message."""

    reason: str


class CommandErrorMessage(TypedDict):
    """A command could not be carried out, for example a start without an image."""

    command: str
    reason: str


class StateMessage(TypedDict):
    """Sent on connecting, after every command that changes something, and every chunk."""

    running: bool
    started: bool
    paused: bool
    has_image: bool
    has_prompt: bool
    current_prompt: str | None
    current_chunk: float
    current_action: str | None
    move_longitudinal: str
    move_lateral: str
    look_horizontal: str
    look_vertical: str
    rotation_speed_deg: float
    camera_pose_active: bool
    seed: float


class LingbotWorld2Model(ReactorModel):
    """The model ``reactor/lingbot-world-2``.

    A world to walk through, begun from one image, with movement on two axes and a camera pose. What
    is held stays until it is set back to idle, and takes effect with the next chunk of about 12
    frames. A finished run is followed by another while the model is started; reset ends it, and
    forgets image and prompt. Assumed in part, for want of documentation: ``set_attn_window``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "reactor/lingbot-world-2"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(self, image: FileRef) -> Reply:
        """Give the picture the world begins from; locked from start to reset.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_seed(self, seed: int = 42) -> Reply:
        """Choose the seed, which start reads; the default is fixed, not random.

        Args:
            seed: An integer of at least 0.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def set_move_longitudinal(
        self, move_longitudinal: Literal["idle", "forward", "back"]
    ) -> Reply:
        """Move along the view, until another value is set.

        Args:
            move_longitudinal: One of 'idle', 'forward', 'back'.
        """
        return await self.send_validated(
            "set_move_longitudinal", {"move_longitudinal": move_longitudinal}
        )

    async def set_move_lateral(
        self, move_lateral: Literal["idle", "strafe_left", "strafe_right"]
    ) -> Reply:
        """Move across the view, until another value is set.

        Args:
            move_lateral: One of 'idle', 'strafe_left', 'strafe_right'.
        """
        return await self.send_validated("set_move_lateral", {"move_lateral": move_lateral})

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
        """Set how fast a look turns, in degrees per latent frame.

        Args:
            rotation_speed_deg: A number from 0 to 30.
        """
        return await self.send_validated(
            "set_rotation_speed_deg", {"rotation_speed_deg": rotation_speed_deg}
        )

    async def set_camera_pose(self, camera_pose: Sequence[float] | None = None) -> Reply:
        """Move the camera by its own axes, over what is held.

        Left out or empty: no more.

        Args:
            camera_pose: Six numbers for each pose: rotation rx, ry, rz in radians, then translation
                tx, ty, tz, as changes per latent frame in the camera's frame with y down. Six in
                all are held for the whole chunk, 18 are one pose for each latent frame, other
                multiples of six are resampled. Rotation replaces the looks, translation adds to the
                moves and is normalised over a chunk. A list of at most 1536 items, each a number.
        """
        return await self.send_validated("set_camera_pose", {}, {"camera_pose": camera_pose})

    async def set_attn_window(self, attn_window: Literal["auto", "small", "large"]) -> Reply:
        """Choose the attention window.

        Args:
            attn_window: One of 'auto', 'small', 'large'.
        """
        return await self.send_validated("set_attn_window", {"attn_window": attn_window})

    async def set_kv_cache_reset(self, mode: Literal["off", "auto", "manual"]) -> Reply:
        """Choose when the model's cache is cleared; auto is about every 88 latent frames.

        Args:
            mode: One of 'off', 'auto', 'manual'.
        """
        return await self.send_validated("set_kv_cache_reset", {"mode": mode})

    async def trigger_kv_cache_reset(self) -> Reply:
        """Clear the model's cache now; an error when set_kv_cache_reset is off."""
        return await self.send_validated("trigger_kv_cache_reset")

    async def start(self) -> Reply:
        """Begin to generate; needs an image and a prompt."""
        return await self.send_validated("start")

    async def pause(self) -> Reply:
        """Stop generating for now."""
        return await self.send_validated("pause")

    async def resume(self) -> Reply:
        """Go on after a pause."""
        return await self.send_validated("resume")

    async def reset(self) -> Reply:
        """End the run, and forget image and prompt."""
        return await self.send_validated("reset")

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

    def on_state(self, handler: Handler[StateMessage]) -> Handler[StateMessage]:
        """Call ``handler`` with the data of each ``state`` message."""
        return self.on_type("state", handler)
