"""HTTP: creating and ending a session, and WebRTC signalling.

:class:`LocalCoordinator` talks to a ``reactor-runtime`` process, which serves one session at
a time. The signalling calls under ``/sessions/{id}/transport/webrtc`` are the same for a
local runtime and the hosted service. Source: ``platform.md`` B4 and B5.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

import httpx
from aiortc import RTCIceServer

from reactor_env._version import __version__
from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    ReactorTimeoutError,
)
from reactor_env.client.types import (
    Capabilities,
    CommandCapability,
    CreateSessionResponse,
    Generation,
    TrackCapability,
)

LOCAL_URL = "http://localhost:8080"
LOCAL_SESSION_ID = "00000000-0000-0000-0000-000000000000"
"""The id under which a local runtime serves the signalling of its one session."""

WEBRTC_VERSION = "1.0"
_REQUEST_TIMEOUT_S = 10.0
_POLL_FIRST_S = 0.01
_POLL_MAX_S = 0.2


class LocalCoordinator:
    """One local runtime, by HTTP.

    Args:
        base_url: Where it listens, for example ``http://127.0.0.1:8080``.
    """

    def __init__(self, base_url: str = LOCAL_URL) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=_REQUEST_TIMEOUT_S,
            # A proxy set for the outside world must not be asked for a local address.
            trust_env=False,
            headers={"Authorization": "Bearer local", "Reactor-WebRTC-Version": WEBRTC_VERSION},
        )

    async def close(self) -> None:
        """Close the HTTP connections."""
        await self._http.aclose()

    async def start_session(
        self, generation: Generation, *, timeout_s: float
    ) -> CreateSessionResponse:
        """Start a session, waiting while the model loads or the last session still closes.

        Args:
            generation: ``"streamed"`` or ``"stepped"``.
            timeout_s: Seconds to keep trying.

        Returns:
            The session's description.

        Raises:
            GenerationModeError: If the model cannot generate that way.
            ConnectionFailedError: If nothing answers, or the answer is an error.
            ReactorTimeoutError: If the runtime stays busy.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            response = await self._post_start(generation)
            if response.status_code == 200:
                return self._described(response, generation)
            if response.status_code == 400 and generation == "stepped":
                raise GenerationModeError(
                    f"the model at {self.base_url} refuses stepped sessions: {_detail(response)}"
                )
            if response.status_code not in (409, 503):
                raise self._failure("start a session", response)
            if time.monotonic() >= deadline:
                raise ReactorTimeoutError(
                    f"the runtime at {self.base_url} had no free session within {timeout_s:g} s: "
                    f"{_detail(response)}"
                )
            await asyncio.sleep(_POLL_MAX_S)

    async def _post_start(self, generation: Generation) -> httpx.Response:
        """Ask for a session; one that starts although the caller was cancelled is ended again."""
        request = asyncio.ensure_future(
            self._request("POST", "/start_session", json={"generation": generation})
        )
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            with contextlib.suppress(ConnectionFailedError):
                if (await request).status_code == 200:
                    await self.stop_session()
            raise

    async def stop_session(self) -> None:
        """End the session. Nothing happens when none runs or nobody answers."""
        try:
            await self._http.post("/stop_session")
        except httpx.HTTPError:
            return

    async def schema(self) -> dict[str, Any]:
        """Return the model's OpenAPI 3.1 document.

        Raises:
            ConnectionFailedError: If nothing answers, or the answer is an error.
        """
        response = await self._request("GET", "/schema")
        if response.status_code != 200:
            raise self._failure("read the schema", response)
        return _object(response)

    async def ice_servers(self, session_id: str) -> list[RTCIceServer]:
        """Return the STUN and TURN servers the server wants used; none on a local runtime."""
        response = await self._request("GET", f"{_transport(session_id)}/ice_servers")
        if response.status_code != 200:
            raise self._failure("read the ICE servers", response)
        servers = []
        for entry in _object(response).get("ice_servers") or ():
            credentials = entry.get("credentials") or {}
            servers.append(
                RTCIceServer(
                    urls=entry.get("uris") or [],
                    username=credentials.get("username"),
                    credential=credentials.get("password"),
                )
            )
        return servers

    async def negotiate(
        self,
        session_id: str,
        offer: str,
        track_mapping: Sequence[dict[str, str]],
        *,
        timeout_s: float,
    ) -> str:
        """Register a connection and exchange its offer for an answer.

        Args:
            session_id: The session to join.
            offer: A complete SDP offer; candidates included.
            track_mapping: For each media section ``mid``, ``name``, ``kind`` and ``direction``.
            timeout_s: Seconds to wait for the answer.

        Returns:
            The SDP answer.

        Raises:
            ConnectionFailedError: If the server refuses.
            ReactorTimeoutError: If no answer comes.
        """
        base = _transport(session_id)
        response = await self._request("POST", f"{base}/connections", json={})
        if response.status_code not in (200, 201):
            raise self._failure("register a connection", response)
        connection = _object(response).get("connection_id")
        if connection is None:
            raise self._failure("register a connection", response)
        path = f"{base}/connections/{connection}/sdp_params"
        response = await self._request(
            "POST",
            path,
            json={
                "sdp_offer": offer,
                "client_info": {"sdk_version": __version__, "sdk_type": "python"},
                "track_mapping": list(track_mapping),
            },
        )
        if response.status_code not in (200, 202):
            raise self._failure("send the offer", response)
        return await self._poll_answer(path, timeout_s)

    async def _poll_answer(self, path: str, timeout_s: float) -> str:
        deadline = time.monotonic() + timeout_s
        pause = _POLL_FIRST_S
        while True:
            response = await self._request("GET", path)
            if response.status_code == 200:
                answer = _object(response).get("sdp_answer")
                if not isinstance(answer, str):
                    raise self._failure("read the answer", response)
                return answer
            if response.status_code != 202:
                raise self._failure("read the answer", response)
            if time.monotonic() >= deadline:
                raise ReactorTimeoutError(f"no SDP answer from {self.base_url} in {timeout_s:g} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _POLL_MAX_S)

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ConnectionFailedError(
                f"no runtime answers at {self.base_url} ({method} {path}: "
                f"{error or type(error).__name__})"
            ) from error

    def _failure(self, what: str, response: httpx.Response) -> ConnectionFailedError:
        return ConnectionFailedError(
            f"could not {what} at {self.base_url}: HTTP {response.status_code}, {_detail(response)}"
        )

    def _described(self, response: httpx.Response, generation: Generation) -> CreateSessionResponse:
        described = _object(response)
        echoed = described.get("generation")
        if generation == "stepped" and echoed != "stepped":
            raise GenerationModeError(
                f"the runtime at {self.base_url} ignored the request for a stepped session "
                f"(it says {echoed!r}); it needs reactor-runtime 3.10 or newer"
            )
        return parse_session(described)


def parse_session(described: dict[str, Any]) -> CreateSessionResponse:
    """Read a session description, local or hosted.

    Args:
        described: The server's JSON object. Fields that are missing are left empty.

    Returns:
        The session.
    """
    offered = described.get("capabilities") or {}
    rate = offered.get("emission_fps")
    capabilities = Capabilities(
        protocol_version=str(offered.get("protocol_version", "")),
        tracks=tuple(
            TrackCapability(track["name"], track["kind"], track["direction"])
            for track in offered.get("tracks") or ()
        ),
        commands=tuple(
            CommandCapability(
                command["name"], command.get("description", ""), command.get("schema")
            )
            for command in offered.get("commands") or ()
        ),
        emission_fps=float(rate) if rate is not None else None,
    )
    return CreateSessionResponse(
        session_id=str(described.get("session_id", "")),
        model=str((described.get("model") or {}).get("name", "")),
        state=str(described.get("state", "")),
        capabilities=capabilities,
        generation=described.get("generation"),
        server_version=(described.get("server_info") or {}).get("server_version"),
        cluster=described.get("cluster"),
    )


def _transport(session_id: str) -> str:
    return f"/sessions/{session_id}/transport/webrtc"


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ConnectionFailedError(
            f"expected a JSON object from {response.request.url}, got {response.text!r:.200}"
        )
    return document


def _detail(response: httpx.Response) -> str:
    """Return the server's own explanation of an error, shortened."""
    try:
        document = response.json()
    except ValueError:
        return response.text[:300]
    detail = document.get("detail") if isinstance(document, dict) else None
    return str(detail or document)[:300]
