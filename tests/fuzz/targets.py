"""Everything a server can send, as functions of bytes that let only documented errors out.

Each target feeds arbitrary bytes to one reader of the client and checks what must hold whatever
they were. ``test_bytes.py`` calls them with Hypothesis, ``harness.py`` with Atheris.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

from aiortc.rtp import RtpPacket
from aiortc.sdp import candidate_from_sdp

from reactor_env.client import sdp
from reactor_env.client.coordinator.parsing import parse_session
from reactor_env.client.errors import ProtocolError
from reactor_env.client.jitter import CAPACITY, FrameAssembler, is_key_frame
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.video import parse_metadata
from reactor_env.client.wire.chunking import Reassembler
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import CONTROL, DATA, Channel
from reactor_env.client.wire.protobuf_v1 import ProtobufWire
from reactor_env.client.wire.trailer import split_trailer
from tests.fuzz.edits import document, edited

MESSAGE_LIMIT = 1000
SCHEMA = document("schema.json")
SESSION = document("session.json")
DATA_MESSAGES: tuple[Any, ...] = (
    {"scope": "application", "data": {"type": "chunk_complete", "data": {"frames": 12.0}}},
    {"scope": "runtime", "data": {"type": "modelSchema", "data": SCHEMA}},
    {
        "scope": "runtime",
        "data": {
            "type": "clipReady",
            "data": {
                "session_id": "s",
                "kind": "snap",
                "start_marker": 1.0,
                "end_marker": 3.0,
                "now_marker": 3.5,
                "predicted_ready_at_ms": 1e12,
                "playlist_url": "/clips?session_id=s",
            },
        },
    },
    {"scope": "runtime", "data": {"type": "clipFailed", "data": {"reason": "recorder disabled"}}},
    {
        "scope": "runtime",
        "data": {
            "type": "moderation",
            "data": {
                "action": "terminate",
                "input_kind": "text",
                "command": "set_prompt",
                "categories": ["violence"],
                "message": "no",
            },
        },
    },
    {"scope": "runtime", "data": {"type": "sessionEnded", "data": {"reason": "expired"}}},
)
CONTROL_MESSAGES: tuple[Any, ...] = (
    {"type": "response", "method": "publish_track", "request_id": "ctrl_1", "data": {}},
    {
        "type": "response",
        "method": "publish_track",
        "request_id": "ctrl_1",
        "error": {"code": "publish_refused", "message": "taken"},
    },
)
_PACKETS = struct.Struct("<BhiB")


def protobuf_data(data: bytes) -> None:
    with suppress(ProtocolError):
        ProtobufWire().decode(DATA, data)


def protobuf_control(data: bytes) -> None:
    with suppress(ProtocolError):
        ProtobufWire().decode(CONTROL, data)


def json_data(data: bytes) -> None:
    for payload in (data, _text(data)):
        with suppress(ProtocolError):
            JsonWire().decode(DATA, payload)


def json_control(data: bytes) -> None:
    for payload in (data, _text(data)):
        with suppress(ProtocolError):
            JsonWire().decode(CONTROL, payload)


def chunking(data: bytes) -> None:
    """Each frame is preceded by its length in one byte."""
    reassembler = Reassembler(MESSAGE_LIMIT)
    with suppress(ProtocolError):
        while data:
            size, data = data[0], data[1:]
            message = reassembler.feed(data[:size])
            data = data[size:]
            if message is not None:
                body = message.encode() if isinstance(message, str) else message
                assert len(body) <= MESSAGE_LIMIT


def trailer(data: bytes) -> None:
    frame, found = split_trailer(data)
    assert data.startswith(frame)
    assert (found is None) == (frame == data)
    parse_metadata(data)
    if frame:
        for codec in ("VP8", "H264"):
            is_key_frame(codec, frame)


def session_description(data: bytes) -> None:
    text = _text(data)
    repaired = sdp.repair_answer(text)
    assert sdp.repair_answer(repaired) == repaired
    limit = sdp.chunking_limit(text)
    assert limit is None or limit >= 0
    sdp.accepts_frame_metadata(text)
    usable, _ = sdp.drop_unusable_candidates(text)
    assert sdp.drop_unusable_candidates(usable) == (usable, [])
    for line in usable.splitlines():
        if line.startswith("a=candidate:"):
            candidate_from_sdp(line.removeprefix("a=candidate:"))


def assembler(data: bytes) -> None:
    """Any packets at all, in any order: eight bytes of the input are up to 128 packets in a row."""
    clock = count()
    frames = FrameAssembler(lambda _type: "VP8", clock=lambda: next(clock) / 100)
    number = timestamp = 0
    for flags, step, ticks, head in _PACKETS.iter_unpack(data[: len(data) // 8 * 8]):
        timestamp = (timestamp + ticks) % 2**32
        for i in range(1 << (flags >> 3 & 7)):
            number = (number + (1 if i else step)) % 65536
            packet = RtpPacket(
                payload_type=97, marker=flags & 1, sequence_number=number, timestamp=timestamp
            )
            packet.ssrc = flags >> 6
            part = bytes([head, 0, 0, 0x9D, 1, 0x2A])[: 3 * (flags >> 1 & 3)]
            packet._data = part  # type: ignore[attr-defined]
            _, frame = frames.add(packet)
            while frame is not None:
                assert frame.data
                frame = frames.pop()
            assert len(frames._packets) <= CAPACITY


def schema(data: bytes) -> None:
    described = edited(SCHEMA, data)
    if isinstance(described, dict):
        with suppress(ProtocolError):
            parse_schema(described)


def session(data: bytes) -> None:
    described = edited(SESSION, data)
    if isinstance(described, dict):
        with suppress(ProtocolError):
            parse_session(described)


def json_messages(data: bytes) -> None:
    """The messages of ``platform.md`` B7 with parts of them replaced."""
    if not data:
        return
    channel: Channel = CONTROL if data[0] & 1 else DATA
    messages = CONTROL_MESSAGES if channel == CONTROL else DATA_MESSAGES
    message = edited(messages[data[0] // 2 % len(messages)], data[1:])
    with suppress(ProtocolError):
        JsonWire().decode(channel, json.dumps(message))


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "assembler": assembler,
    "chunking": chunking,
    "json_control": json_control,
    "json_data": json_data,
    "json_messages": json_messages,
    "protobuf_control": protobuf_control,
    "protobuf_data": protobuf_data,
    "schema": schema,
    "sdp": session_description,
    "session": session,
    "trailer": trailer,
}
