"""Protocol v0: the documented raw JSON messages.

v0 answers no command: neither an acknowledgement nor an error comes back, and a handler's
reply looks like any other message. Steps cannot be expressed. Source: ``platform.md`` B7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reactor_env.client.errors import GenerationModeError, ProtocolError
from reactor_env.client.types import FileRef
from reactor_env.client.wire import strict_json, values
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    ClipFailed,
    ClipReady,
    Command,
    Failure,
    Incoming,
    MediaInput,
    ModelMessage,
    Moderation,
    Outgoing,
    RuntimeMessage,
    SchemaReply,
    SessionEnded,
    check_duration,
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
        data, files = values.beside(command.data)
        inner: dict[str, Any] = {"type": command.name, "data": data}
        if files:
            inner["uploads"] = {name: values.reference(file) for name, file in files.items()}
        return _send(inner, scope="application")

    def request_step(
        self,
        commands: Sequence[Command],
        state: Mapping[str, Any],
        request_id: str,
        media: Mapping[str, MediaInput] | None = None,
    ) -> Outgoing:
        """Refuse: v0 has no step request.

        Raises:
            GenerationModeError: Always.
        """
        raise GenerationModeError(
            'a stepped session needs wire="protobuf"; the JSON protocol has no step request'
        )

    def file_uploaded(self, ref: FileRef) -> Outgoing:
        """Encode the notice that the bytes of an upload were sent."""
        return _runtime("fileUploaded", values.reference(ref))

    def request_clip(self, duration_seconds: float, request_id: str) -> Outgoing:
        """Encode a request for a clip of the last seconds; ``request_id`` is not sent.

        Raises:
            ValueError: If ``duration_seconds`` is not positive.
        """
        del request_id
        return _runtime("requestClip", {"duration_seconds": check_duration(duration_seconds)})

    def request_recording(self, request_id: str) -> Outgoing:
        """Encode a request for everything recorded so far; ``request_id`` is not sent."""
        del request_id
        return _runtime("requestRecording")

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

    def publish_track(self, name: str, request_id: str) -> Outgoing:
        """Encode the claim to an input track, which one client at a time may feed."""
        document = {
            "type": "request",
            "method": "publish_track",
            "request_id": request_id,
            "data": {"name": name},
        }
        return Outgoing(CONTROL, strict_json.dumps(document))

    def unpublish_track(self, name: str) -> Outgoing:
        """Encode the end of a claim to an input track."""
        return _notification("unpublish_track", name)

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
            document = strict_json.loads(payload)
        except ValueError as error:
            raise ProtocolError(f"expected JSON on channel {channel!r}: {error}") from error
        if not isinstance(document, dict):
            kind = type(document).__name__
            raise ProtocolError(f"expected a JSON object on channel {channel!r}, got {kind}")
        return _decode_control(document) if channel == CONTROL else _decode_data(document)


def _send(inner: dict[str, Any], *, scope: str) -> Outgoing:
    text = strict_json.dumps({"scope": scope, "data": inner})
    size = len(text.encode())
    if size > MAX_MESSAGE_SIZE:
        raise ValueError(
            f"a JSON message may have {MAX_MESSAGE_SIZE} bytes, {inner['type']!r} has {size}"
        )
    return Outgoing(DATA, text)


def _runtime(kind: str, data: Mapping[str, Any] | None = None) -> Outgoing:
    return _send({"type": kind, "data": data or {}}, scope="runtime")


def _notification(event: str, name: str) -> Outgoing:
    document = {"type": "notification", "event": event, "data": {"name": name}}
    return Outgoing(CONTROL, strict_json.dumps(document))


def _decode_data(document: dict[str, Any]) -> Incoming:
    scope = document.get("scope", "application")
    inner = document.get("data") if "scope" in document else document
    if not isinstance(inner, dict) or not isinstance(inner.get("type"), str):
        raise ProtocolError(
            f"expected {{'type', 'data'}} in scope {scope!r:.80}, got {inner!r:.200}"
        )
    kind = inner["type"]
    data = inner.get("data")
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ProtocolError(f"expected an object as data of {kind!r:.80}, got {data!r:.200}")
    if scope == "application":
        return ModelMessage(kind, data)
    match kind:
        case "modelSchema":
            return SchemaReply("", data)
        case "sessionEnded":
            return SessionEnded(_text(data, "reason"))
        case "moderation":
            return _moderation(data)
        case "clipReady":
            return _clip_ready(data)
        case "clipFailed":
            return ClipFailed("", _text(data, "reason"))
    return RuntimeMessage(kind, data)


def _moderation(data: dict[str, Any]) -> Moderation:
    categories = data.get("categories")
    if categories is None:
        categories = []
    if not isinstance(categories, list) or not all(isinstance(word, str) for word in categories):
        raise ProtocolError(f"expected a list of strings as categories, got {categories!r:.200}")
    return Moderation(
        action=_text(data, "action"),
        input_kind=_text(data, "input_kind"),
        command=_text(data, "command"),
        categories=tuple(categories),
        message=_text(data, "message"),
    )


def _clip_ready(data: dict[str, Any]) -> ClipReady:
    return ClipReady(
        request_id="",
        session_id=_text(data, "session_id"),
        kind=_text(data, "kind"),
        start_marker=_number(data, "start_marker"),
        end_marker=_number(data, "end_marker"),
        now_marker=_number(data, "now_marker"),
        predicted_ready_at_ms=int(_number(data, "predicted_ready_at_ms")),
        playlist_url=_text(data, "playlist_url"),
    )


def _decode_control(document: dict[str, Any]) -> Incoming | None:
    if document.get("type") != "response":
        return None
    request_id = _text(document, "request_id")
    error = document.get("error")
    if error is None:
        return Ack(request_id)
    if not isinstance(error, dict):
        raise ProtocolError(f"expected {{'code', 'message'}} as error, got {error!r:.200}")
    return Failure(request_id, _text(error, "code"), _text(error, "message"))


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ProtocolError(f"expected a string as {key}, got {value!r:.200}")
    return value


def _number(data: dict[str, Any], key: str) -> float:
    value = data.get(key)
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ProtocolError(f"expected a number as {key}, got {value!r:.200}")
    return float(value)
