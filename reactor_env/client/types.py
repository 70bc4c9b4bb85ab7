"""The values the session client hands out: states, errors, capabilities, session answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

Generation = Literal["streamed", "stepped"]
WireName = Literal["protobuf", "json"]
ReactorEvent = Literal[
    "status_changed",
    "session_id_changed",
    "message",
    "runtime_message",
    "track_received",
    "error",
    "session_expiration_changed",
    "capabilities_received",
]


class ReactorStatus(Enum):
    """Where a :class:`~reactor_env.client.Reactor` stands."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    WAITING = "waiting"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class ReactorError:
    """The payload of the ``error`` event.

    Attributes:
        code: A word to branch on, for example ``CONNECTION_FAILED``.
        message: What happened, for a person.
        recoverable: Whether trying again may help.
        component: ``"api"`` for HTTP, ``"gpu"`` for the connection to the model.
        retry_after: Seconds the server asked to wait, where it did.
        timestamp: Seconds since the epoch.
    """

    code: str
    message: str
    recoverable: bool = True
    component: Literal["api", "gpu"] = "gpu"
    retry_after: float | None = None
    timestamp: float = field(default_factory=time.time)

    def __str__(self) -> str:
        """Return ``[component:code] message``."""
        return f"[{self.component}:{self.code}] {self.message}"


@dataclass(frozen=True, slots=True)
class ReactorState:
    """Status and last error, together."""

    status: ReactorStatus
    last_error: ReactorError | None


@dataclass(frozen=True, slots=True)
class TrackCapability:
    """One media track of a model.

    Attributes:
        name: The track's name.
        kind: ``"video"`` or ``"audio"``.
        direction: From the client's side: ``"recvonly"`` is the model's output,
            ``"sendonly"`` its input.
    """

    name: str
    kind: Literal["video", "audio"]
    direction: Literal["recvonly", "sendonly"]


@dataclass(frozen=True, slots=True)
class CommandCapability:
    """One command of a model: its name, its purpose, its JSON schema where known."""

    name: str
    description: str = ""
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a session offers.

    Attributes:
        protocol_version: As the server words it.
        tracks: The model's media tracks.
        commands: The model's commands; a local runtime leaves them to the schema.
        emission_fps: Frames per second the server announced, or ``None``.
    """

    protocol_version: str
    tracks: tuple[TrackCapability, ...]
    commands: tuple[CommandCapability, ...] = ()
    emission_fps: float | None = None


@dataclass(frozen=True, slots=True)
class CreateSessionResponse:
    """The server's answer to the creation of a session.

    Attributes:
        session_id: Names the session in every later call.
        model: The model's name as the server knows it.
        state: The session's state, in the server's own word.
        capabilities: Tracks and commands.
        generation: ``"streamed"`` or ``"stepped"`` where the server says which, else ``None``.
        server_version: The runtime's version where it is told.
        cluster: Where the session runs; ``"local"`` on this machine.
    """

    session_id: str
    model: str
    state: str
    capabilities: Capabilities
    generation: Generation | None = None
    server_version: str | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class FileRef:
    """An uploaded file, made by ``upload_file()`` and passed as a command's parameter.

    Attributes:
        upload_id: Names the upload in its session.
        name: The file's name.
        mime_type: Its media type.
        size: Bytes.
    """

    upload_id: str
    name: str
    mime_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ConnectionTimings:
    """How long each phase of ``connect()`` took, in milliseconds.

    Attributes:
        session_ms: Creating the session.
        signaling_ms: Exchanging offer and answer.
        transport_ms: ICE, DTLS and both data channels.
        total_ms: The whole call.
    """

    session_ms: float
    signaling_ms: float
    transport_ms: float
    total_ms: float
