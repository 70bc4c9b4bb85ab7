"""What an environment drives: one live session, by blocking calls.

:class:`Session` is the interface; :mod:`reactor_env.backends` has the implementations.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

from reactor_env.client.errors import ProtocolError
from reactor_env.client.types import FileRef, Generation
from reactor_env.client.uploads import Upload
from reactor_env.client.video import FrameSlot, VideoFrame
from reactor_env.client.wire.messages import Command

if TYPE_CHECKING:
    from reactor_env.backends.inputs import InputVideo

__all__ = [
    "BACKENDS",
    "Backend",
    "Command",
    "NoFrameError",
    "PendingStep",
    "PostedCommand",
    "Session",
]

PendingStep = Callable[[], VideoFrame]
"""Waits for what a step gives, and returns it or raises."""

Backend = Literal["aiortc", "native"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)


class NoFrameError(ProtocolError):
    """A step of a stepped session gave no frame; a model may do so once, for example on a cut."""


class PostedCommand:
    """A command that was sent and whose answer nobody waits for.

    Args:
        future: Becomes the answer, or the error.
        sent_ns: When it was sent, on :func:`time.monotonic_ns`.
    """

    def __init__(self, future: concurrent.futures.Future[Any], sent_ns: int) -> None:
        self._future = future
        self._sent_ns = sent_ns
        self._answered_ns: int | None = None
        future.add_done_callback(self._note_time)

    @property
    def answered(self) -> bool:
        """Whether the answer, or an error, is there."""
        return self._answered_ns is not None

    @property
    def error(self) -> BaseException | None:
        """The error, once answered."""
        return self._future.exception() if self._future.done() else None

    @property
    def ack_ms(self) -> float | None:
        """Milliseconds from sending to an answer without error."""
        if self._answered_ns is None or self.error is not None:
            return None
        return (self._answered_ns - self._sent_ns) / 1e6

    def _note_time(self, _: object) -> None:
        self._answered_ns = time.monotonic_ns()


class Session(Protocol):
    """One live session with one model.

    Every method may raise :class:`~reactor_env.client.errors.SessionLostError` once the session
    broke, and :class:`~reactor_env.client.errors.ReactorTimeoutError` when it takes too long. In a
    forked process :class:`~reactor_env.loop_thread.ForkedProcessError` is raised by all but
    :meth:`close`, which does nothing there.

    Attributes:
        generation: ``"stepped"`` or ``"streamed"``.
        backend: ``"aiortc"`` or ``"native"``.
    """

    generation: Generation
    backend: Backend

    @property
    def frames(self) -> FrameSlot:
        """The newest frames of the main video track; streamed sessions only."""
        ...

    def open(self, timeout_s: float) -> None:
        """Connect and wait until the session is ready."""
        ...

    def close(self) -> None:
        """End the session. Safe to call twice."""
        ...

    def call(
        self, command: str, data: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any] | None:
        """Send a command and wait for its answer, ``{"type", "data"}`` or ``None``."""
        ...

    def post(self, command: str, data: Mapping[str, Any]) -> PostedCommand:
        """Send a command and return at once."""
        ...

    def begin_step(self, commands: Sequence[Command], timeout_s: float) -> PendingStep:
        """Begin one step of a stepped session.

        Returns:
            What waits for the last frame of its main video track, and returns it. The frames of a
            step are numbered like those of a streamed session, so that the frame's ``sequence``
            tells how many the step gave.
        """
        ...

    def upload(self, upload: Upload, timeout_s: float) -> FileRef:
        """Upload a file, to be passed as a command's parameter in this session."""
        ...

    def publish(self, track: str, video: InputVideo, timeout_s: float) -> None:
        """Feed a video to one of the model's input tracks until the session ends."""
        ...

    def lose(self, reason: str) -> None:
        """Treat the session as lost; from any thread. For somebody who knows it sooner."""
        ...

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the model's messages since the last call, oldest first."""
        ...

    def take_received(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the same with their arrivals on :func:`time.monotonic_ns`."""
        ...
