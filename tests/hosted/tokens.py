"""Tokens: what may be asked for, what a token allows (``platform.md`` B2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.hosted.answers import Refused, error, quota_exceeded
from tests.hosted.state import Clock

SCOPED_SECONDS = 3600
MAX_SESSIONS = 500
DEFAULT_SESSIONS = 5
MAX_DURATION_S = 86400


@dataclass(frozen=True)
class Scope:
    """What a session-scoped token is restricted to.

    Attributes:
        models: Names it can create sessions of; ``None`` for all.
        bound: Sessions that existed before and that it may operate.
        max_sessions: Sessions it may ever hold, bound ones included; ``None`` when it only
            operates bound ones.
        max_duration_s: Seconds after which each session it creates is ended.
    """

    models: tuple[str, ...] | None
    bound: tuple[str, ...]
    max_sessions: int | None
    max_duration_s: int | None


@dataclass(frozen=True)
class TokenRequest:
    """The body of ``POST /tokens``, checked."""

    scope: Scope | None = None
    expires_after: int | None = None


@dataclass
class Grant:
    """What the service knows about a token it minted."""

    token_id: str
    account_id: str
    expires_at: int
    scope: Scope | None
    created: list[str] = field(default_factory=list)
    revoked: bool = False

    def check_operates(self, session_id: str) -> None:
        """Refuse a session this token neither created nor was bound to.

        Raises:
            Refused: 403.
        """
        if self.scope is None or session_id in self.scope.bound or session_id in self.created:
            return
        raise Refused(
            error(403, "forbidden", f"token is session-scoped and is not authorized: {session_id}")
        )

    def check_creates(self, model: str) -> None:
        """Refuse to create a session of ``model`` beyond what the token allows.

        Raises:
            Refused: 403 for another model or a token that cannot create any, 429 when it already
                created all that it may.
        """
        if self.scope is None:
            return
        if self.scope.max_sessions is None:
            raise Refused(error(403, "forbidden", "token operates bound sessions only"))
        if self.scope.models is not None and model not in self.scope.models:
            raise Refused(error(403, "forbidden", f"token is not scoped for model {model}"))
        held = len(self.scope.bound) + len(self.created)
        if held >= self.scope.max_sessions:
            raise Refused(
                quota_exceeded(
                    "sessions_per_token",
                    current=held,
                    limit=self.scope.max_sessions,
                    model=model,
                    retry_after_seconds=None,
                )
            )


def parse_request(body: bytes) -> TokenRequest:
    """Read the body of ``POST /tokens``; empty and ``null`` ask for an unscoped token.

    Raises:
        Refused: 400 for anything malformed or out of range.
    """
    try:
        content = json.loads(body) if body.strip() else None
    except ValueError as failure:
        raise _bad("the body must be JSON") from failure
    if content is None:
        return TokenRequest()
    if not isinstance(content, dict):
        raise _bad("the body must be an object or null")
    lifetime = content.get("expires_after")
    if lifetime is not None and not _is_int(lifetime, 1, None):
        raise _bad("expires_after must be a positive number of seconds")
    details = content.get("authorization_details")
    return TokenRequest(None if details is None else _scope(details), lifetime)


def _scope(details: Any) -> Scope:
    if not (isinstance(details, list) and len(details) == 1 and isinstance(details[0], dict)):
        raise _bad("authorization_details must be a list of one object")
    detail = details[0]
    if detail.get("type") != "session":
        raise _bad("authorization_details[0].type must be session")
    resources = _mapping(detail, "resources")
    constraints = _mapping(detail, "constraints")
    bound = _mapping(resources, "sessions").get("bind", [])
    if not _is_names(bound):
        raise _bad("resources.sessions.bind must be a list of session ids")
    most = constraints.get("max_sessions")
    if most is not None and not _is_int(most, 1, MAX_SESSIONS):
        raise _bad(f"max_sessions must be 1 to {MAX_SESSIONS}")
    duration = constraints.get("max_session_duration_seconds")
    if duration is not None and not _is_int(duration, 1, MAX_DURATION_S):
        raise _bad(f"max_session_duration_seconds must be 1 to {MAX_DURATION_S}")
    if most is None and not bound:
        most = DEFAULT_SESSIONS
    return Scope(_models(resources), tuple(bound), most, duration)


def _models(resources: Mapping[str, Any]) -> tuple[str, ...] | None:
    models = resources.get("models")
    if not isinstance(models, dict):
        raise _bad("resources.models is required")
    if models == {"all": True}:
        return None
    match = models.get("match")
    if set(models) != {"match"} or not match or not _is_names(match):
        raise _bad("resources.models must be {all: true} or {match: [names]}")
    return tuple(match)


def _mapping(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _bad(f"{key} must be an object")
    return value


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _is_int(value: Any, low: int, high: int | None) -> bool:
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return value >= low and (high is None or value <= high)


def _bad(message: str) -> Refused:
    return Refused(error(400, "invalid_request", message))


class TokenOffice:
    """Exchanges API keys for tokens and recognises the tokens it minted.

    Args:
        accounts: Account id by API key.
        clock: The service's clock.
    """

    def __init__(self, accounts: Mapping[str, str], clock: Clock) -> None:
        self.accounts = dict(accounts)
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._grants: dict[str, Grant] = {}

    def account_of_key(self, key: str | None) -> str:
        """Return the account that ``key`` belongs to.

        Raises:
            Refused: 401 without a key or with one that nobody has.
        """
        account = self.accounts.get(key or "")
        if account is None:
            raise Refused(error(401, "unauthorized", "unknown API key"))
        return account

    def mint(
        self,
        account_id: str,
        wanted: TokenRequest,
        *,
        max_seconds: int,
        bindable: Callable[[str, str], bool],
    ) -> tuple[str, int]:
        """Make a token.

        Args:
            account_id: Who gets it.
            wanted: What was asked for.
            max_seconds: What its lifetime is clamped to.
            bindable: Whether a session, the second argument, is open and the account's, the first.

        Returns:
            The JWT and when it expires, in Unix seconds.

        Raises:
            Refused: 400 for a session that cannot be bound.
        """
        scope = wanted.scope
        for session_id in scope.bound if scope else ():
            if not bindable(account_id, session_id):
                raise _bad(f"session {session_id} cannot be bound: not open, or not yours")
        default = max_seconds if scope is None else SCOPED_SECONDS
        lifetime = min(wanted.expires_after or default, max_seconds)
        issued_at = int(self._clock.now())
        grant = Grant(secrets.token_hex(8), account_id, issued_at + lifetime, scope)
        self._grants[grant.token_id] = grant
        claims = {
            "sub": account_id,
            "iat": issued_at,
            "exp": grant.expires_at,
            "jti": grant.token_id,
        }
        return self._sign(claims), grant.expires_at

    def check(self, authorization: str | None) -> Grant:
        """Return what the bearer of an ``Authorization`` header may do.

        Raises:
            Refused: 401 for a header that is missing, malformed, forged, revoked or expired.
        """
        scheme, _, token = (authorization or "").partition(" ")
        claims = self._verify(token) if scheme.lower() == "bearer" else None
        grant = self._grants.get(claims["jti"]) if claims else None
        if grant is None:
            raise Refused(error(401, "unauthorized", "a valid bearer token is required"))
        if grant.revoked or self._clock.now() >= grant.expires_at:
            raise Refused(error(401, "token_expired", "the token has expired"))
        return grant

    def revoke(self, tokens: Collection[str] | None = None) -> None:
        """Treat these JWTs, or all minted so far, as expired from now on."""
        if tokens is None:
            chosen = list(self._grants.values())
        else:
            verified = [self._verify(token) for token in tokens]
            chosen = [self._grants[claims["jti"]] for claims in verified if claims]
        for grant in chosen:
            grant.revoked = True

    def _sign(self, claims: Mapping[str, Any]) -> str:
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        signed = f"{head}.{_encode(json.dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def _verify(self, token: str) -> dict[str, Any] | None:
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(signed).encode(), signature.encode()):
            return None
        payload = signed.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
        return claims

    def _signature(self, signed: str) -> str:
        return _encode(hmac.digest(self._secret, signed.encode(), hashlib.sha256))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
