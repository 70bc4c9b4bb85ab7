"""What both coordinators do alike: WebRTC signalling and uploads.

The signalling calls under ``/sessions/{id}/transport/webrtc`` are the same for a local runtime
and the hosted service. Source: ``platform.md`` B3 and B5.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import httpx
from aiortc import RTCIceServer

from reactor_env._version import __version__
from reactor_env.client.coordinator.api import Api, json_object
from reactor_env.client.errors import ConnectionFailedError
from reactor_env.client.http_log import hidden_requests
from reactor_env.client.types import CreateSessionResponse, FileRef

WEBRTC_VERSION = "1.0"
API_VERSION = "1"
CLIENT_INFO = {"sdk_version": __version__, "sdk_type": "python"}
VERSION_HEADERS = {
    "Reactor-API-Version": API_VERSION,
    "Reactor-API-Accept-Version": API_VERSION,
    "Reactor-WebRTC-Version": WEBRTC_VERSION,
}

T = TypeVar("T")

_UPLOAD_TIMEOUT_S = 300.0
_POLL_FIRST_S = 0.01
_POLL_MAX_S = 0.2


class Coordinator(ABC):
    """One session's HTTP calls.

    The calls do not limit their time altogether; whoever makes them does, and tells by
    :attr:`waiting_for` what it came down to.

    Args:
        api: The server.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self._creating: asyncio.Task[Any] | None = None
        self.waiting_for = "the server"
        """What the call that is running waits for, for the error when time is over."""

    @property
    @abstractmethod
    def transport_id(self) -> str:
        """The session's id in the signalling calls."""

    @property
    def expires_at(self) -> float | None:
        """When the session ends by itself, in seconds since the epoch, where that is known."""
        return None

    async def authorize(self) -> None:
        """Get whatever the next calls need to be allowed."""
        return

    @abstractmethod
    async def create(self) -> str:
        """Create the session, or take the one it was made for; returns its id."""

    @abstractmethod
    async def assigned(self) -> CreateSessionResponse:
        """Wait until a runtime has taken the session, and describe it."""

    @abstractmethod
    async def end(self) -> None:
        """End the session if it was created here. Safe to call twice."""

    async def schema(self) -> dict[str, Any] | None:
        """Return the model's OpenAPI 3.1 document where HTTP serves it, else ``None``."""
        return None

    async def close(self) -> None:
        """Close the HTTP connections."""
        await self.api.close()

    async def ice_servers(self) -> list[RTCIceServer]:
        """Return the STUN and TURN servers the server wants used; none on a local runtime.

        Raises:
            ConnectionFailedError: If they cannot be read.
        """
        what = "read the ICE servers"
        self.waiting_for = "the list of ICE servers"
        response = await self.api.request(what, "GET", f"{self._transport}/ice_servers")
        listed = self.api.object(what, response).get("ice_servers") or ()
        try:
            return [_ice_server(entry) for entry in listed]
        except (AttributeError, TypeError) as error:
            # What came is not shown: it may hold a TURN password.
            raise ConnectionFailedError(
                f"could not {what}: expected a list of objects with `uris` and `credentials` from "
                f"{self.api.base_url}"
            ) from error

    async def negotiate(
        self,
        offer: str,
        track_mapping: Sequence[dict[str, str]],
        connection_id: int | None = None,
    ) -> str:
        """Exchange an offer for an answer.

        Args:
            offer: A complete SDP offer; candidates included.
            track_mapping: For each media section ``mid``, ``name``, ``kind`` and ``direction``.
            connection_id: A connection registered before; by default one is registered.

        Returns:
            The SDP answer.

        Raises:
            ConnectionFailedError: If the server refuses, or there is no whole answer.
        """
        if connection_id is None:
            connection_id = await self._register()
        path = f"{self._transport}/connections/{connection_id}/sdp_params"
        self.waiting_for = "the offer to be taken"
        await self.api.request(
            "send the offer",
            "POST",
            path,
            json={
                "sdp_offer": offer,
                "client_info": CLIENT_INFO,
                "track_mapping": list(track_mapping),
            },
        )
        self.waiting_for = "the SDP answer"
        pause = _POLL_FIRST_S
        while True:
            response = await self.api.request("read the answer", "GET", path)
            if response.status_code == 200:
                answer = self.api.object("read the answer", response).get("sdp_answer")
                if not isinstance(answer, str):
                    raise self._missing("read the answer", "sdp_answer", response)
                return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, _POLL_MAX_S)

    async def upload(self, name: str, mime_type: str, data: bytes) -> FileRef:
        """Upload a file's bytes; the runtime must still be told that they are there.

        Raises:
            ConnectionFailedError: If the server refuses, or there is no whole answer.
        """
        what = "ask for an upload"
        response = await self.api.request(
            what,
            "POST",
            f"/sessions/{self.transport_id}/uploads",
            json={"name": name, "size": len(data), "mime_type": mime_type},
        )
        slot = self.api.object(what, response)
        upload_id, url = slot.get("presigned_id"), slot.get("presigned_url")
        if not isinstance(upload_id, str) or not isinstance(url, str):
            raise self._missing(what, "presigned_id and presigned_url", response)
        try:
            target = self._upload_url(url)
        except httpx.InvalidURL as error:
            raise ConnectionFailedError(
                f"could not {what} at {self.api.base_url}: its presigned_url is none"
            ) from error
        await self._put(target, mime_type, data)
        return FileRef(upload_id, name, mime_type, len(data))

    def _upload_url(self, url: str) -> httpx.URL:
        """Return where to put an upload's bytes.

        Raises:
            httpx.InvalidURL: If it is no address.
        """
        return httpx.URL(self.api.base_url).join(url)

    async def _put(self, url: httpx.URL, mime_type: str, data: bytes) -> None:
        # A client of its own: the address is signed, and its host must not see the token.
        storage = Api(
            str(url.copy_with(raw_path=b"/", userinfo=b"")),
            "storage",
            headers={"Content-Type": mime_type},
            trust_env=self.api.trust_env,
        )
        try:
            with hidden_requests():
                await storage.request(
                    "upload the file", "PUT", str(url), content=data, timeout=_UPLOAD_TIMEOUT_S
                )
        finally:
            await storage.close()

    async def _register(self) -> int:
        what = "register a connection"
        self.waiting_for = "the connection to be registered"
        response = await self.api.request(what, "POST", f"{self._transport}/connections", json={})
        number = self.api.object(what, response).get("connection_id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise self._missing(what, "connection_id", response)
        return number

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a call that creates something, which goes on when its caller is cancelled.

        What it creates then is nobody's: :meth:`_settled` waits for it, so that it can be ended.
        """
        self._creating = asyncio.ensure_future(work)
        result: T = await asyncio.shield(self._creating)
        return result

    async def _settled(self) -> None:
        """Wait until nothing is being created any more."""
        if self._creating is not None:
            await asyncio.gather(self._creating, return_exceptions=True)

    @property
    def _transport(self) -> str:
        return f"/sessions/{self.transport_id}/transport/webrtc"

    def _missing(self, what: str, names: str, response: httpx.Response) -> ConnectionFailedError:
        # Names only: a value may be a signed address.
        return ConnectionFailedError(
            f"could not {what} at {self.api.base_url}: the answer has no usable {names}, but "
            f"{', '.join(json_object(response)) or 'nothing':.200}"
        )


def _ice_server(entry: Mapping[str, Any]) -> RTCIceServer:
    """Read one server; whether its addresses can be used shows when they are.

    Raises:
        AttributeError, TypeError: If a part of it is of another kind than the protocol says.
    """
    credentials = entry.get("credentials") or {}
    name, password = credentials.get("username"), credentials.get("password")
    uris = entry.get("uris") or []
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        raise TypeError("uris must be a list of strings")
    if not all(value is None or isinstance(value, str) for value in (name, password)):
        raise TypeError("credentials must be strings")
    return RTCIceServer(urls=uris, username=name, credential=password)
