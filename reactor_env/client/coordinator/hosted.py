"""The hosted service. Source: ``platform.md`` B2, B3, E1.

A session costs money from the moment a runtime has taken it until it ends, so every way out of
:meth:`HostedCoordinator.create` and of what follows leads to :meth:`HostedCoordinator.end`.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import httpx

from reactor_env.client.coordinator import live_sessions
from reactor_env.client.coordinator.api import Api, json_object
from reactor_env.client.coordinator.base import (
    CLIENT_INFO,
    VERSION_HEADERS,
    WEBRTC_VERSION,
    Coordinator,
)
from reactor_env.client.coordinator.parsing import parse_session
from reactor_env.client.coordinator.tokens import TokenSource
from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    NotFoundError,
    RateLimitedError,
    ServiceError,
    SessionLostError,
)
from reactor_env.client.types import CreateSessionResponse, Generation

_POLL_FIRST_S = 0.2
_POLL_MAX_S = 2.0
_END_PAUSES_S = (0.0, 0.25, 0.5, 1.0, 2.0)
_OVER = ("CLOSED",)
_OVER_UNTAKEN = ("CLOSED", "INACTIVE")
"""States from which a session does not come back, and those if no runtime has taken it yet."""


class HostedCoordinator(Coordinator):
    """One session of the hosted service.

    Args:
        api_url: The service's address.
        model: The model's name.
        tokens: Authorizes the calls.
        generation: ``"streamed"`` or ``"stepped"``.
        session_id: Take this session, created elsewhere, instead of creating one; it is left
            running.
        max_session_seconds: When the service ends the session, as asked for with the token.
    """

    def __init__(
        self,
        api_url: str,
        model: str,
        tokens: TokenSource,
        *,
        generation: Generation = "streamed",
        session_id: str | None = None,
        max_session_seconds: int | None = None,
    ) -> None:
        super().__init__(Api(api_url, "service", headers=VERSION_HEADERS, auth=tokens))
        self._model = model
        self._tokens = tokens
        self._generation: Generation = generation
        self._session_id = session_id or ""
        self._owns = session_id is None
        self._limit_s = max_session_seconds
        self._created_at: float | None = None
        tokens.session_id = session_id

    @property
    def transport_id(self) -> str:
        """The session's own id."""
        return self._session_id

    @property
    def expires_at(self) -> float | None:
        """The earlier of the session's own limit and the end of its token."""
        token = self._tokens.token
        ends = [token.expires_at if token is not None else None]
        if self._created_at is not None and self._limit_s is not None:
            ends.append(self._created_at + self._limit_s)
        return min((end for end in ends if end is not None), default=None)

    async def authorize(self) -> None:
        """Exchange the key for a token, unless there is one.

        Raises:
            AuthenticationError: If the key is not accepted.
            ConnectionFailedError: If the service does not answer.
        """
        self.waiting_for = "a token"
        await self._tokens.ensure()

    async def create(self) -> str:
        """Create the session, unless it was made for one that exists.

        Raises:
            RateLimitedError: If a quota is used up or there is no capacity.
            ServiceError: If the service refuses for another reason; the subclass says which.
            ConnectionFailedError: If there is no whole answer.
        """
        if not self._owns:
            return self._session_id
        self.waiting_for = "the session to be created"
        return await self._to_the_end(self._post_session())

    async def assigned(self) -> CreateSessionResponse:
        """Wait until a runtime has taken the session.

        Raises:
            SessionLostError: If the session ends meanwhile.
            GenerationModeError: If the service ignored the request for a stepped session.
            ConnectionFailedError: If the session cannot be read.
        """
        pause = _POLL_FIRST_S
        self.waiting_for = f"a runtime to take session {self._session_id}"
        while True:
            described = await self._poll()
            if described is not None:
                taken = described.selected_transport is not None and described.capabilities.tracks
                if described.state.upper() in (_OVER if taken else _OVER_UNTAKEN):
                    raise SessionLostError(
                        f"session {self._session_id} is {described.state} before it was joined"
                    )
                if taken:
                    return self._checked(described)
                self._waits_for_runtime(described.state)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _POLL_MAX_S)

    async def end(self) -> None:
        """End the session if it was created here, trying again when the call fails.

        Raises:
            ConnectionFailedError: If it could not be ended; then it may go on costing money
                until the service finds that nobody is connected.
        """
        await self._settled()
        if not self._owns or not self._session_id:
            return
        error: ConnectionFailedError | None = None
        for pause in _END_PAUSES_S:
            await asyncio.sleep(pause)
            try:
                await self.api.request("end the session", "DELETE", f"/sessions/{self._session_id}")
            except NotFoundError:
                pass  # it is gone already
            except ConnectionFailedError as failed:
                error = failed
                continue
            live_sessions.forget(self._session_id)
            self._session_id = ""
            return
        assert error is not None
        raise error

    async def _post_session(self) -> str:
        what = "create a session"
        body: dict[str, Any] = {
            "model": {"name": self._model},
            "client_info": CLIENT_INFO,
            "supported_transports": [{"protocol": "webrtc", "version": WEBRTC_VERSION}],
        }
        if self._generation == "stepped":
            # Where reactor-sdk 1.13 says it; the answer has it at its top level.
            body["extra_configs"] = {"generation": "stepped"}
        received = bytearray()
        try:
            async with self.api.http.stream("POST", "/sessions", json=body) as response:
                async for part in response.aiter_bytes():
                    received += part
        except httpx.HTTPError as error:
            # Whatever came may name a session that was created.
            self._note_created(_partial_id(received))
            failure = self.api.unanswered(what, "POST", "/sessions", error)
            asked = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            raise (self._uncertain(failure) if asked else failure) from error
        answer = _whole(response, received)
        if not response.is_success:
            raise self.api.refused(what, answer)
        # First of all: whatever else is wrong with the answer, the session must be ended.
        named = json_object(answer).get("session_id")
        self._note_created(named if isinstance(named, str) else _partial_id(received))
        session_id = parse_session(self.api.object(what, answer)).session_id
        if not session_id:
            raise self._uncertain(self._missing(what, "session_id", answer))
        return session_id

    def _uncertain(self, error: ConnectionFailedError) -> ConnectionFailedError:
        """Add what it costs that nobody knows whether there is a session now."""
        if self._session_id:
            return error
        return ConnectionFailedError(
            f"{error}; if a session was created all the same, it ends by itself once the service "
            "finds that nobody connects to it"
        )

    def _note_created(self, session_id: str) -> None:
        if not session_id:
            return
        self._session_id = self._tokens.session_id = session_id
        self._created_at = time.time()
        live_sessions.remember(self.api.base_url, session_id, self._present_token)

    def _present_token(self) -> str:
        token = self._tokens.token
        return token.value if token is not None else ""

    def _waits_for_runtime(self, told: object) -> None:
        self.waiting_for = f"a runtime to take session {self._session_id} ({told})"

    async def _poll(self) -> CreateSessionResponse | None:
        """Read the session; ``None`` when that failed in a way that may pass."""
        what = "read the session"
        try:
            response = await self.api.request(what, "GET", f"/sessions/{self._session_id}")
            return parse_session(self.api.object(what, response))
        except ServiceError as error:
            passing = isinstance(error, RateLimitedError) or (
                error.status >= 500 and error.recoverable
            )
            if not passing:
                raise
            self._waits_for_runtime(error)
            await asyncio.sleep(error.retry_after or 0.0)
        except ConnectionFailedError as error:
            self._waits_for_runtime(error)
        return None

    def _checked(self, described: CreateSessionResponse) -> CreateSessionResponse:
        transport = described.selected_transport
        if transport is not None and transport.protocol != "webrtc":
            raise ConnectionFailedError(
                f"session {self._session_id} wants transport {transport.protocol!r}; this client "
                "has webrtc only"
            )
        if self._generation == "stepped" and described.generation != "stepped":
            raise GenerationModeError(
                f"the service gave no stepped session of {self._model} (it says "
                f"{described.generation!r})"
            )
        return described


def _partial_id(received: bytes | bytearray) -> str:
    found = re.search(rb'"session_id"\s*:\s*"([^"\\]+)"', received)
    return found.group(1).decode(errors="replace") if found else ""


def _whole(response: httpx.Response, body: bytes | bytearray) -> httpx.Response:
    """Return an answer that was read as a stream as one that has its body."""
    headers = {k: v for k, v in response.headers.items() if k.lower() != "content-encoding"}
    return httpx.Response(
        response.status_code, headers=headers, content=bytes(body), request=response.request
    )
