"""This package's client, on either wire, as a scenario plays it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import av
import numpy as np
from aiortc import VideoStreamTrack
from numpy.typing import NDArray

from reactor_env.client import (
    Command,
    CommandRefusedError,
    ConflictError,
    InvalidCommandError,
    MediaInput,
    NotFoundError,
    NotReadyError,
    Reactor,
    ReactorTimeoutError,
    ServiceError,
    StepFailedError,
    VideoFrame,
)
from reactor_env.client.wire.trailer import FrameTrailer
from tests.scenarios.client import OUTPUTS, RefusedError, ScenarioClient, solid


class Lamp(VideoStreamTrack):
    """A video source of one colour, 30 frames a second."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self.colour = colour

    async def recv(self) -> av.VideoFrame:
        frame = av.VideoFrame.from_ndarray(solid(self.colour), format="rgb24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class OurClient(ScenarioClient):
    """``reactor_env.client.Reactor``, but for the wire."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._lamp: Lamp | None = None
        self._reactor: Reactor | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def session_id(self) -> str | None:
        return self._reactor.get_session_id() if self._reactor is not None else None

    async def schema(self) -> dict[str, Any]:
        return await self._client().request_schema()

    async def pause(self, track: str) -> None:
        await self._client().pause_track(track)

    async def resume(self, track: str) -> None:
        await self._client().resume_track(track)

    def show(self, colour: str) -> None:
        assert self._lamp is not None
        self._lamp.colour = colour

    async def close(self) -> None:
        if self._reactor is not None:
            await self._reactor.disconnect()

    async def _connect(self, session_id: str | None) -> None:
        try:
            await self._client().connect(session_id=session_id)
        except ReactorTimeoutError:
            raise RefusedError("timeout") from None
        except NotFoundError:
            raise RefusedError("no such session") from None
        except RuntimeError as error:
            if "needs a disconnected client" not in str(error):
                raise
            raise RefusedError("connected already") from None

    async def _disconnect(self) -> None:
        await self._client().disconnect()

    async def _leave_and_return(self) -> None:
        await self._client().disconnect(recoverable=True)
        await self._client().reconnect()

    async def _reconnect(self) -> None:
        try:
            await self._client().reconnect()
        except ServiceError:
            raise RefusedError("session gone") from None
        except RuntimeError as error:
            if "needs a session that was left" not in str(error):
                raise
            raise RefusedError("no session") from None

    async def _send(self, command: str, data: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await self._client().send_command(command, data)
        except InvalidCommandError:
            raise RefusedError("invalid_command") from None
        except CommandRefusedError as error:
            raise RefusedError(error.code) from None
        except NotReadyError:
            raise RefusedError("not ready") from None
        except ValueError:
            raise RefusedError("too large") from None

    async def _upload(self, data: bytes, name: str, mime_type: str) -> Any:
        try:
            return await self._client().upload_file(data, name=name, mime_type=mime_type)
        except ValueError:
            raise RefusedError("empty") from None

    async def _publish(self, track: str, colour: str) -> None:
        lamp = Lamp(colour)
        try:
            await self._client().publish_track(track, lamp)
        except ConflictError:
            raise RefusedError("taken") from None
        except ValueError:
            raise RefusedError("no such track") from None
        self._lamp = lamp

    async def _unpublish(self, track: str) -> None:
        await self._client().unpublish_track(track)

    async def _step(
        self,
        commands: Sequence[tuple[str, dict[str, Any]]],
        camera: Sequence[NDArray[np.uint8]],
    ) -> None:
        wanted = [Command(name, data) for name, data in commands]
        media = {"camera": MediaInput(camera, 30.0)} if camera else None
        try:
            reply = await self._client().step(wanted, media=media)
        except StepFailedError as error:
            raise RefusedError(
                " ".join(filter(None, [error.failure, error.entry, error.code]))
            ) from None
        for track, frames in reply.tracks.items():
            for raw in frames:
                trailer = FrameTrailer(reply.step, 0, raw.user_data)
                self._saw(track, raw.array, VideoFrame(raw.array, trailer, 0, reply.step))

    def _client(self) -> Reactor:
        if self._reactor is None:
            try:
                self._reactor = self._make()
            except ValueError:
                raise RefusedError("not possible") from None
        return self._reactor

    def _make(self) -> Reactor:
        reactor = Reactor(
            "scenarios",
            local=True,
            api_url=self._url,
            wire="json" if self.name == "json" else "protobuf",
            generation=self._generation,
            auto_resume_tracks=self._auto_resume,
            connect_timeout=self._patience_s,
        )
        reactor.on("status_changed", lambda status: self.heard_status(status.value))
        reactor.on("message", self.heard_message)
        reactor.on("runtime_message", self.heard_platform)
        reactor.on("error", lambda error: self.heard_error(error.code))
        for track in OUTPUTS:
            reactor.set_frame_callback(partial(self._frame_came, track), track=track, metadata=True)
        return reactor

    def _frame_came(self, track: str, picture: NDArray[np.uint8], frame: VideoFrame) -> None:
        # On the callback's own thread.
        self._loop.call_soon_threadsafe(self._saw, track, picture, frame)

    def _saw(self, track: str, picture: NDArray[np.uint8], frame: VideoFrame) -> None:
        self.saw(track, frame.metadata, float(picture.mean()))


class JsonClient(OurClient):
    """Speaks protocol v0."""

    name = "json"


class ProtobufClient(OurClient):
    """Speaks protocol v1."""

    name = "protobuf"
