"""Well-formed protobuf messages with arbitrary contents."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import ProtocolError
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import CONTROL, DATA, ModelMessage, StepReply
from reactor_env.client.wire.protobuf_v1 import ProtobufWire
from reactor_env.client.wire.trailer import split_trailer

DEPTH = 4
WORDS = st.sampled_from(["uint8", "float32", "V1048576", "O", "main_video", "commands[0]"])
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2) | st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: WORDS | st.text(max_size=10),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=12),
    FieldDescriptor.TYPE_ENUM: st.integers(0, 4) | st.integers(-(2**31), 2**31 - 1),
}


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


@st.composite
def filled[M: Message](draw: st.DrawFn, message: M, depth: int = DEPTH) -> M:
    """Fill a message, and what is in it, with anything its fields can hold."""
    fields: list[Any] = list(message.DESCRIPTOR.fields)
    chosen = draw(st.lists(st.sampled_from(fields), max_size=4)) if fields else []
    for field in chosen:
        if is_map(field):
            holder = getattr(message, field.name)
            draw(filled(holder[draw(st.text(max_size=3))], depth - 1))
        elif field.message_type is not None and depth:
            inner = getattr(message, field.name)
            repeats = range(draw(st.integers(0, 2))) if field.is_repeated else (None,)
            for _ in repeats:
                part = inner.add() if field.is_repeated else inner
                part.SetInParent()
                draw(filled(part, depth - 1))
        elif field.message_type is None:
            values = SCALARS[field.type]
            if field.is_repeated:
                getattr(message, field.name).extend(draw(st.lists(values, max_size=4)))
            else:
                setattr(message, field.name, draw(values))
    return message


@given(st.data())
def test_any_message_on_the_data_channel_is_read_or_refused(data: st.DataObject) -> None:
    payload = data.draw(filled(pb.DataServerMessage())).SerializeToString()
    with suppress(ProtocolError):
        ProtobufWire().decode(DATA, payload)


@given(st.data())
def test_any_message_on_the_control_channel_is_read_or_refused(data: st.DataObject) -> None:
    payload = data.draw(filled(pb.ControlServerMessage())).SerializeToString()
    with suppress(ProtocolError):
        ProtobufWire().decode(CONTROL, payload)


@given(st.data())
def test_any_step_result_is_read_or_refused(data: st.DataObject) -> None:
    result = data.draw(filled(pb.StepResult()))
    payload = pb.DataServerMessage(step_result=result).SerializeToString()
    with suppress(ProtocolError):
        reply = ProtobufWire().decode(DATA, payload)
        assert isinstance(reply, StepReply)
        for frames in reply.tracks.values():
            assert not any(frame.array.flags.writeable for frame in frames)


@given(frame=st.binary(max_size=20), data=st.data(), error=st.integers(-300, 2**32 - 1))
def test_a_trailer_that_lies_about_its_length_never_adds_to_the_frame(
    frame: bytes, data: st.DataObject, error: int
) -> None:
    body = data.draw(filled(pb.FrameTrailer())).SerializeToString()
    claimed = (len(body) + error) % 2**32
    whole = frame + body + claimed.to_bytes(4, "little") + b"RXMT"
    picture, _ = split_trailer(whole)
    assert whole.startswith(picture)


def submessage(number: int, payload: bytes) -> bytes:
    """Return a field that holds a message, or bytes."""
    size = len(payload)
    length = bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2]) + bytes([*length, size]) + payload


@pytest.mark.parametrize("depth", [10, 30, 33, 50, 100, 10_000])
def test_an_object_nested_deeply_is_read_or_refused(depth: int) -> None:
    struct = b""
    for _ in range(depth):
        value = submessage(5, struct)
        struct = submessage(1, submessage(1, b"x") + submessage(2, value))
    payload = submessage(10, submessage(1, b"deep") + submessage(2, struct))
    if depth < 30:
        assert isinstance(ProtobufWire().decode(DATA, payload), ModelMessage)
    with suppress(ProtocolError):
        ProtobufWire().decode(DATA, payload)
