"""Platform messages in the documented shape, which is that of the JSON protocol.

Source: ``platform.md`` B7. Both protocols' messages look alike to a ``runtime_message`` handler.
"""

from __future__ import annotations

from typing import Any

from reactor_env.client.wire.messages import (
    ClipFailed,
    ClipReady,
    Incoming,
    Moderation,
    RuntimeMessage,
    SchemaReply,
    SessionEnded,
)


def as_documented(message: Incoming) -> dict[str, Any] | None:
    """Return ``{"type": ..., "data": {...}}``, or ``None`` for what is no platform message."""
    kind: str
    data: dict[str, Any]
    match message:
        case SessionEnded():
            kind, data = "sessionEnded", {"reason": message.reason}
        case SchemaReply():
            kind, data = "modelSchema", message.openapi
        case Moderation():
            kind = "moderation"
            data = {
                "action": message.action,
                "input_kind": message.input_kind,
                "command": message.command,
                "categories": list(message.categories),
                "message": message.message,
            }
        case ClipReady():
            kind = "clipReady"
            data = {
                "session_id": message.session_id,
                "kind": message.kind,
                "start_marker": message.start_marker,
                "end_marker": message.end_marker,
                "now_marker": message.now_marker,
                "predicted_ready_at_ms": message.predicted_ready_at_ms,
                "playlist_url": message.playlist_url,
            }
        case ClipFailed():
            kind, data = "clipFailed", {"reason": message.reason}
        case RuntimeMessage():
            kind, data = message.type, message.data
        case _:
            return None
    return {"type": kind, "data": data}
