"""How a client is to behave: the constructor's arguments, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from reactor_env.client.coordinator.local import LOCAL_URL
from reactor_env.client.coordinator.parsing import parse_track
from reactor_env.client.coordinator.tokens import (
    HOSTED_URL,
    MAX_SESSION_SECONDS,
    check_credential,
)
from reactor_env.client.errors import ProtocolError
from reactor_env.client.network import IceTransportPolicy
from reactor_env.client.types import Generation, TrackCapability, WireName

WIRES: tuple[WireName, ...] = ("protobuf", "json")
GENERATIONS: tuple[Generation, ...] = ("streamed", "stepped")
ICE_POLICIES: tuple[IceTransportPolicy, ...] = ("all", "relay")

LOCAL_CONNECT_TIMEOUT_S = 60.0
HOSTED_CONNECT_TIMEOUT_S = 300.0
"""Waiting for a GPU is part of connecting."""


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """The arguments of :class:`~reactor_env.client.Reactor`, under their own names.

    Raises:
        ValueError: If one of them cannot be, or they exclude each other.
    """

    model_name: str
    api_key: str | None = field(repr=False)
    api_url: str
    local: bool
    jwt: str | None = field(repr=False)
    wire: WireName
    generation: Generation
    model_tracks: Sequence[TrackCapability | Mapping[str, Any]] | None
    auto_resume_tracks: bool
    max_session_duration_seconds: int | None
    ice_transport_policy: IceTransportPolicy
    connect_timeout: float | None
    command_timeout: float

    def __post_init__(self) -> None:
        """Check every argument."""
        _check_choice("wire", self.wire, WIRES)
        _check_choice("generation", self.generation, GENERATIONS)
        _check_choice("ice_transport_policy", self.ice_transport_policy, ICE_POLICIES)
        if self.generation == "stepped" and self.wire == "json":
            raise ValueError('`generation="stepped"` needs `wire="protobuf"`, got `wire="json"`')
        _check_seconds("connect_timeout", self.connect_timeout_s)
        _check_seconds("command_timeout", self.command_timeout)
        _check_address("api_url", self.api_url)
        if not self.local:
            for name, value in (("api_key", self.api_key), ("jwt", self.jwt)):
                if value:  # whether there is one at all matters to connect() only
                    check_credential(name, value)
        self._check_limit()
        _ = self.tracks

    def _check_limit(self) -> None:
        limit = self.max_session_duration_seconds
        if limit is None:
            return
        whole = isinstance(limit, int) and not isinstance(limit, bool)
        if not whole or not 1 <= limit <= MAX_SESSION_SECONDS:
            raise ValueError(
                f"`max_session_duration_seconds` must be a whole number, 1 to "
                f"{MAX_SESSION_SECONDS}, got {limit!r}"
            )
        if self.local or self.jwt:
            raise ValueError(
                "`max_session_duration_seconds` is asked for with a token made from `api_key`, "
                f"so it cannot go with {'`local=True`' if self.local else '`jwt`'}"
            )

    @property
    def url(self) -> str:
        """Where the service, or the local runtime, is."""
        return LOCAL_URL if self.local and self.api_url == HOSTED_URL else self.api_url

    @property
    def connect_timeout_s(self) -> float:
        """Seconds connecting may take."""
        if self.connect_timeout is not None:
            return self.connect_timeout
        return LOCAL_CONNECT_TIMEOUT_S if self.local else HOSTED_CONNECT_TIMEOUT_S

    @property
    def tracks(self) -> tuple[TrackCapability, ...] | None:
        """The tracks to use instead of those the server tells, ``None`` for the server's."""
        return None if self.model_tracks is None else tuple(map(_as_track, self.model_tracks))


def _check_choice(name: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {value!r}")


def _check_address(name: str, address: str) -> None:
    """Refuse an address that no request can go to, or that would show a secret in errors."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, TypeError):
        # Nor is the reason given: it repeats parts of the address.
        raise ValueError(f"`{name}` must be an http or https address, got none") from None
    if url.userinfo or url.query or url.fragment:
        raise ValueError(f"`{name}` must have no user name, query or fragment, got one that has")
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError(f"`{name}` must be an http or https address, got {address!r}")


def _check_seconds(name: str, seconds: float) -> None:
    if not isinstance(seconds, int | float) or not seconds > 0:
        raise ValueError(f"`{name}` must be a positive number of seconds, got {seconds!r}")


def _as_track(described: TrackCapability | Mapping[str, Any]) -> TrackCapability:
    if isinstance(described, TrackCapability):
        return described
    if not isinstance(described, Mapping):
        raise ValueError(
            f"`model_tracks` must hold TrackCapability values or mappings, got {described!r:.200}"
        )
    try:
        return parse_track(described)
    except ProtocolError as error:
        raise ValueError(f"`model_tracks`: {error}") from None
