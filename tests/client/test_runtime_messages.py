from __future__ import annotations

import json
from typing import Any

import pytest

from reactor_env.client.runtime_messages import as_documented
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Failure,
    Incoming,
    ModelMessage,
    StepReply,
)
from reactor_env.client.wire.protobuf_v1 import ProtobufWire

MODERATION: dict[str, Any] = {
    "action": "block",
    "input_kind": "text",
    "command": "prompt",
    "categories": ["a"],
    "message": "no",
}
CLIP: dict[str, Any] = {
    "session_id": "r",
    "kind": "snap",
    "start_marker": 1.5,
    "end_marker": 3.5,
    "now_marker": 4.0,
    "predicted_ready_at_ms": 1760000000000,
    "playlist_url": "/clips?a=1",
}


def binary(**message: Any) -> Incoming | None:
    return ProtobufWire().decode(CONTROL, pb.ControlServerMessage(**message).SerializeToString())


def text(kind: str, data: dict[str, Any]) -> Incoming | None:
    document = {"scope": "runtime", "data": {"type": kind, "data": data}}
    return JsonWire().decode(DATA, json.dumps(document))


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("sessionEnded", {"reason": "idle"}, {"session_ended": pb.SessionEnded(reason="idle")}),
        ("moderation", MODERATION, {"moderation": pb.Moderation(**MODERATION)}),
        ("clipReady", CLIP, {"clip_ready": pb.ClipReady(**CLIP)}),
        ("clipFailed", {"reason": "off"}, {"clip_failed": pb.ClipFailed(reason="off")}),
    ],
)
def test_a_platform_message_is_told_alike_by_both_protocols(
    kind: str, data: dict[str, Any], message: dict[str, Any]
) -> None:
    for received in (binary(**message), text(kind, data)):
        assert received is not None
        assert as_documented(received) == {"type": kind, "data": data}


def test_a_schema_is_told_in_the_documented_shape() -> None:
    received = text("modelSchema", {"openapi": "3.1.0"})
    assert received is not None
    assert as_documented(received) == {"type": "modelSchema", "data": {"openapi": "3.1.0"}}


def test_an_unknown_platform_message_is_told_raw() -> None:
    received = text("news", {"a": 1})
    assert received is not None
    assert as_documented(received) == {"type": "news", "data": {"a": 1}}


@pytest.mark.parametrize(
    "message",
    [
        ModelMessage("hit", {}),
        Ack("data_1"),
        Failure("data_1", "code", "text"),
        StepReply("data_1", 1, {}, 0.0),
    ],
    ids=lambda message: type(message).__name__,
)
def test_the_models_own_messages_and_answers_are_none_of_the_platforms(message: Incoming) -> None:
    assert as_documented(message) is None
