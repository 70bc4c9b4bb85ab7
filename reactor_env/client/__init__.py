"""The Reactor session client. Knows nothing of Gymnasium or torch.

Example:
    >>> from reactor_env.client import Reactor
    >>> reactor = Reactor("catch", local=True)
    >>> reactor.get_status()
    <ReactorStatus.DISCONNECTED: 'disconnected'>
"""

from reactor_env.client.coordinator.tokens import fetch_jwt_token
from reactor_env.client.errors import (
    AuthenticationError,
    CommandRefusedError,
    ConflictError,
    ConnectionFailedError,
    GenerationModeError,
    InvalidRequestError,
    NotFoundError,
    NotReadyError,
    OutOfCreditsError,
    ProtocolError,
    RateLimitedError,
    ReactorClientError,
    ReactorTimeoutError,
    ServiceError,
    SessionConflictError,
    SessionLostError,
    StepFailedError,
    VersionMismatchError,
)
from reactor_env.client.reactor import Reactor
from reactor_env.client.recording import Clip, ClipProgress, RecordingError
from reactor_env.client.stats_types import ConnectionStats
from reactor_env.client.types import (
    Capabilities,
    CommandCapability,
    ConnectionTimings,
    CreateSessionResponse,
    FileRef,
    ModelInfo,
    ReactorError,
    ReactorState,
    ReactorStatus,
    ServerInfo,
    TrackCapability,
    TransportInfo,
)
from reactor_env.client.validation import InvalidCommandError
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command, MediaInput, StepFrame, StepReply

__all__ = [
    "AuthenticationError",
    "Capabilities",
    "Clip",
    "ClipProgress",
    "Command",
    "CommandCapability",
    "CommandRefusedError",
    "ConflictError",
    "ConnectionFailedError",
    "ConnectionStats",
    "ConnectionTimings",
    "CreateSessionResponse",
    "FileRef",
    "GenerationModeError",
    "InvalidCommandError",
    "InvalidRequestError",
    "MediaInput",
    "ModelInfo",
    "NotFoundError",
    "NotReadyError",
    "OutOfCreditsError",
    "ProtocolError",
    "RateLimitedError",
    "Reactor",
    "ReactorClientError",
    "ReactorError",
    "ReactorState",
    "ReactorStatus",
    "ReactorTimeoutError",
    "RecordingError",
    "ServerInfo",
    "ServiceError",
    "SessionConflictError",
    "SessionLostError",
    "StepFailedError",
    "StepFrame",
    "StepReply",
    "TrackCapability",
    "TransportInfo",
    "VersionMismatchError",
    "VideoFrame",
    "fetch_jwt_token",
]
