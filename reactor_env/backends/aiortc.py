"""A session through this package's own client, on aiortc."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactor_env.backends.base import FrameSink, LoopSession
from reactor_env.client.errors import ConnectionFailedError, ProtocolError
from reactor_env.client.reactor import Reactor
from reactor_env.client.types import Generation, ReactorStatus
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.session import Backend


class AiortcSession(LoopSession):
    """One session; see :class:`reactor_env.session.Session`.

    Args:
        make_client: Makes the client, not connected yet.
        generation: What the client was made for.
        on_frame: Called on the event loop with every streamed frame, before it is stored.
    """

    backend: Backend = "aiortc"

    def __init__(
        self,
        make_client: Callable[[], Reactor],
        generation: Generation,
        *,
        on_frame: FrameSink | None = None,
    ) -> None:
        super().__init__(generation, on_frame)
        self._make_client = make_client
        self._client: Reactor | None = None
        self._track = ""
        self._steps = 0

    async def _connect(self, timeout_s: float) -> None:
        client = self._make_client()
        client.on("message", self._messages.append)
        client.add_frame_sink(self._frame_received)
        await client.connect()
        capabilities = client.get_capabilities()
        tracks = capabilities.tracks if capabilities is not None else ()
        outputs = [t.name for t in tracks if t.kind == "video" and t.direction == "recvonly"]
        if not outputs:
            await client.disconnect()
            raise ConnectionFailedError(f"{client!r} has no output video track")
        self._track = outputs[0]
        self._client = client
        client.on("status_changed", self._status_changed)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.disconnect()

    async def _send(self, command: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        return await self._connected().send_command(command, data)

    async def _step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        reply = await self._connected().step(commands, timeout_s=timeout_s)
        arrival = time.monotonic_ns()
        frames = reply.tracks.get(self._track, ())
        if not frames:
            raise ProtocolError(f"step {reply.step} gave no frame on track {self._track!r}")
        self._steps += 1
        frame = frames[-1]
        trailer = FrameTrailer(reply.step, frame.capture_time_us or 0, frame.user_data)
        return VideoFrame(frame.array, trailer, arrival, self._steps)

    def _connected(self) -> Reactor:
        assert self._client is not None
        return self._client

    def _status_changed(self, status: ReactorStatus) -> None:
        if status is ReactorStatus.DISCONNECTED and self._client is not None:
            error = self._client.get_last_error()
            self.lose(error.message if error is not None else "it was disconnected")

    def _frame_received(self, track: str, frame: VideoFrame) -> None:
        if track == self._track or not self._track:
            self._store(frame)
