"""Session descriptions, local or hosted, read into values. Source: ``platform.md`` A6, B3, B4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reactor_env.client.errors import ProtocolError
from reactor_env.client.types import (
    Capabilities,
    CommandCapability,
    CreateSessionResponse,
    ModelInfo,
    ServerInfo,
    TrackCapability,
    TransportInfo,
)

_MOST_FPS = 1e6


def parse_session(described: Mapping[str, Any]) -> CreateSessionResponse:
    """Read a session description.

    Args:
        described: The server's JSON object. Fields that are missing are left empty.

    Raises:
        ProtocolError: If a field is of another kind than the protocol says.
    """
    transport = _mapping(described, "selected_transport")
    model = _mapping(described, "model")
    server = _mapping(described, "server_info")
    generation = described.get("generation")
    return CreateSessionResponse(
        session_id=_text(described, "session_id"),
        selected_transport=TransportInfo(_text(transport, "protocol"), _text(transport, "version"))
        if transport
        else None,
        model=ModelInfo(_text(model, "name"), _text(model, "version") or None),
        capabilities=parse_capabilities(_mapping(described, "capabilities")),
        state=_text(described, "state"),
        generation=generation if generation in ("streamed", "stepped") else None,
        server_info=ServerInfo(_text(server, "server_version")) if server else None,
        cluster=_text(described, "cluster") or None,
    )


def parse_capabilities(offered: Mapping[str, Any]) -> Capabilities:
    """Read the ``capabilities`` of a session description.

    Raises:
        ProtocolError: If a field is of another kind than the protocol says.
    """
    return Capabilities(
        protocol_version=_text(offered, "protocol_version"),
        tracks=_each(offered, "tracks", parse_track),
        commands=_each(offered, "commands", _command),
        emission_fps=_rate(offered, "emission_fps"),
    )


def parse_track(described: Mapping[str, Any]) -> TrackCapability:
    """Read one track: ``{"name", "kind", "direction"}``.

    Raises:
        ProtocolError: If it has no name, or kind or direction are none of the protocol's.
    """
    name, kind, direction = (_text(described, key) for key in ("name", "kind", "direction"))
    if name and kind in ("video", "audio") and direction in ("recvonly", "sendonly"):
        return TrackCapability(name, kind, direction)  # type: ignore[arg-type]
    raise ProtocolError(
        "expected a track with a `name`, `kind` video or audio and `direction` recvonly or "
        f"sendonly, got {described!r:.200}"
    )


def _command(described: Mapping[str, Any]) -> CommandCapability:
    schema = described.get("schema")
    return CommandCapability(
        _text(described, "name"),
        _text(described, "description"),
        schema if isinstance(schema, Mapping) else None,
    )


def _each[T](
    holder: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], T]
) -> tuple[T, ...]:
    listed = holder.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise ProtocolError(f"expected `{key}` to be a list of objects, got {listed!r:.200}")
    return tuple(read(entry) for entry in listed)


def _rate(holder: Mapping[str, Any], key: str) -> float | None:
    value = holder.get(key)
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= _MOST_FPS:
        raise ProtocolError(f"expected `{key}` to be a number, 0 to 1e6, got {value!r:.100}")
    return float(value) or None


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ProtocolError(f"expected `{key}` to be an object, got {value!r:.200}")
    return value


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProtocolError(f"expected `{key}` to be a string, got {value!r:.200}")
    return value
