"""Protocol v0: the documented raw JSON messages.

v0 answers no command: neither an acknowledgement nor an error comes back, and a handler's
reply looks like any other message. Steps cannot be expressed. Source: ``platform.md`` B7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reactor_env.client.errors import GenerationModeError, ProtocolError
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    Command,
    Failure,
    Incoming,
    ModelMessage,
    Moderation,
    Outgoing,
    RuntimeMessage,
    SchemaReply,
    SessionEnded,
)

MAX_MESSAGE_SIZE = 256 * 1024
"""Bytes one v0 message may have."""


class JsonWire:
    """Codec of protocol v0; see :class:`reactor_env.client.wire.messages.Wire`."""

    answers_commands = False

    def ping(self) -> Outgoing:
        """Encode the keep-alive ping."""
        return _runtime("ping")

    def command(self, command: Command, request_id: str) -> Outgoing:
        """Encode a command; ``request_id`` has no place in v0 and is not sent.

        Raises:
            ValueError: If the data holds something JSON cannot express, or is larger than
                :data:`MAX_MESSAGE_SIZE`.
        """
        del request_id
        return _send({"type": command.name, "data": dict(command.data)}, scope="application")

    def request_step(
        self, commands: Sequence[Command], state: Mapping[str, Any], request_id: str
    ) -> Outgoing:
        """Refuse: v0 has no step request.

        Raises:
            GenerationModeError: Always.
        """
        raise GenerationModeError(
            'a stepped session needs wire="protobuf"; the JSON protocol has no step request'
        )

    def request_schema(self, request_id: str) -> Outgoing:
        """Encode a request for the model's OpenAPI document."""
        del request_id
        return _runtime("requestSchema")

    def resume_track(self, name: str) -> Outgoing:
        """Encode the subscription to an output track."""
        return _notification("resume_track", name)

    def pause_track(self, name: str) -> Outgoing:
        """Encode the end of a subscription to an output track."""
        return _notification("pause_track", name)

    def decode(self, channel: Channel, payload: bytes | str) -> Incoming | None:
        """Read one message from the server.

        Args:
            channel: Where it came from.
            payload: The message, text or UTF-8 bytes.

        Returns:
            What it says, or ``None`` for a notification this client does not use.

        Raises:
            ProtocolError: If it is not a JSON object of the documented shape.
        """
        try:
            document = json.loads(payload)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"expected JSON on channel {channel!r}: {error}") from error
        if not isinstance(document, dict):
            kind = type(document).__name__
            raise ProtocolError(f"expected a JSON object on channel {channel!r}, got {kind}")
        return _decode_control(document) if channel == CONTROL else _decode_data(document)


def _send(inner: dict[str, Any], *, scope: str) -> Outgoing:
    try:
        text = json.dumps({"scope": scope, "data": inner}, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the data of {inner['type']!r} is not JSON: {error}") from error
    size = len(text.encode())
    if size > MAX_MESSAGE_SIZE:
        raise ValueError(
            f"a JSON message may have {MAX_MESSAGE_SIZE} bytes, {inner['type']!r} has {size}"
        )
    return Outgoing(DATA, text)


def _runtime(kind: str) -> Outgoing:
    return _send({"type": kind, "data": {}}, scope="runtime")


def _notification(event: str, name: str) -> Outgoing:
    document = {"type": "notification", "event": event, "data": {"name": name}}
    return Outgoing(CONTROL, json.dumps(document, separators=(",", ":")))


def _decode_data(document: dict[str, Any]) -> Incoming:
    scope = document.get("scope", "application")
    inner = document.get("data") if "scope" in document else document
    if not isinstance(inner, dict) or not isinstance(inner.get("type"), str):
        raise ProtocolError(f"expected {{'type', 'data'}} in scope {scope!r}, got {inner!r:.200}")
    kind, data = inner["type"], inner.get("data") or {}
    if not isinstance(data, dict):
        raise ProtocolError(f"expected an object as data of {kind!r}, got {data!r:.200}")
    if scope == "application":
        return ModelMessage(kind, data)
    if kind == "modelSchema":
        return SchemaReply("", data)
    if kind == "sessionEnded":
        return SessionEnded(str(data.get("reason", "")))
    if kind == "moderation":
        categories = data.get("categories")
        return Moderation(
            action=str(data.get("action", "")),
            input_kind=str(data.get("input_kind", "")),
            command=str(data.get("command", "")),
            categories=tuple(map(str, categories)) if isinstance(categories, list) else (),
            message=str(data.get("message", "")),
        )
    return RuntimeMessage(kind, data)


def _decode_control(document: dict[str, Any]) -> Incoming | None:
    if document.get("type") != "response":
        return None
    request_id = str(document.get("request_id") or "")
    error = document.get("error")
    if error is None:
        return Ack(request_id)
    if not isinstance(error, dict):
        raise ProtocolError(f"expected {{'code', 'message'}} as error, got {error!r:.200}")
    return Failure(request_id, str(error.get("code", "")), str(error.get("message", "")))
