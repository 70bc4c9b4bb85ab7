"""The exceptions the session client raises.

Every one derives from :class:`ReactorClientError`, so that a caller can catch whatever a
session may do. :class:`reactor_env.client.types.ReactorError` is not among them: as in
Reactor's documentation it is the payload of the ``error`` event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ReactorClientError(RuntimeError):
    """Base class of everything the client raises while talking to a session.

    All can be pickled, so that they come back from other processes as they are.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what it is made of again: the text, not the arguments of its constructor."""
        return _again, (type(self), self.args, vars(self))


def _again(
    kind: type[ReactorClientError], args: tuple[Any, ...], attributes: Mapping[str, Any]
) -> ReactorClientError:
    laid_out_as: Any = kind
    while laid_out_as.__module__ != "builtins":  # what __new__ is taken from; not by the MRO
        laid_out_as = laid_out_as.__base__
    error: ReactorClientError = laid_out_as.__new__(kind)
    error.args = args
    vars(error).update(attributes)
    return error


class ProtocolError(ReactorClientError):
    """The other side sent something the protocol does not allow."""


class ConnectionFailedError(ReactorClientError):
    """No session or no WebRTC connection could be opened."""


class ServiceError(ConnectionFailedError):
    """The server answered a call with an HTTP error status.

    Attributes:
        status: The HTTP status.
        retry_after: Seconds the server asked to wait, or ``None``.
        recoverable: Whether the same call may succeed later.
    """

    recoverable = True

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


class AuthenticationError(ServiceError):
    """The key or token is not accepted, or not for this session (HTTP 401, 403)."""

    recoverable = False


class OutOfCreditsError(ServiceError):
    """The account has no credits left (HTTP 402)."""

    recoverable = False


class NotFoundError(ServiceError):
    """There is no such model or session, or no access to it (HTTP 404, 410)."""

    recoverable = False


class InvalidRequestError(ServiceError):
    """The server does not accept the request as it is (HTTP 400, 422)."""

    recoverable = False


class RateLimitedError(ServiceError):
    """A quota is used up, or there is no capacity (HTTP 429).

    Attributes:
        quota_type: Which quota, for example ``concurrent_sessions``; ``""`` where it is not said.
    """

    def __init__(
        self, message: str, status: int, retry_after: float | None = None, quota_type: str = ""
    ) -> None:
        super().__init__(message, status, retry_after)
        self.quota_type = quota_type


class VersionMismatchError(ServiceError):
    """Client and server speak different versions of the API (HTTP 426, 501).

    Attributes:
        code: ``CLIENT_VERSION_TOO_OLD`` or ``SERVER_VERSION_TOO_OLD``.
    """

    recoverable = False

    @property
    def code(self) -> str:
        """Which side is too old."""
        return "CLIENT_VERSION_TOO_OLD" if self.status == 426 else "SERVER_VERSION_TOO_OLD"


class ConflictError(ReactorClientError):
    """What was asked for is taken: a track somebody publishes already, a session in use."""


class SessionConflictError(ServiceError, ConflictError):
    """The server refuses a call in the state the session is in (HTTP 409)."""


class SessionLostError(ReactorClientError):
    """The session ended, or its connection broke, while it was in use."""


class NotReadyError(ReactorClientError):
    """A call that needs a READY session was made without one."""


class ReactorTimeoutError(ReactorClientError, TimeoutError):
    """Something that was waited for did not happen in time; the text says what."""


class CommandRefusedError(ReactorClientError):
    """The model answered a command with an error.

    Attributes:
        command: The command's name.
        code: The model's own error code, or the runtime's (``invalid_command``,
            ``unresolved_upload``, ``internal_error``).
        reason: The text that came with it.
    """

    def __init__(self, command: str, code: str, reason: str) -> None:
        super().__init__(f"the model refused command {command!r}: {reason} [{code}]")
        self.command = command
        self.code = code
        self.reason = reason


class StepFailedError(ReactorClientError):
    """A requested step did not run, or ran and failed.

    Attributes:
        failure: What kind of failure: ``refused``, ``not_ready``, ``failed``,
            ``result_too_large``, ``command_failed`` or ``session_ended``.
        reason: The model's or the runtime's text.
        code: The refusing handler's own code, where there is one.
        entry: Which part of the request failed, for example ``commands[0]``.
    """

    def __init__(
        self, failure: str, reason: str, *, code: str | None = None, entry: str | None = None
    ) -> None:
        where = f" at {entry}" if entry else ""
        tag = f" [{code}]" if code else ""
        super().__init__(f"step {failure}{where}: {reason}{tag}")
        self.failure = failure
        self.reason = reason
        self.code = code
        self.entry = entry


class GenerationModeError(ReactorClientError):
    """The model does not support the way of generating that was asked for."""
