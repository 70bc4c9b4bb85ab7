"""A ``reactor-runtime`` process, which serves one session at a time. Source: ``platform.md`` B4."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx

from reactor_env.client.coordinator.api import LOCAL_AUTHORIZATION, Api, server_words
from reactor_env.client.coordinator.base import VERSION_HEADERS, Coordinator
from reactor_env.client.coordinator.parsing import parse_session
from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    NotFoundError,
)
from reactor_env.client.types import CreateSessionResponse, Generation

LOCAL_URL = "http://localhost:8080"
LOCAL_SESSION_ID = "00000000-0000-0000-0000-000000000000"
"""The id under which a local runtime serves the signalling and uploads of its one session."""

_RUNNING = ("waiting", "streaming", "orphaned")
_POLL_S = 0.2


class LocalCoordinator(Coordinator):
    """One local runtime.

    Args:
        base_url: Where it listens, for example ``http://127.0.0.1:8080``.
        generation: ``"streamed"`` or ``"stepped"``.
        session_id: Join the session that runs there instead of starting one; it is left running.
    """

    def __init__(
        self,
        base_url: str = LOCAL_URL,
        generation: Generation = "streamed",
        session_id: str | None = None,
    ) -> None:
        headers = {"Authorization": LOCAL_AUTHORIZATION, **VERSION_HEADERS}
        # A proxy set for the outside world must not be asked for a local address.
        super().__init__(Api(base_url, "runtime", headers=headers, trust_env=False))
        self._generation: Generation = generation
        self._joins = session_id
        self._described: CreateSessionResponse | None = None
        self._running = False

    @property
    def transport_id(self) -> str:
        """The constant id of a local session."""
        return LOCAL_SESSION_ID

    async def create(self) -> str:
        """Start a session, waiting while the model loads or the last session still closes.

        Raises:
            GenerationModeError: If the model cannot generate that way.
            NotFoundError: If there is no session to join.
            ConnectionFailedError: If nothing answers, or the answer is an error.
        """
        response = await (self._join() if self._joins is not None else self._start())
        described = parse_session(self.api.object("start a session", response))
        if self._generation == "stepped" and described.generation != "stepped":
            raise GenerationModeError(
                f"the runtime at {self.api.base_url} gave no stepped session (it says "
                f"{described.generation!r}); reactor-runtime 3.10 and newer can"
            )
        if described.generation == "stepped" and self._generation != "stepped":
            raise GenerationModeError(
                f"the session at {self.api.base_url} is stepped and streams nothing; join it with "
                'generation="stepped"'
            )
        self._described = described
        return described.session_id

    async def assigned(self) -> CreateSessionResponse:
        """Describe the session; a local one needs no waiting."""
        assert self._described is not None
        return self._described

    async def end(self) -> None:
        """End the session. Nothing happens when none was started here or nobody answers."""
        await self._settled()
        running, self._running = self._running, False
        if running and self._joins is None:
            with contextlib.suppress(ConnectionFailedError):
                await self.api.request("end the session", "POST", "/stop_session")

    async def schema(self) -> dict[str, Any] | None:
        """Return the model's OpenAPI 3.1 document.

        Raises:
            ConnectionFailedError: If nothing answers, or the answer is an error.
        """
        what = "read the schema"
        return self.api.object(what, await self.api.request(what, "GET", "/schema"))

    def _upload_url(self, url: str) -> httpx.URL:
        # A runtime names its own address, which it does not always know as others see it.
        return httpx.URL(self.api.base_url).join(httpx.URL(url).raw_path.decode())

    async def _start(self) -> httpx.Response:
        self.waiting_for = "a free session"
        while True:
            response = await self._to_the_end(self._post_start())
            if response.status_code == 200:
                return response
            if response.status_code == 400 and self._generation == "stepped":
                raise GenerationModeError(
                    f"the model at {self.api.base_url} refuses stepped sessions: "
                    f"{server_words(response)}"
                )
            if response.status_code not in (409, 503):
                raise self.api.refused("start a session", response)
            self.waiting_for = f"a free session; the runtime says: {server_words(response)}"
            await asyncio.sleep(_POLL_S)

    async def _post_start(self) -> httpx.Response:
        response = await self.api.request(
            "start a session",
            "POST",
            "/start_session",
            accept=(200, 400, 409, 503),
            json={"generation": self._generation},
        )
        self._running = response.status_code == 200
        return response

    async def _join(self) -> httpx.Response:
        what = "join the session"
        response = await self.api.request(what, "GET", "/session")
        described = parse_session(self.api.object(what, response))
        if described.state not in _RUNNING or self._joins not in (
            described.session_id,
            LOCAL_SESSION_ID,
        ):
            raise NotFoundError(
                f"`session_id` must name the session that runs at {self.api.base_url} "
                f"({described.session_id or 'none'}, {described.state}), got {self._joins!r}",
                404,
            )
        return response
