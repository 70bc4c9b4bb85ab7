"""A session through this package's own client, on aiortc."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactor_env.client.errors import (
    ConnectionFailedError,
    ProtocolError,
    SessionLostError,
)
from reactor_env.client.reactor import Reactor
from reactor_env.client.types import Generation, ReactorStatus
from reactor_env.client.video import FrameSlot, VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.loop_thread import LoopThread
from reactor_env.session import PostedCommand

_CLOSE_TIMEOUT_S = 15.0
_MESSAGES_KEPT = 1000
_LOOP_MARGIN_S = 1.0
"""How much longer a caller waits than the loop does, so that the loop's own error is seen."""


class AiortcSession:
    """One session; see :class:`reactor_env.session.Session`.

    Args:
        make_client: Makes the client, not connected yet.
        generation: What the client was made for.
        on_frame: Called on the event loop with every streamed frame, before it is stored.
    """

    def __init__(
        self,
        make_client: Callable[[], Reactor],
        generation: Generation,
        *,
        on_frame: Callable[[VideoFrame], None] | None = None,
    ) -> None:
        self.generation = generation
        self.frames = FrameSlot()
        self._make_client = make_client
        self._on_frame = on_frame
        self._loop = LoopThread.shared()
        self._pid = os.getpid()
        self._messages: deque[dict[str, Any]] = deque(maxlen=_MESSAGES_KEPT)
        self._client: Reactor | None = None
        self._track = ""
        self._steps = 0

    def open(self, timeout_s: float) -> None:
        """Connect and wait until the session is ready.

        Raises:
            ReactorClientError: If that fails; nothing is left behind then.
        """
        client = self._make_client()
        client.on("message", self._messages.append)
        client.on("status_changed", self._status_changed)
        client.add_frame_sink(self._frame_received)
        self._loop.run(
            client.connect(), timeout_s=timeout_s + _LOOP_MARGIN_S, what="connecting the session"
        )
        self._client = client
        self._loop.close_at_exit(self)
        capabilities = client.get_capabilities()
        tracks = capabilities.tracks if capabilities is not None else ()
        outputs = [t.name for t in tracks if t.kind == "video" and t.direction == "recvonly"]
        if not outputs:
            self.close()
            raise ConnectionFailedError(f"{client!r} has no output video track")
        self._track = outputs[0]

    def close(self) -> None:
        """End the session. Safe to call twice."""
        client, self._client = self._client, None
        if client is None or self._pid != os.getpid():
            return
        self._loop.run(
            client.disconnect(), timeout_s=_CLOSE_TIMEOUT_S, what="disconnecting the session"
        )

    def call(
        self, command: str, data: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any] | None:
        """Send a command and wait for its answer."""
        return self._loop.run(
            self._connected().send_command(command, data),
            timeout_s=timeout_s,
            what=f"the answer to command {command!r}",
        )

    def post(self, command: str, data: Mapping[str, Any]) -> PostedCommand:
        """Send a command and return at once."""
        sent_ns = time.monotonic_ns()
        future = self._loop.start(self._connected().send_command(command, data))
        return PostedCommand(future, sent_ns)

    def step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        """Run one step of a stepped session.

        Raises:
            ProtocolError: If the step gave no frame on the main video track.
        """
        reply = self._loop.run(
            self._connected().step(commands, timeout_s=timeout_s),
            timeout_s=timeout_s + _LOOP_MARGIN_S,
            what="the result of a step",
        )
        arrival = time.monotonic_ns()
        frames = reply.tracks.get(self._track, ())
        if not frames:
            raise ProtocolError(f"step {reply.step} gave no frame on track {self._track!r}")
        self._steps += 1
        frame = frames[-1]
        trailer = FrameTrailer(reply.step, frame.capture_time_us or 0, frame.user_data)
        return VideoFrame(frame.array, trailer, arrival, self._steps)

    def lose(self, reason: str) -> None:
        """Treat the session as lost; from any thread."""
        if self._client is not None:
            self._loop.loop.call_soon_threadsafe(self._client.connection_lost, reason)

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the model's messages since the last call."""
        taken = []
        while self._messages:
            taken.append(self._messages.popleft())
        return taken

    def _connected(self) -> Reactor:
        if self._pid != os.getpid():
            raise SessionLostError(
                "the session was opened before this process was forked; open one in each process"
            )
        if self._client is None:
            raise SessionLostError("the session is not open")
        if self._client.get_status() is not ReactorStatus.READY:
            error = self._client.get_last_error()
            raise SessionLostError(
                f"the session is {self._client.get_status().value}"
                + (f": {error.message}" if error is not None else "")
            )
        return self._client

    def _status_changed(self, status: ReactorStatus) -> None:
        if status is ReactorStatus.DISCONNECTED and self._client is not None:
            error = self._client.get_last_error()
            reason = error.message if error is not None else "it was disconnected"
            self.frames.close(SessionLostError(f"the session was lost: {reason}"))

    def _frame_received(self, track: str, frame: VideoFrame) -> None:
        if track == self._track or not self._track:
            if self._on_frame is not None:
                self._on_frame(frame)
            self.frames.put(frame)
