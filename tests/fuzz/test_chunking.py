"""The frames of a chunked channel: cut up, mixed up, and too many."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import ProtocolError
from reactor_env.client.wire.chunking import MORE, TEXT, Reassembler, encode

LIMIT = 64 * 1024 * 1024
PIECE = bytes([MORE]) + bytes(64 * 1024 - 1)

MESSAGES = st.lists(st.binary(max_size=40) | st.text(max_size=20), min_size=1, max_size=5)


def fed(frames: list[bytes], limit: int = 1000) -> list[bytes | str]:
    """Return the messages that came out before the channel could not be trusted any more."""
    reassembler = Reassembler(limit)
    messages: list[bytes | str] = []
    for frame in frames:
        try:
            message = reassembler.feed(frame)
        except ProtocolError:
            return messages
        if message is not None:
            messages.append(message)
    return messages


def cut(messages: list[bytes | str], sizes: list[int]) -> list[bytes]:
    return [
        frame
        for index, message in enumerate(messages)
        for frame in encode(message, frame_size=sizes[index % len(sizes)])
    ]


@given(messages=MESSAGES, sizes=st.lists(st.integers(2, 50), min_size=1))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[bytes | str], sizes: list[int]
) -> None:
    assert fed(cut(messages, sizes)) == messages


@given(messages=MESSAGES, sizes=st.lists(st.integers(2, 8), min_size=1), data=st.data())
def test_a_changed_header_ends_the_channel_or_moves_a_boundary(
    messages: list[bytes | str], sizes: list[int], data: st.DataObject
) -> None:
    frames = cut(messages, sizes)
    index = data.draw(st.integers(0, len(frames) - 1))
    header = data.draw(st.integers(0, 255))
    frames[index] = bytes([header]) + frames[index][1:]
    received = fed(frames)
    sent = [m.encode() if isinstance(m, str) else m for m in messages]
    got = [m.encode() if isinstance(m, str) else m for m in received]
    assert b"".join(sent).startswith(b"".join(got))
    if header > MORE | TEXT:
        assert len(got) <= len(cut(messages, sizes)[:index])


@given(messages=MESSAGES, sizes=st.lists(st.integers(2, 8), min_size=1), seed=st.randoms())
def test_frames_out_of_order_give_nothing_that_was_not_in_them(
    messages: list[bytes | str], sizes: list[int], seed: object
) -> None:
    frames = cut(messages, sizes)
    seed.shuffle(frames)  # type: ignore[attr-defined]
    total = sum(len(frame) - 1 for frame in frames)
    got = [m.encode() if isinstance(m, str) else m for m in fed(frames)]
    assert sum(map(len, got)) <= total
    assert len(got) <= len(frames)


@pytest.mark.parametrize("kind", [0, TEXT])
def test_a_message_of_70_mb_in_pieces_is_dropped_at_bounded_cost_and_the_next_one_read(
    kind: int,
) -> None:
    reassembler = Reassembler(LIMIT)
    piece = bytes([MORE | kind]) + bytes(len(PIECE) - 1)
    tracemalloc.start()
    try:
        for _ in range(70_000_000 // (len(piece) - 1)):
            assert reassembler.feed(piece) is None
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 1_000_000
    assert peak < 1.3 * LIMIT
    assert reassembler.feed(bytes([kind]) + b"end") is None
    assert reassembler.feed(b"\x00next") == b"next"


def test_pieces_without_contents_cost_nothing() -> None:
    reassembler = Reassembler(LIMIT)
    tracemalloc.start()
    try:
        for _ in range(100_000):
            reassembler.feed(bytes([MORE]))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000
    assert reassembler.feed(b"\x00end") == b"end"
