"""What stands behind the service: a real ``reactor-runtime``, or canned answers without one.

The paths, bodies and states of the runtime are those of ``platform.md`` B4 and B5.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx

from tests.hosted.answers import JSON, Answer, document, error

RUNTIME_SESSION_ID = "00000000-0000-0000-0000-000000000000"
"""The id under which a runtime serves the signalling of its one session."""

PASSED_ON = ("content-type", "retry-after")
_TIMEOUT_S = 10.0
_START_RETRY_S = 0.02

OnState = Callable[[str, str], None]
"""Called with a session's id and the runtime's word for the state it is in now."""


class StartError(Exception):
    """The session could not be started; the text says why."""


class Backend(Protocol):
    """One machine that runs one session at a time."""

    async def open(self, on_state: OnState) -> None:
        """Begin to serve, and to report the states of sessions."""

    async def close(self) -> None:
        """Give everything back."""

    @property
    def lease(self) -> asyncio.Lock:
        """Held by the session that has the machine."""

    async def start(self, session_id: str, configs: Mapping[str, Any]) -> dict[str, Any]:
        """Start a session and return the runtime's description of it.

        Args:
            session_id: The hosted id.
            configs: Further keys of ``POST /start_session``, such as ``generation``.

        Raises:
            StartError: If it does not start.
        """

    async def stop(self, reason: str) -> None:
        """End the session that runs, if any; its clients are told ``reason``."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Pass a request on to the runtime and return its answer."""


class RuntimeBackend:
    """A ``reactor-runtime`` process.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, trust_env=False)
        self._lease = asyncio.Lock()
        self._follower: asyncio.Task[None] | None = None
        self._runs = itertools.count(1)
        self._run = 0  # of the session that runs; 0 when none does, or it is being stopped

    @property
    def lease(self) -> asyncio.Lock:
        """Held by the session that has the machine."""
        return self._lease

    async def open(self, on_state: OnState) -> None:
        """Follow the runtime's journal, which says when clients connect and leave."""
        following = asyncio.Event()
        self._follower = asyncio.create_task(self._follow(on_state, following))
        async with asyncio.timeout(_TIMEOUT_S):
            await following.wait()

    async def close(self) -> None:
        """Close the HTTP connections."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.wait([self._follower])
        await self._http.aclose()

    async def start(self, session_id: str, configs: Mapping[str, Any]) -> dict[str, Any]:
        """Start a session, waiting while the model loads or the last session still closes.

        Raises:
            StartError: If the runtime refuses, stays busy or does not answer.
        """
        self._run = next(self._runs)
        # Clips and step results are stored under this id; signalling keeps the runtime's own.
        # The runtime's journal repeats the whole body, so `run` tells which start it is about.
        wanted = {**configs, "session_id": session_id, "run": self._run}
        deadline = asyncio.get_running_loop().time() + _TIMEOUT_S
        while True:
            answer = await self.send(
                "POST",
                "/start_session",
                content=json.dumps(wanted).encode(),
                headers={"content-type": JSON},
            )
            if answer.status == 200:
                described: dict[str, Any] = answer.json()
                return described
            late = asyncio.get_running_loop().time() > deadline
            if answer.status not in (409, 503) or late:
                raise StartError(f"HTTP {answer.status}: {answer.body.decode(errors='replace')}")
            await asyncio.sleep(_START_RETRY_S)

    async def stop(self, reason: str) -> None:
        """End the session that runs, if any; its clients are told ``reason``."""
        self._run = 0
        await self.send(
            "POST",
            "/stop_session",
            content=json.dumps({"reason": reason[:64]}).encode(),
            headers={"content-type": JSON},
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Pass a request on to the runtime and return its answer; 502 when it does not answer."""
        try:
            response = await self._http.request(
                method, path, content=content, headers=headers, params=params
            )
        except httpx.HTTPError as failure:
            return error(502, "bad_gateway", f"the runtime does not answer: {failure!r}")
        kept = {name: response.headers[name] for name in PASSED_ON if name in response.headers}
        return Answer(response.status_code, response.content, kept)

    async def _follow(self, on_state: OnState, following: asyncio.Event) -> None:
        session_id, run = "", 0
        try:
            async with self._http.stream("GET", "/events", timeout=None) as response:
                following.set()
                async for line in response.aiter_lines():
                    if not line.startswith("data:"):
                        continue
                    entry = json.loads(line.removeprefix("data:"))
                    if entry["event"] == "start_session":
                        params = entry["detail"]["params"]
                        session_id, run = params.get("session_id", ""), params.get("run", 0)
                    # What still comes about a session that was stopped is no news.
                    if entry["from"] != entry["to"] and run == self._run:
                        on_state(session_id, entry["to"])
        except httpx.HTTPError:
            following.set()
        # The journal ends with the process, and with it the session it had.
        on_state(session_id, "terminated")


