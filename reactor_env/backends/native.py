"""A session through the official ``reactor-sdk``, on native libwebrtc.

It moves the raw frames of stepped sessions several times faster than SCTP in Python does
(``benchmarks/reports/stepped.md``). Needs ``pip install "reactor-env[native]"``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import reactor_sdk
from numpy.typing import NDArray

from reactor_env.backends.base import FrameSink, LoopSession
from reactor_env.client.errors import (
    CommandRefusedError,
    ConnectionFailedError,
    GenerationModeError,
    ProtocolError,
    ReactorTimeoutError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.types import FileRef, Generation
from reactor_env.client.uploads import Upload
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.session import Backend, NoFrameError

_RETRY_S = 0.1
_STEP_FAILURES: dict[type[reactor_sdk.ReactorError], str] = {
    reactor_sdk.StepRefusedError: "refused",
    reactor_sdk.StepNotReadyError: "not_ready",
    reactor_sdk.StepCommandFailedError: "command_failed",
    reactor_sdk.StepResultTooLargeError: "result_too_large",
    reactor_sdk.StepSessionEndedError: "session_ended",
}
_LOSSES = (
    reactor_sdk.DisconnectedError,
    reactor_sdk.InvalidStateError,  # of a session that the server ended: its channel is closed
    reactor_sdk.SessionTerminalError,
    reactor_sdk.TransportError,
)


class NativeSession(LoopSession):
    """One session with a local runtime; see :class:`reactor_env.session.Session`.

    Args:
        name: The model's name.
        url: Where the runtime listens.
        generation: ``"stepped"`` or ``"streamed"``.
        on_frame: Called on the SDK's media thread with every streamed frame, before it is stored.
    """

    backend: Backend = "native"

    def __init__(
        self, name: str, url: str, generation: Generation, *, on_frame: FrameSink | None = None
    ) -> None:
        super().__init__(generation, on_frame)
        self._name = name
        self._url = url
        self._client: reactor_sdk.Reactor | None = None
        self._track = ""
        self._count = 0

    async def _connect(self, timeout_s: float) -> None:
        client = reactor_sdk.Reactor(
            self._name, local=True, api_url=self._url, generation=self.generation
        )
        client.on("message", self._message_received)
        client.on("runtime_message", self._runtime_message_received)
        try:
            async with asyncio.timeout(timeout_s):
                await self._connect_when_free(client)
            outputs = client.tracks.with_direction("recvonly").with_kind("video")
            if not outputs:
                raise ConnectionFailedError(f"{self._name} has no output video track")
        except BaseException as error:
            client.close()
            raise self._connect_error(error) from error
        self._track = outputs[0].name
        if self.generation == "streamed":
            outputs[0].on_frame(self._frame_received)
        self._client = client
        client.on("status_changed", self._status_changed)

    async def _connect_when_free(self, client: reactor_sdk.Reactor) -> None:
        while True:
            try:
                return await client.connect()
            except reactor_sdk.ConflictError:
                # The last session may still be closing.
                await asyncio.sleep(_RETRY_S)

    def _connect_error(self, error: BaseException) -> BaseException:
        if isinstance(error, reactor_sdk.GenerationModeMismatchError) or (
            isinstance(error, reactor_sdk.BadRequestError) and self.generation == "stepped"
        ):
            return GenerationModeError(
                f"the model at {self._url} refuses stepped sessions: {error}"
            )
        if isinstance(error, TimeoutError):
            return ReactorTimeoutError(f"the runtime at {self._url} was not ready in time")
        if isinstance(error, reactor_sdk.ReactorError):
            return ConnectionFailedError(f"no session with {self._url}: {error}")
        return error

    async def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            await client.disconnect()
        except reactor_sdk.ReactorError:
            pass  # the other side is gone already
        finally:
            client.close()

    def _abandon(self) -> None:
        super()._abandon()
        client, self._client = self._client, None
        if client is not None:
            # SDK 1.13 destroys the handles of all clients at exit, joins the threads that a forked
            # process does not have, and aborts it.
            client._handle = None

    async def _send(self, command: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return await self._connected().send_command(command, _for_sdk(data))
        except _LOSSES as error:
            raise SessionLostError(f"the session was lost: {error}") from error
        except reactor_sdk.RequestTimeoutError as error:
            raise ReactorTimeoutError(str(error)) from error
        except reactor_sdk.ReactorError as error:
            raise CommandRefusedError(command, error.code, error.message) from error

    async def _step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        wanted = [reactor_sdk.StepCommand(c.name, _for_sdk(c.data)) for c in commands]
        try:
            async with asyncio.timeout(timeout_s):
                result = await self._connected().step(commands=wanted)
        except TimeoutError:
            raise ReactorTimeoutError(
                f"the result of a step did not come within {timeout_s:g} s"
            ) from None
        except tuple(_STEP_FAILURES) as error:
            raise StepFailedError(
                _STEP_FAILURES[type(error)],
                error.message,
                code=error.command_code,
                entry=error.entry,
            ) from error
        except _LOSSES as error:
            raise SessionLostError(f"the session was lost: {error}") from error
        except reactor_sdk.ReactorError as error:
            raise ProtocolError(f"a step failed: {error}") from error
        arrival = time.monotonic_ns()
        if result.error is not None:
            raise StepFailedError("failed", result.error)
        frames = next((out.frames for out in result.tracks if out.name == self._track), ())
        if not frames:
            raise NoFrameError(f"step {result.step} gave no frame on track {self._track!r}")
        self._count += len(frames)
        frame = frames[-1]
        trailer = FrameTrailer(result.step, frame.capture_time_us or 0, frame.metadata or b"")
        return VideoFrame(frame.array, trailer, arrival, self._count)

    async def _upload(self, upload: Upload) -> FileRef:
        try:
            ref = await self._connected().upload_file(
                upload.data, name=upload.name, mime_type=upload.mime_type
            )
        except _LOSSES as error:
            raise SessionLostError(f"the session was lost: {error}") from error
        except reactor_sdk.ReactorError as error:
            raise ConnectionFailedError(f"{upload.name!r} was not uploaded: {error}") from error
        return FileRef(ref.upload_id, ref.name, ref.mime_type, ref.size)

    def _connected(self) -> reactor_sdk.Reactor:
        assert self._client is not None
        return self._client

    def _status_changed(self, status: str) -> None:
        if status == reactor_sdk.ReactorStatus.DISCONNECTED and self._client is not None:
            self.lose("it was disconnected")

    def _frame_received(
        self, frame: NDArray[np.uint8], frame_id: int, timestamp_us: int, user_data: bytes
    ) -> None:
        self._count += 1
        trailer = FrameTrailer(frame_id, timestamp_us, user_data) if timestamp_us else None
        self._store(VideoFrame(frame, trailer, time.monotonic_ns(), self._count))


def _for_sdk(value: Any) -> Any:
    """Return a command's parameters with the SDK's own type of upload."""
    if isinstance(value, FileRef):
        return reactor_sdk.FileRef(value.upload_id, value.name, value.mime_type, value.size)
    if isinstance(value, Mapping):
        return {name: _for_sdk(part) for name, part in value.items()}
    return [_for_sdk(part) for part in value] if isinstance(value, list | tuple) else value
