"""Requests to one server: timeouts, error statuses as exceptions, JSON objects.

No exception made here shows a header or a URL's query, so no key, token or signature: not even
where the server repeats them in its own words.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx

from reactor_env.client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    NotFoundError,
    OutOfCreditsError,
    RateLimitedError,
    ServiceError,
    SessionConflictError,
    VersionMismatchError,
)
from reactor_env.client.retry_after import retry_after_s, seconds_of

REQUEST_TIMEOUT_S = 10.0
LOCAL_AUTHORIZATION = "Bearer local"
"""What a local runtime is sent, which checks nothing. No secret."""

_SHOWN = 300
"""Characters of a server's own words that an error repeats."""
_SECRET_HEADERS = ("Authorization", "Reactor-API-Key")
_QUERY = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")

_ERRORS: dict[int, type[ServiceError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: OutOfCreditsError,
    403: AuthenticationError,
    404: NotFoundError,
    409: SessionConflictError,
    410: NotFoundError,
    422: InvalidRequestError,
    426: VersionMismatchError,
    501: VersionMismatchError,
}


class Api:
    """One server, by HTTP.

    Args:
        base_url: Its address.
        who: What it is, for errors: ``"runtime"`` or ``"service"``.
        headers: Sent with every request.
        auth: Adds the authorization to every request.
        trust_env: Whether proxies of the environment are used.

    Attributes:
        base_url: As given, without a slash at its end.
        trust_env: As given.
        http: Makes the requests.
    """

    def __init__(
        self,
        base_url: str,
        who: str,
        *,
        headers: Mapping[str, str],
        auth: httpx.Auth | None = None,
        trust_env: bool = True,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.trust_env = trust_env
        self._who = who
        self.http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=REQUEST_TIMEOUT_S,
            trust_env=trust_env,
            verify=_tls_context() if self.base_url.startswith("https:") else False,
            headers=dict(headers),
            auth=auth,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def request(
        self,
        what: str,
        method: str,
        path: str,
        *,
        accept: tuple[int, ...] = (200, 201, 202, 204),
        **arguments: Any,
    ) -> httpx.Response:
        """Make a request.

        Args:
            what: What it is for, after "could not".
            method: The HTTP method.
            path: The path under the server's address, or a whole URL; errors leave its query out.
            accept: The statuses that are no error to the caller.
            arguments: As for :meth:`httpx.AsyncClient.request`.

        Raises:
            ServiceError: If the status is another; the subclass says which kind.
            ConnectionFailedError: If there is no whole answer.
        """
        try:
            response = await self.http.request(method, path, **arguments)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self.unanswered(what, method, path, error) from error
        if response.status_code not in accept:
            raise self.refused(what, response)
        return response

    def unanswered(
        self, what: str, method: str, path: str, error: httpx.HTTPError | httpx.InvalidURL
    ) -> ConnectionFailedError:
        """Describe a request that got no whole answer."""
        why = str(error) or type(error).__name__
        if isinstance(error, httpx.ConnectError):
            said = f"no {self._who} answers at {self.base_url}"
        elif isinstance(error, httpx.InvalidURL | httpx.LocalProtocolError):
            said = f"the {self._who} at {self.base_url} cannot be asked"
            why = type(error).__name__  # its text shows what is wrong: a header, say
        else:
            said = f"the {self._who} at {self.base_url} gave no answer"
        place = path.partition("?")[0].encode("unicode_escape").decode()
        return ConnectionFailedError(f"could not {what}: {said} ({method} {place}: {why})")

    def refused(self, what: str, response: httpx.Response) -> ServiceError:
        """Describe an answer with an error status."""
        status = response.status_code
        text = (
            f"could not {what}: HTTP {status} from the {self._who} at {self.base_url}, "
            f"{server_words(response)}"
        )
        retry_after = _retry_after(response)
        if status == 429:
            quota = json_object(response).get("quota_type")
            return RateLimitedError(
                text, status, retry_after, quota if isinstance(quota, str) else ""
            )
        return _ERRORS.get(status, ServiceError)(text, status, retry_after)

    def object(self, what: str, response: httpx.Response) -> dict[str, Any]:
        """Return the JSON object of an answer.

        Raises:
            ConnectionFailedError: If it is none.
        """
        document = _json(response)
        if not isinstance(document, dict):
            raise ConnectionFailedError(
                f"could not {what}: expected a JSON object from {self.base_url}"
                f"{response.request.url.path}, got {_shown(response.text, response)!r}"
            )
        return document


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; a client does it once.
    return httpx.create_ssl_context()


def json_object(response: httpx.Response) -> dict[str, Any]:
    """Return the JSON object of an answer, ``{}`` when it is none."""
    document = _json(response)
    return document if isinstance(document, dict) else {}


def server_words(response: httpx.Response) -> str:
    """Return the server's own explanation of an error, shortened and without secrets."""
    document = _json(response)
    if isinstance(document, dict):
        for key in ("detail", "message", "error"):
            if document.get(key):
                return _shown(str(document[key]), response)
    return _shown(response.text, response) or "no reason given"


def _shown(text: str, response: httpx.Response) -> str:
    """Return what an error repeats of an answer, which may repeat the request."""
    request = response.request
    headers = {request.headers.get(name, "") for name in _SECRET_HEADERS} - {LOCAL_AUTHORIZATION}
    secrets = {header.removeprefix("Bearer ") for header in headers} | {request.url.query.decode()}
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        text = text.replace(secret, "...")
    return _QUERY.sub(r"\1?...", text)[:_SHOWN]


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds to wait, from the header or the body's ``retry_after_seconds``.

    The body is preferred to a date in the header, which depends on this machine's clock.
    """
    header = response.headers.get("Retry-After")
    told = json_object(response).get("retry_after_seconds")
    return seconds_of(header) or seconds_of(told) or retry_after_s(header)