class CannedBackend:
    """No runtime: every session starts at once, and nobody ever answers an offer.

    Args:
        sdp_answer: Returns the answer to give to every offer, or ``None`` for "not yet".
    """

    def __init__(self, sdp_answer: Callable[[], str | None]) -> None:
        self._sdp_answer = sdp_answer
        self._connections = itertools.count(5000)
        self._upload_sizes: dict[str, int] = {}
        self._registered: set[str] = set()

    @property
    def lease(self) -> asyncio.Lock:
        """A new lock each time: there is a machine for every session."""
        return asyncio.Lock()

    async def open(self, on_state: OnState) -> None:
        """Do nothing: states change by :meth:`HostedService.set_state` only."""

    async def close(self) -> None:
        """Do nothing."""

    async def start(self, session_id: str, configs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a description as reactor-runtime 3.10.0 gives it for the world "catch"."""
        del session_id
        return {
            "server_info": {"server_version": "3.10.0"},
            "selected_transport": {"protocol": "webrtc", "version": "1.0"},
            "generation": configs.get("generation", "streamed"),
            "capabilities": {
                "protocol_version": "v0",
                "tracks": [{"name": "main_video", "kind": "video", "direction": "recvonly"}],
                "commands": [],
                "emission_fps": 30.0,
            },
        }

    async def stop(self, reason: str) -> None:
        """Do nothing."""
        del reason

    async def send(
        self,
        method: str,
        path: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Answer signalling and uploads; everything else is gone."""
        del headers, params
        _, _, signalling = path.partition("/transport/webrtc/")
        if signalling:
            return self._signal(method, signalling, content)
        if method == "POST" and path.endswith("/uploads"):
            upload_id = uuid.uuid4().hex
            self._upload_sizes[upload_id] = json.loads(content)["size"]
            return document(201, {"presigned_id": upload_id, "path": f"uploads/{upload_id}"})
        if method == "PUT" and path.startswith("/uploads/"):
            right = len(content) == self._upload_sizes[path.removeprefix("/uploads/")]
            return Answer(200) if right else document(400, {"detail": "wrong size"})
        return error(410, "gone", "nothing is recorded without a runtime")

    def _signal(self, method: str, path: str, content: bytes) -> Answer:
        match method, path.split("/"):
            case "GET", ["ice_servers"]:
                return document(200, {"ice_servers": ICE_SERVERS})
            case "POST", ["connections"]:
                connection_id = next(self._connections)
                self._registered.add(str(connection_id))
                return document(201, {"connection_id": connection_id})
            case "POST" | "PUT", ["connections", cid, "sdp_params"] if cid in self._registered:
                if "sdp_offer" not in json.loads(content or b"{}"):
                    return document(422, {"detail": "sdp_offer is missing"})
                return document(202, {"connection_id": int(cid)})
            case "GET", ["connections", cid, "sdp_params"] if cid in self._registered:
                answer = self._sdp_answer()
                if answer is None:
                    return Answer(202)
                return document(200, {"sdp_answer": answer, "connection_id": int(cid)})
            case "POST", ["connections", cid, "ice_candidates"] if cid in self._registered:
                return Answer(202)
        return document(404, {"detail": "Unknown connection"})


ICE_SERVERS: list[dict[str, Any]] = [
    {"uris": ["stun:127.0.0.1:3478"]},
    {
        "uris": ["turn:127.0.0.1:3478?transport=udp"],
        "credentials": {"username": "user", "password": "password"},
    },
]
"""What a service without a runtime names: addresses where nobody listens."""
