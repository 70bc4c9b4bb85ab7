"""The official SDK as a scenario plays it: the client inside the ``native`` backend."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import reactor_sdk
from numpy.typing import NDArray

from reactor_env.client.video import parse_metadata
from tests.scenarios.client import OUTPUTS, RefusedError, ScenarioClient, solid

FRAME_S = 1 / 30
_STEP_FAILURES = {
    reactor_sdk.StepRefusedError: "refused",
    reactor_sdk.StepCommandFailedError: "command_failed",
}


class OfficialClient(ScenarioClient):
    """``reactor_sdk.Reactor``."""

    name = "sdk"

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._colour = "red"
        self._lamp: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._reactor = reactor_sdk.Reactor(
            "scenarios",
            local=True,
            api_url=url,
            generation=self._generation,
            auto_resume_tracks=self._auto_resume,
        )
        self._reactor.on("status_changed", self.heard_status)
        self._reactor.on("message", self.heard_message)
        self._reactor.on("runtime_message", self.heard_platform)
        self._reactor.on("error", lambda error: self.heard_error(error.code))
        for track in OUTPUTS:
            self._reactor.track(track).on_frame(partial(self._frame_came, track))

    @property
    def session_id(self) -> str | None:
        return self._reactor.session_id

    async def schema(self) -> dict[str, Any]:
        return await self._reactor.request_schema()

    async def pause(self, track: str) -> None:
        await self._reactor.track(track).pause()

    async def resume(self, track: str) -> None:
        await self._reactor.track(track).resume()

    def show(self, colour: str) -> None:
        self._colour = colour

    async def close(self) -> None:
        if self._lamp is not None:
            self._lamp.cancel()
        await self._reactor.disconnect()
        self._reactor.close()

    async def _connect(self, session_id: str | None) -> None:
        try:
            await self._reactor.connect(session_id=session_id)
        except reactor_sdk.ConflictError:
            raise RefusedError("session in use") from None
        except reactor_sdk.InvalidStateError as error:
            missing = "not the requested" in error.message
            raise RefusedError("no such session" if missing else "connected already") from None

    async def _disconnect(self) -> None:
        await self._reactor.disconnect()

    async def _leave_and_return(self) -> None:
        await self._reactor.reconnect()

    async def _reconnect(self) -> None:
        try:
            await self._reactor.reconnect()
        except (RuntimeError, reactor_sdk.InvalidStateError):
            raise RefusedError("no session") from None
        except reactor_sdk.BadRequestError:
            raise RefusedError("session gone") from None

    async def _send(self, command: str, data: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await self._reactor.send_command(command, data)
        except (RuntimeError, reactor_sdk.InvalidStateError):
            raise RefusedError("not ready") from None
        except reactor_sdk.ReactorError as error:
            raise RefusedError(error.code) from None

    async def _upload(self, data: bytes, name: str, mime_type: str) -> Any:
        try:
            return await self._reactor.upload_file(data, name=name, mime_type=mime_type)
        except reactor_sdk.InvalidStateError:
            raise RefusedError("empty") from None

    async def _publish(self, track: str, colour: str) -> None:
        self._colour = colour
        try:
            await self._reactor.track(track).publish()
        except ValueError:
            raise RefusedError("no such track") from None
        except reactor_sdk.ReactorError as error:
            raise RefusedError({"publish_refused": "taken"}.get(error.code, error.code)) from None
        self._lamp = asyncio.ensure_future(self._shine(track))

    async def _unpublish(self, track: str) -> None:
        if self._lamp is not None:
            self._lamp.cancel()
        self._reactor.track(track).unpublish()

    async def _step(
        self,
        commands: Sequence[tuple[str, dict[str, Any]]],
        camera: Sequence[NDArray[np.uint8]],
    ) -> None:
        wanted = [reactor_sdk.StepCommand(name, data) for name, data in commands]
        media = {"camera": list(camera)} if camera else None
        if media and not self._reactor.track("camera").published:
            await self._reactor.track("camera").publish()
        try:
            result = await self._reactor.step(commands=wanted, media=media)
        except tuple(_STEP_FAILURES) as error:
            words = [_STEP_FAILURES[type(error)], error.entry, error.command_code]
            raise RefusedError(" ".join(filter(None, words))) from None
        for output in result.tracks:
            for frame in output.frames:
                self._saw(output.name, frame.array, frame.metadata or b"")

    async def _shine(self, track: str) -> None:
        while True:
            self._reactor.track(track).push_frame(solid(self._colour))
            await asyncio.sleep(FRAME_S)

    def _frame_came(
        self,
        track: str,
        picture: NDArray[np.uint8],
        frame_id: int,
        timestamp_us: int,
        user_data: bytes,
    ) -> None:
        # On the SDK's media thread.
        self._loop.call_soon_threadsafe(self._saw, track, picture, user_data)

    def _saw(self, track: str, picture: NDArray[np.uint8], user_data: bytes) -> None:
        self.saw(track, parse_metadata(user_data), float(picture.mean()))
