"""A session through this package's own client, on aiortc."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiortc import MediaStreamTrack

from reactor_env.backends.base import FrameSink, LoopSession
from reactor_env.backends.inputs import InputVideo, input_track
from reactor_env.client.errors import (
    ConnectionFailedError,
    ProtocolError,
    ReactorTimeoutError,
    SessionLostError,
)
from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.types import FileRef, Generation, ReactorStatus
from reactor_env.client.uploads import Upload
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.session import Backend, NoFrameError


class AiortcSession(LoopSession):
    """One session; see :class:`reactor_env.session.Session`.

    Args:
        make_client: Makes the client, not connected yet.
        generation: What the client was made for.
        on_frame: Called with every streamed frame before it is stored, on its decoder's thread.
        ask_schema: Ask the model for its schema when the session opens.

    Attributes:
        schema: What the model told, ``None`` before, and where it told nothing.
    """

    backend: Backend = "aiortc"

    def __init__(
        self,
        make_client: Callable[[], Reactor],
        generation: Generation,
        *,
        on_frame: FrameSink | None = None,
        ask_schema: bool = False,
    ) -> None:
        super().__init__(generation, on_frame)
        self._make_client = make_client
        self._client: Reactor | None = None
        self._track = ""
        self._count = 0
        self._ask_schema = ask_schema
        self._inputs: list[MediaStreamTrack] = []
        self.schema: ModelSchema | None = None

    @property
    def client(self) -> Reactor | None:
        """The client under the session, ``None`` while it is not connected."""
        return self._client

    async def _connect(self, timeout_s: float) -> None:
        client = self._make_client()
        client.on("message", self._message_received)
        client.on("runtime_message", self._runtime_message_received)
        client.add_frame_sink(self._frame_received)
        await client.connect()
        capabilities = client.get_capabilities()
        tracks = capabilities.tracks if capabilities is not None else ()
        outputs = [t.name for t in tracks if t.kind == "video" and t.direction == "recvonly"]
        if not outputs:
            await client.disconnect()
            raise ConnectionFailedError(f"{client!r} has no output video track")
        self._track = outputs[0]
        if self._ask_schema:
            with contextlib.suppress(ReactorTimeoutError, ProtocolError):
                self.schema = parse_schema(await client.request_schema())
        self._client = client
        client.on("status_changed", self._status_changed)

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        try:
            if client is not None:
                await client.disconnect()
        finally:
            for source in self._inputs:
                source.stop()

    async def _send(self, command: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        return await self._connected().send_command(command, data)

    async def _step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        reply = await self._connected().step(commands, timeout_s=timeout_s)
        arrival = time.monotonic_ns()
        frames = reply.tracks.get(self._track, ())
        if not frames:
            raise NoFrameError(f"step {reply.step} gave no frame on track {self._track!r}")
        self._count += len(frames)
        frame = frames[-1]
        trailer = FrameTrailer(reply.step, frame.capture_time_us or 0, frame.user_data)
        return VideoFrame(frame.array, trailer, arrival, self._count)

    async def _upload(self, upload: Upload) -> FileRef:
        return await self._connected().upload_file(
            upload.data, name=upload.name, mime_type=upload.mime_type
        )

    async def _publish(self, track: str, video: InputVideo) -> None:
        # Opening a file may take a while, and others share this loop.
        source = await asyncio.to_thread(input_track, video)
        self._inputs.append(source)
        await self._connected().publish_track(track, source)

    def _connected(self) -> Reactor:
        if self._client is None:
            raise SessionLostError("the session was lost: it was disconnected")
        return self._client

    def _status_changed(self, status: ReactorStatus) -> None:
        if status is ReactorStatus.DISCONNECTED and self._client is not None:
            error = self._client.get_last_error()
            self.lose(error.message if error is not None else "it was disconnected")

    def _frame_received(self, track: str, frame: VideoFrame) -> None:
        if track == self._track or not self._track:
            self._store(frame)
