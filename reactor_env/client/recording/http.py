"""HTTP of clips: the API's own client for the API, a bare one for everybody else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from reactor_env.client.http_log import hidden_requests
from reactor_env.client.recording.clip import RecordingError
from reactor_env.client.recording.playlist import resolve
from reactor_env.client.retry_after import retry_after_s

_TIMEOUT_S = 30.0
_MOST_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Attributes:
        status: The status code.
        body: The body; empty for another status than 200.
        retry_after: Seconds the server asked to wait, or ``None``.
        url: The URL that was asked, after redirects.
        outside: Whether it is another host than the API's.
    """

    status: int
    body: bytes
    retry_after: float | None
    url: str
    outside: bool


class ClipHttp:
    """Fetches URLs, with the API's credentials where they belong and nowhere else.

    Args:
        api: The API's client. Its ``base_url`` says which host gets what it sends: headers,
            authentication, cookies.
    """

    def __init__(self, api: httpx.AsyncClient) -> None:
        self._api = api
        self._bare: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections to other hosts; the API's client stays open."""
        if self._bare is not None:
            await self._bare.aclose()

    @property
    def base(self) -> str:
        """The API's base address."""
        return str(self._api.base_url)

    async def get(self, url: str, *, most_bytes: int) -> Answer:
        """Fetch a URL.

        Args:
            url: An absolute ``http`` or ``https`` URL.
            most_bytes: What the body may have.

        Raises:
            httpx.HTTPError: If no whole answer comes.
            RecordingError: ``DOWNLOAD_UNSUPPORTED`` for a body over the limit,
                ``INVALID_PLAYLIST`` for a redirect to something that is no such URL.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            outside = _origin(httpx.URL(url)) != _origin(self._api.base_url)
            client = await self._outside() if outside else self._api
            # A redirect is followed here, not by the client, which would take its headers along.
            request = client.build_request("GET", url)
            with hidden_requests():
                response = await client.send(request, stream=True, follow_redirects=False)
            try:
                location = response.headers.get("Location")
                if response.is_redirect and location is not None:
                    url = resolve(location, base=url, api=self.base)
                    continue
                body = b""
                if response.status_code == 200:
                    body = await _read(response, most_bytes)
                retry_after = retry_after_s(response.headers.get("Retry-After"))
                return Answer(response.status_code, body, retry_after, url, outside)
            finally:
                await response.aclose()
        raise httpx.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects")

    async def _outside(self) -> httpx.AsyncClient:
        if self._bare is None:
            trust_env = self._api.trust_env
            # Reading the system's certificates takes tens of milliseconds.
            self._bare = await asyncio.to_thread(
                lambda: httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=trust_env)
            )
        return self._bare


def shown(url: str) -> str:
    """Return a URL for an error message, without its query: a signed one opens the clip."""
    parsed = httpx.URL(url)
    return str(parsed.copy_with(query=None, fragment=None))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _read(response: httpx.Response, most_bytes: int) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > most_bytes:
            raise RecordingError(
                "DOWNLOAD_UNSUPPORTED",
                f"{shown(str(response.url))} is larger than the {most_bytes} bytes that are left",
            )
    return bytes(body)
