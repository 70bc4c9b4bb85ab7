"""What all backends share: blocking calls into a client on the loop thread, frames, messages."""

from __future__ import annotations

import asyncio
import os
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from reactor_env.backends.inputs import InputVideo
from reactor_env.client.errors import NotReadyError, SessionLostError
from reactor_env.client.types import FileRef, Generation
from reactor_env.client.uploads import Upload
from reactor_env.client.video import FrameSlot, VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.loop_thread import LoopThread
from reactor_env.session import Backend, PendingStep, PostedCommand

T = TypeVar("T")
FrameSink = Callable[[VideoFrame], None]

_CLOSE_TIMEOUT_S = 15.0
_MESSAGES_KEPT = 1000
_LOOP_MARGIN_S = 1.0
"""How much longer a caller waits than the loop does, so that the loop's own error is seen."""


class LoopSession(ABC):
    """A :class:`reactor_env.session.Session` around an asynchronous client.

    Args:
        generation: ``"stepped"`` or ``"streamed"``.
        on_frame: Called with every streamed frame before it is stored; must be quick.
    """

    backend: Backend

    def __init__(self, generation: Generation, on_frame: FrameSink | None) -> None:
        self.generation: Generation = generation
        self._frames = FrameSlot()
        self._on_frame = on_frame
        self._loop = LoopThread.shared()
        self._messages: deque[tuple[int, dict[str, Any]]] = deque(maxlen=_MESSAGES_KEPT)
        self._opened = False
        self._at_work: set[asyncio.Task[Any]] = set()
        self._lost = ""

    @property
    def frames(self) -> FrameSlot:
        """The newest frames of the main video track.

        Raises:
            ForkedProcessError: In a forked process, where none would ever come.
        """
        self._loop.check_process()
        return self._frames

    def open(self, timeout_s: float) -> None:
        """Connect and wait until the session is ready.

        Raises:
            ReactorClientError: If that fails; nothing is left behind then.
        """
        self._loop.run(
            self._connect(timeout_s),
            timeout_s=timeout_s + _LOOP_MARGIN_S,
            what="connecting the session",
        )
        self._opened = True
        self._loop.close_at_exit(self)
        _opened_here.add(self)

    def close(self) -> None:
        """End the session. Safe to call twice."""
        if not self._opened:
            return
        self._opened = False
        _opened_here.discard(self)
        self._loop.run(
            self._disconnect(), timeout_s=_CLOSE_TIMEOUT_S, what="disconnecting the session"
        )

    def call(
        self, command: str, data: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any] | None:
        """Send a command and wait for its answer."""
        self._check_usable()
        return self._loop.run(
            self._unless_lost(self._send(command, data)),
            timeout_s=timeout_s,
            what=f"the answer to command {command!r}",
        )

    def post(self, command: str, data: Mapping[str, Any]) -> PostedCommand:
        """Send a command and return at once."""
        self._check_usable()
        sent_ns = time.monotonic_ns()
        future = self._loop.start(self._unless_lost(self._send(command, data)))
        return PostedCommand(future, sent_ns)

    def begin_step(self, commands: Sequence[Command], timeout_s: float) -> PendingStep:
        """Begin one step of a stepped session.

        Returns:
            What waits for its last frame, and returns it; it raises :class:`~.StepFailedError` if
            the step was refused or failed, and :class:`~.NoFrameError` if it gave no frame on the
            main video track.
        """
        self._check_usable()
        return self._loop.run_ahead(
            self._unless_lost(self._step(commands, timeout_s)),
            timeout_s=timeout_s + _LOOP_MARGIN_S,
            what="the result of a step",
        )

    def upload(self, upload: Upload, timeout_s: float) -> FileRef:
        """Upload a file, to be passed as a command's parameter in this session."""
        self._check_usable()
        return self._loop.run(
            self._unless_lost(self._upload(upload)),
            timeout_s=timeout_s,
            what=f"the upload of {upload.name!r}",
        )

    def publish(self, track: str, video: InputVideo, timeout_s: float) -> None:
        """Feed a video to one of the model's input tracks until the session ends.

        Raises:
            ValueError: If the model has no such track, this backend feeds none, or the video is
                none.
            OSError: If it cannot be read.
        """
        self._check_usable()
        self._loop.run(
            self._unless_lost(self._publish(track, video)),
            timeout_s=timeout_s,
            what=f"publishing track {track!r}",
        )

    def lose(self, reason: str) -> None:
        """Treat the session as lost; from any thread."""
        self._lost = self._lost or reason
        self._frames.close(SessionLostError(f"the session was lost: {self._lost}"))
        self._loop.loop.call_soon_threadsafe(self._stop_work)

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the model's messages since the last call."""
        return [message for _, message in self.take_received()]

    def take_received(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the model's messages since the last call, with their arrivals."""
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    @abstractmethod
    async def _connect(self, timeout_s: float) -> None:
        """Open the session, or leave nothing behind."""

    @abstractmethod
    async def _disconnect(self) -> None:
        """End the session."""

    @abstractmethod
    async def _send(self, command: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        """Send a command and return its answer."""

    @abstractmethod
    async def _step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        """Run one step."""

    @abstractmethod
    async def _upload(self, upload: Upload) -> FileRef:
        """Upload a file."""

    async def _publish(self, track: str, video: InputVideo) -> None:
        raise ValueError(f'inputs need `backend="aiortc"`, got {self.backend!r}')

    def _message_received(self, message: dict[str, Any]) -> None:
        self._messages.append((time.monotonic_ns(), message))

    def _runtime_message_received(self, message: Mapping[str, Any]) -> None:
        """Keep what moderation says among the messages; when it ends the session, say so."""
        if message.get("type") != "moderation":
            return
        self._message_received(dict(message))
        data = message.get("data") or {}
        if data.get("action") == "terminate":
            self.lose(f"moderation ended it: {data.get('message') or data.get('categories')}")

    def _store(self, frame: VideoFrame) -> None:
        if self._on_frame is not None:
            self._on_frame(frame)
        self._frames.put(frame)

    def _abandon(self) -> None:
        """Leave the session to the parent: called in a forked child."""
        self._opened = False

    def _check_usable(self) -> None:
        self._loop.check_process()
        if self._lost or not self._opened:
            raise SessionLostError(f"the session was lost: {self._lost or 'it is not open'}")

    async def _unless_lost(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work``, but no longer than the session lives."""
        if self._lost:
            work.close()
            raise SessionLostError(f"the session was lost: {self._lost}")
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        try:
            return await work
        except NotReadyError as error:
            # The client knows that its connection is gone before it tells.
            raise SessionLostError(f"the session was lost: {error}") from error
        except asyncio.CancelledError:
            if not self._lost:
                raise
            task.uncancel()
            raise SessionLostError(f"the session was lost: {self._lost}") from None
        finally:
            self._at_work.discard(task)

    def _stop_work(self) -> None:
        for task in tuple(self._at_work):
            task.cancel()


_opened_here: weakref.WeakSet[LoopSession] = weakref.WeakSet()


def _abandon_all() -> None:
    for session in tuple(_opened_here):
        session._abandon()
    _opened_here.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
