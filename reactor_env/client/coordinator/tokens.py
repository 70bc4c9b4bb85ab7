"""Tokens: exchanging an API key for one, and keeping it fresh. Source: ``platform.md`` B2."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from reactor_env.client.coordinator.api import Api
from reactor_env.client.coordinator.base import VERSION_HEADERS
from reactor_env.client.errors import ConnectionFailedError

HOSTED_URL = "https://api.reactor.inc"
MAX_SESSION_SECONDS = 86400
TOKEN_LIFETIME_S = 6 * 3600
"""What is asked for; the service gives no more."""

_FRESH_S = 60.0
"""A token this close to its end is exchanged for a new one before it is used."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token.

    Attributes:
        value: What goes into the ``Authorization`` header; left out of ``repr``.
        expires_at: Seconds since the epoch, or ``None`` where it is not known.
    """

    value: str = field(repr=False)
    expires_at: float | None

    def fresh(self) -> bool:
        """Whether it can be used for a while."""
        return self.expires_at is None or time.time() < self.expires_at - _FRESH_S


async def fetch_jwt_token(api_key: str, api_url: str = HOSTED_URL) -> str:
    """Exchange an API key for a token with all the rights of the key.

    Args:
        api_key: A Reactor API key.
        api_url: The service's address.

    Returns:
        The token.

    Raises:
        ValueError: If the key is none that an HTTP header can hold.
        RuntimeError: If the service does not accept the key or does not answer; always a
            :class:`~reactor_env.client.errors.ConnectionFailedError`.
    """
    return (await mint(api_key, api_url, None)).value


async def mint(api_key: str, api_url: str, body: dict[str, Any] | None) -> Token:
    """Exchange an API key for a token.

    Args:
        api_key: A Reactor API key.
        api_url: The service's address.
        body: What the token shall be limited to; ``None`` for a token with all rights.

    Raises:
        ValueError: If the key is none that an HTTP header can hold.
        AuthenticationError: If the key is not accepted.
        ConnectionFailedError: If there is no usable answer.
    """
    what = "exchange the API key for a token"
    check_credential("api_key", api_key)
    api = Api(api_url, "service", headers={"Reactor-API-Key": api_key, **VERSION_HEADERS})
    try:
        # Without limits the body is the literal null, for which httpx's own `json` sends nothing.
        response = await api.request(
            what,
            "POST",
            "/tokens",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
    finally:
        await api.close()
    # Not api.object(): its error would show the body, and that may hold a token.
    try:
        document = response.json()
    except (ValueError, RecursionError):
        document = None
    value = document.get("jwt") if isinstance(document, dict) else None
    if not isinstance(value, str) or not _fits_header(value):
        raise ConnectionFailedError(f"could not {what}: {api.base_url} answered without a token")
    expires_at = _moment(document.get("expires_at"))
    return Token(value, expires_at if expires_at is not None else token_expiry(value))


def check_credential(name: str, value: str) -> None:
    """Check a key or token before it goes into a header; no error shows it.

    Args:
        name: The argument it came as.
        value: The key or token.

    Raises:
        ValueError: If it is empty or not all printable ASCII without spaces.
    """
    if not _fits_header(value):
        got = "something else" if value else "an empty string"
        raise ValueError(f"`{name}` must be printable ASCII without spaces or line ends, got {got}")


def _fits_header(value: str) -> bool:
    return value.isascii() and value.isprintable() and value != "" and " " not in value


def _moment(value: object) -> float | None:
    """Return seconds since the epoch where the value is a finite number, else ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def token_expiry(value: str) -> float | None:
    """Read when a JSON Web Token ends, without checking it.

    Args:
        value: The token; RFC 7519.

    Returns:
        Its ``exp`` claim in seconds since the epoch, ``None`` when it has none that is a finite
        number.
    """
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return _moment(claims.get("exp")) if isinstance(claims, dict) else None


class TokenSource(httpx.Auth):
    """Authorizes the requests for one session, exchanging the key again when need be.

    A token is limited to the session's model; once a session is known, a new one is bound to it,
    since a limited token may only use sessions that it created or was bound to.

    Args:
        api_url: The service's address.
        model: The model's name.
        api_key: Exchanged for tokens.
        jwt: A token to use as it is instead; it is never replaced, even if there is a key, too.
        max_session_seconds: When the service shall end a session that the token creates.

    Attributes:
        session_id: The session that a new token is bound to, ``None`` until there is one.
        on_renewed: Called after a token has replaced another.

    Raises:
        ValueError: If a key or token is none that an HTTP header can hold.
    """

    def __init__(
        self,
        api_url: str,
        model: str,
        *,
        api_key: str | None,
        jwt: str | None,
        max_session_seconds: int | None = None,
    ) -> None:
        for name, value in (("api_key", api_key), ("jwt", jwt)):
            if value is not None:
                check_credential(name, value)
        self._api_url = api_url
        self._model = model
        self._api_key = api_key if jwt is None else None
        self._max_session_seconds = max_session_seconds
        self._token = Token(jwt, token_expiry(jwt)) if jwt is not None else None
        self._minting = asyncio.Lock()
        self.session_id: str | None = None
        self.on_renewed: Callable[[], None] | None = None

    @property
    def token(self) -> Token | None:
        """The present token."""
        return self._token

    async def ensure(self) -> Token:
        """Return a token that can be used for a while.

        Raises:
            AuthenticationError: If the key is not accepted.
            ConnectionFailedError: If the service does not answer.
        """
        async with self._minting:
            if self._token is None or (self._api_key is not None and not self._token.fresh()):
                return await self._mint()
            return self._token

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Put the token into a request's header; once more with a new one when it is refused."""
        token = await self.ensure()
        request.headers["Authorization"] = f"Bearer {token.value}"
        response = yield request
        if response.status_code == 401 and self._api_key is not None and self.session_id:
            async with self._minting:
                if self._token is None or self._token is token:
                    await self._mint()
                token = self._token or token
            request.headers["Authorization"] = f"Bearer {token.value}"
            yield request

    async def _mint(self) -> Token:
        assert self._api_key is not None
        old, self._token = self._token, await mint(self._api_key, self._api_url, self._limits())
        if old is not None and self.on_renewed is not None:
            self.on_renewed()
        return self._token

    def _limits(self) -> dict[str, Any]:
        resources: dict[str, Any] = {"models": {"match": [self._model]}}
        constraints: dict[str, Any] = {}
        if self.session_id is not None:
            resources = {"models": {"all": True}, "sessions": {"bind": [self.session_id]}}
        elif self._max_session_seconds is not None:
            constraints["max_session_duration_seconds"] = self._max_session_seconds
        limits: dict[str, Any] = {"type": "session", "resources": resources}
        if constraints:
            limits["constraints"] = constraints
        return {"authorization_details": [limits], "expires_after": TOKEN_LIFETIME_S}
