from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import ProtocolError
from reactor_env.client.wire.chunking import (
    DEFAULT_FRAME_SIZE,
    MORE,
    TEXT,
    Reassembler,
    encode,
)

MESSAGES = st.binary(max_size=300) | st.text(max_size=100)
FRAME_SIZES = st.integers(2, 80)


def joined(frames: list[bytes], limit: int = 1 << 20) -> list[bytes | str | None]:
    reassembler = Reassembler(limit)
    return [reassembler.feed(frame) for frame in frames]


@given(messages=st.lists(MESSAGES, min_size=1, max_size=3), frame_size=FRAME_SIZES)
def test_messages_come_out_as_they_went_in(messages: list[bytes | str], frame_size: int) -> None:
    frames = [frame for message in messages for frame in encode(message, frame_size=frame_size)]
    assert [message for message in joined(frames) if message is not None] == messages


@given(message=MESSAGES, frame_size=FRAME_SIZES)
def test_no_frame_is_larger_than_the_frame_size(message: bytes | str, frame_size: int) -> None:
    frames = list(encode(message, frame_size=frame_size))
    assert all(1 <= len(frame) <= frame_size for frame in frames)
    # All but the last are full: no message takes more frames than it needs.
    assert all(len(frame) == frame_size for frame in frames[:-1])


@given(message=MESSAGES, frame_size=FRAME_SIZES)
def test_every_frame_but_the_last_says_more(message: bytes | str, frame_size: int) -> None:
    flags = [frame[0] for frame in encode(message, frame_size=frame_size)]
    kind = TEXT if isinstance(message, str) else 0
    assert flags == [kind | MORE] * (len(flags) - 1) + [kind]


def test_a_message_that_fills_its_frame_exactly_is_one_frame() -> None:
    assert list(encode(b"abc", frame_size=4)) == [b"\x00abc"]


def test_an_empty_message_is_one_header() -> None:
    assert list(encode(b"")) == [b"\x00"]
    assert list(encode("")) == [b"\x02"]


def test_by_default_a_frame_fits_a_plain_channel() -> None:
    sizes = [len(frame) for frame in encode(bytes(100_000))]
    assert sizes == [DEFAULT_FRAME_SIZE, 100_000 + 2 - DEFAULT_FRAME_SIZE]


def test_a_frame_size_without_room_for_a_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="`frame_size` must be at least 2 bytes, got 1"):
        list(encode(b"a", frame_size=1))


def test_a_character_may_be_cut_between_two_frames() -> None:
    frames = list(encode("ä", frame_size=2))
    assert frames == [b"\x03\xc3", b"\x02\xa4"]
    assert joined(frames) == [None, "ä"]


def test_a_message_of_exactly_the_limit_is_kept() -> None:
    assert joined(list(encode(b"abcd", frame_size=3)), limit=4) == [None, b"abcd"]


def test_an_oversize_message_is_dropped_and_the_next_one_read() -> None:
    frames = [*encode(b"abcde", frame_size=3), *encode("next", frame_size=80)]
    assert joined(frames, limit=4) == [None, None, None, "next"]


def test_an_oversize_message_in_one_frame_is_dropped() -> None:
    assert joined([b"\x00abcde", b"\x00ab"], limit=4) == [None, b"ab"]


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        pytest.param(1 << 20, 700_000, id="a message in tiny frames takes little more than itself"),
        pytest.param(4, 10_000, id="an oversize message takes nothing"),
    ],
)
def test_frames_take_no_memory_of_their_own(limit: int, most: int) -> None:
    reassembler = Reassembler(limit)
    frame = b"\x01abc"
    tracemalloc.start()
    try:
        for _ in range(100_000):
            reassembler.feed(frame)
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        pytest.param(["text"], "got a text one", id="text frame"),
        pytest.param([b""], "got an empty frame", id="empty frame"),
        pytest.param([b"\x04abc"], "got header byte 0x04", id="version 1"),
        pytest.param([b"\x80abc"], "got header byte 0x80", id="version 32"),
        pytest.param([b"\x03a", b"\x00b"], "disagree on text or binary", id="text then binary"),
        pytest.param([b"\x01a", b"\x02b"], "disagree on text or binary", id="binary then text"),
        pytest.param([b"\x02\xff"], "not UTF-8", id="invalid UTF-8"),
        pytest.param([b"\x03\xc3", b"\x02b"], "not UTF-8", id="invalid UTF-8 across frames"),
    ],
)
def test_a_frame_that_breaks_the_framing_is_an_error(
    frames: list[bytes | str], reason: str
) -> None:
    reassembler = Reassembler(100)
    for frame in frames[:-1]:
        assert reassembler.feed(frame) is None
    with pytest.raises(ProtocolError, match=reason):
        reassembler.feed(frames[-1])


def test_the_kind_may_change_from_one_message_to_the_next() -> None:
    assert joined([b"\x02a", b"\x00b", b"\x02c"]) == ["a", b"b", "c"]


@given(frames=st.lists(st.binary(max_size=6), max_size=8))
def test_any_frames_give_messages_or_a_protocol_error(frames: list[bytes]) -> None:
    reassembler = Reassembler(8)
    for frame in frames:
        try:
            message = reassembler.feed(frame)
        except ProtocolError:
            return
        assert message is None or len(message) <= 8
