# Written by scripts/generate_models.py from schemas/happy_oyster_director.toml. Do not edit.
"""A typed client of the model ``reactor/happy-oyster-director``."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

WorldStatePhase = Literal["no_world", "creating", "building", "ready", "traveling", "failed"]

_SCHEMA = published(
    "reactor/happy-oyster-director",
    TrackSchema("status_video", "video", "recvonly"),
    command(
        "create_world",
        FieldSchema("prompt", "string", required=True, max_length=2000),
        FieldSchema(
            "perspective",
            "string",
            required=False,
            default="third_person",
            choices=("first_person", "third_person"),
        ),
        FieldSchema("first_frame_image", "upload", required=False),
        FieldSchema("first_frame_image_url", "string", required=False),
    ),
    command("attach_world", FieldSchema("encrypted_world_id", "string", required=True)),
    command("get_credentials"),
    command("end_travel", FieldSchema("encrypted_travel_id", "string", required=True)),
    command("get_state"),
)


class TravelCredentialsMessage(TypedDict):
    """The data of a ``travel_credentials`` message."""

    encrypted_world_id: str
    token: str
    ticket: str
    api_base_url: str
    expires_in: float
    mock: bool


class TravelEndedMessage(TypedDict):
    """The data of a ``travel_ended`` message."""


class WorldStateMessage(TypedDict):
    """The data of a ``world_state`` message."""

    phase: WorldStatePhase
    mode: float
    prompt: str | None
    first_frame: Any
    encrypted_world_id: str | None
    world_status: Any
    backend: Any
    api_base_url: str | None


class TravelStateMessage(TypedDict):
    """The data of a ``travel_state`` message."""


class ActionErrorMessage(TypedDict):
    """An action failed."""

    action: str
    code: Any
    message: str


class HappyOysterDirectorModel(ReactorModel):
    """The model ``reactor/happy-oyster-director``.

    A persistent world to direct by instructions. This session makes worlds and hands out the
    tickets to travel in them; video and controls of a travel, of three minutes at most, go between
    the vendor's own web client and the vendor.

    Tracks:
        status_video: video from the model.
    """

    MODEL_NAME = "reactor/happy-oyster-director"
    SCHEMA = _SCHEMA

    async def create_world(
        self,
        *,
        prompt: str,
        perspective: Literal["first_person", "third_person"] = "third_person",
        first_frame_image: FileRef | None = None,
        first_frame_image_url: str | None = None,
    ) -> Reply:
        """Make a world.

        Args:
            prompt: A string of at most 2000 characters.
            perspective: One of 'first_person', 'third_person'.
            first_frame_image: At most 2 MB, 1.5 to 2 times as wide as high; or give
                first_frame_image_url. A FileRef from upload_file().
            first_frame_image_url: A string.
        """
        return await self.send_validated(
            "create_world",
            {"prompt": prompt, "perspective": perspective},
            {
                "first_frame_image": first_frame_image,
                "first_frame_image_url": first_frame_image_url,
            },
        )

    async def attach_world(self, encrypted_world_id: str) -> Reply:
        """Take up a world made earlier.

        Args:
            encrypted_world_id: A string.
        """
        return await self.send_validated("attach_world", {"encrypted_world_id": encrypted_world_id})

    async def get_credentials(self) -> Reply:
        """Ask for a ticket to travel in the world; it is good for one travel and 30 minutes.

        Returns:
            The reply, of type ``travel_credentials``.
        """
        return await self.send_validated("get_credentials")

    async def end_travel(self, encrypted_travel_id: str) -> Reply:
        """End a travel.

        Args:
            encrypted_travel_id: A string.

        Returns:
            The reply, of type ``travel_ended``.
        """
        return await self.send_validated("end_travel", {"encrypted_travel_id": encrypted_travel_id})

    async def get_state_(self) -> Reply:
        """Ask how the world stands.

        Returns:
            The reply, of type ``world_state``.
        """
        return await self.send_validated("get_state")

    def on_travel_credentials(
        self, handler: Handler[TravelCredentialsMessage]
    ) -> Handler[TravelCredentialsMessage]:
        """Call ``handler`` with the data of each ``travel_credentials`` message."""
        return self.on_type("travel_credentials", handler)

    def on_travel_ended(self, handler: Handler[TravelEndedMessage]) -> Handler[TravelEndedMessage]:
        """Call ``handler`` with the data of each ``travel_ended`` message."""
        return self.on_type("travel_ended", handler)

    def on_world_state(self, handler: Handler[WorldStateMessage]) -> Handler[WorldStateMessage]:
        """Call ``handler`` with the data of each ``world_state`` message."""
        return self.on_type("world_state", handler)

    def on_travel_state(self, handler: Handler[TravelStateMessage]) -> Handler[TravelStateMessage]:
        """Call ``handler`` with the data of each ``travel_state`` message."""
        return self.on_type("travel_state", handler)

    def on_action_error(self, handler: Handler[ActionErrorMessage]) -> Handler[ActionErrorMessage]:
        """Call ``handler`` with the data of each ``action_error`` message."""
        return self.on_type("action_error", handler)
