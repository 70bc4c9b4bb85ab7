# Written by scripts/generate_models.py from schemas/abot_world.toml. Do not edit.
"""A typed client of the model ``abot-world``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "abot-world",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_key_state",
        FieldSchema(
            "key", "string", required=True, choices=("W", "A", "S", "D", "I", "J", "K", "L")
        ),
        FieldSchema("pressed", "boolean", required=True),
    ),
    command("release_controls"),
    command("set_prompt", FieldSchema("prompt", "string", required=True, max_length=4096)),
    command(
        "set_image",
        FieldSchema("image", "upload", required=True),
        FieldSchema("prompt", "string", required=False),
    ),
    command("random_image"),
    command("reset", FieldSchema("seed", "integer", required=False)),
)


class ActionChangedMessage(TypedDict):
    """The data of a ``action_changed`` message."""

    applies_to_chunk: float


class ControlsReleasedMessage(TypedDict):
    """The data of a ``controls_released`` message."""


class PromptQueuedMessage(TypedDict):
    """The data of a ``prompt_queued`` message."""


class ImageSelectedMessage(TypedDict):
    """The data of a ``image_selected`` message."""


class RolloutResetQueuedMessage(TypedDict):
    """The data of a ``rollout_reset_queued`` message."""


class RolloutLimitReachedMessage(TypedDict):
    """The rollout is as long as it may be; reset begins another."""


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""

    sampled_keys: list[str]
    next_chunk: float
    completed_chunks: float


class AbotWorldModel(ReactorModel):
    """The model ``abot-world``.

    A world to walk through, 12 frames per action after a first 9, 1280x704; self-hosted. After 512
    chunks it stops until reset. Keys are held, a short tap until it is used once. Assumed in part,
    for want of documentation: ``set_key_state``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "abot-world"
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

    async def release_controls(self) -> Reply:
        """Release everything that is held."""
        return await self.send_validated("release_controls")

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world.

        Args:
            prompt: A string of at most 4096 characters.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(self, *, image: FileRef, prompt: str | None = None) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().
            prompt: A string.
        """
        return await self.send_validated("set_image", {"image": image}, {"prompt": prompt})

    async def random_image(self) -> Reply:
        """Begin from a random picture."""
        return await self.send_validated("random_image")

    async def reset(self, seed: int | None = None) -> Reply:
        """Begin again.

        Args:
            seed: An integer.
        """
        return await self.send_validated("reset", {}, {"seed": seed})

    def on_action_changed(
        self, handler: Handler[ActionChangedMessage]
    ) -> Handler[ActionChangedMessage]:
        """Call ``handler`` with the data of each ``action_changed`` message."""
        return self.on_type("action_changed", handler)

    def on_controls_released(
        self, handler: Handler[ControlsReleasedMessage]
    ) -> Handler[ControlsReleasedMessage]:
        """Call ``handler`` with the data of each ``controls_released`` message."""
        return self.on_type("controls_released", handler)

    def on_prompt_queued(
        self, handler: Handler[PromptQueuedMessage]
    ) -> Handler[PromptQueuedMessage]:
        """Call ``handler`` with the data of each ``prompt_queued`` message."""
        return self.on_type("prompt_queued", handler)

    def on_image_selected(
        self, handler: Handler[ImageSelectedMessage]
    ) -> Handler[ImageSelectedMessage]:
        """Call ``handler`` with the data of each ``image_selected`` message."""
        return self.on_type("image_selected", handler)

    def on_rollout_reset_queued(
        self, handler: Handler[RolloutResetQueuedMessage]
    ) -> Handler[RolloutResetQueuedMessage]:
        """Call ``handler`` with the data of each ``rollout_reset_queued`` message."""
        return self.on_type("rollout_reset_queued", handler)

    def on_rollout_limit_reached(
        self, handler: Handler[RolloutLimitReachedMessage]
    ) -> Handler[RolloutLimitReachedMessage]:
        """Call ``handler`` with the data of each ``rollout_limit_reached`` message."""
        return self.on_type("rollout_limit_reached", handler)

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
