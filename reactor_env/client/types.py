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
        commands: The model's commands; from its schema where the server leaves them out.
        emission_fps: Frames per second the model emits on its main video track, or ``None``.
        emission_fps_measured: Whether ``emission_fps`` was measured from the frames received so
            far, since the server announced none.
    """

    protocol_version: str
    tracks: tuple[TrackCapability, ...]
    commands: tuple[CommandCapability, ...] = ()
    emission_fps: float | None = None
    emission_fps_measured: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model of a session, as the server knows it; ``version`` where it is told."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class TransportInfo:
    """How a session's media travels, for example ``webrtc`` in version ``1.0``."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The server of a session."""

    server_version: str


@dataclass(frozen=True, slots=True)
class CreateSessionResponse:
    """The server's description of a session that a runtime has taken.

    Attributes:
        session_id: Names the session in every later call.
        selected_transport: How media travels; ``None`` while no runtime has taken the session.
        model: The model.
        capabilities: Tracks and commands.
        state: The session's state, in the server's own word.
        generation: ``"streamed"`` or ``"stepped"`` where the server says which, else ``None``.
        server_info: The server, where it tells.
        cluster: Where the session runs; ``"local"`` on this machine.
    """

    session_id: str
    selected_transport: TransportInfo | None
    model: ModelInfo
    capabilities: Capabilities
    state: str
    generation: Generation | None = None
    server_info: ServerInfo | None = None
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

    The phases follow each other. What is missing to ``total_ms`` is reading the list of ICE servers
    and the model's schema.

    Attributes:
        token_ms: Exchanging the API key for a token; next to nothing without a key.
        session_ms: Creating the session.
        waiting_ms: Waiting until a runtime has taken the session; 0 on a local runtime.
        offer_ms: Gathering candidates and making the offer.
        signaling_ms: Exchanging the offer for the answer.
        ice_ms: From the answer to a working path between the two sides.
        dtls_ms: The DTLS handshake on it.
        channels_ms: Opening the two data channels.
        total_ms: The whole call.
        first_frame_ms: From the call to the arrival of the first video frame; ``None`` before.
    """

    token_ms: float
    session_ms: float
    waiting_ms: float
    offer_ms: float
    signaling_ms: float
    ice_ms: float
    dtls_ms: float
    channels_ms: float
    total_ms: float
    first_frame_ms: float | None = None
