"""The Reactor session client. Knows nothing of Gymnasium or torch.

Example:
    >>> from reactor_env.client import Reactor
    >>> reactor = Reactor("catch", local=True)
    >>> reactor.get_status()
    <ReactorStatus.DISCONNECTED: 'disconnected'>
"""

from reactor_env.client.errors import (
    CommandRefusedError,
    ConnectionFailedError,
    GenerationModeError,
    NotReadyError,
    ProtocolError,
    ReactorClientError,
    ReactorTimeoutError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.reactor import Reactor
from reactor_env.client.types import (
    Capabilities,
    CommandCapability,
    ConnectionTimings,
    CreateSessionResponse,
    ReactorError,
    ReactorState,
    ReactorStatus,
    TrackCapability,
)
from reactor_env.client.wire.messages import Command, StepFrame, StepReply

__all__ = [
    "Capabilities",
    "Command",
    "CommandCapability",
    "CommandRefusedError",
    "ConnectionFailedError",
    "ConnectionTimings",
    "CreateSessionResponse",
    "GenerationModeError",
    "NotReadyError",
    "ProtocolError",
    "Reactor",
    "ReactorClientError",
    "ReactorError",
    "ReactorState",
    "ReactorStatus",
    "ReactorTimeoutError",
    "SessionLostError",
    "StepFailedError",
    "StepFrame",
    "StepReply",
    "TrackCapability",
]
