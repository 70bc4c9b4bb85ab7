from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import av
import numpy as np
import pytest

from reactor_env.client.errors import SessionLostError
from reactor_env.client.video import SLOT_DEPTH, FrameSlot, VideoFrame, parse_metadata
from reactor_env.client.wire.trailer import FrameTrailer

TIMEOUT_S = 10.0
PICTURE = np.zeros((4, 6, 3), np.uint8)


def frame(sequence: int, user_data: bytes | None = None) -> VideoFrame:
    trailer = None if user_data is None else FrameTrailer(sequence, 77, user_data)
    return VideoFrame(PICTURE, trailer, 0, sequence)


def filled(*sequences: int) -> FrameSlot:
    slot = FrameSlot()
    for sequence in sequences:
        slot.put(frame(sequence))
    return slot


def any_frame(_frame: VideoFrame) -> bool:
    return True


def sequence_of(found: VideoFrame | None) -> int | None:
    return None if found is None else found.sequence


def waiting(slot: FrameSlot, wanted: int) -> Future[VideoFrame | None]:
    """Wait on another thread for a frame; returns once that thread has looked for it."""
    future: Future[VideoFrame | None] = Future()
    looked = threading.Event()

    def accept(candidate: VideoFrame) -> bool:
        looked.set()
        return candidate.sequence == wanted

    def run() -> None:
        try:
            # Longer than anyone waits for the result: it must be woken.
            future.set_result(slot.wait(accept, 10 * TIMEOUT_S))
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    assert looked.wait(TIMEOUT_S)
    return future


# -- the slot -----------------------------------------------------------------------------------


def test_waiting_takes_the_oldest_frame_that_is_accepted() -> None:
    slot = filled(1, 2, 3)
    assert sequence_of(slot.wait(lambda f: f.sequence > 1, 0)) == 2


def test_waiting_takes_the_newest_frame_where_that_is_asked_for() -> None:
    slot = filled(1, 2, 3)
    assert sequence_of(slot.wait(lambda f: f.sequence < 3, 0, newest=True)) == 2


def test_a_frame_may_be_taken_twice() -> None:
    slot = filled(1)
    assert slot.wait(any_frame, 0) is slot.wait(any_frame, 0)


def test_waiting_ends_with_none_when_the_time_is_over() -> None:
    assert filled(1).wait(lambda f: f.sequence == 9, 0.01) is None


def test_a_frame_wakes_who_waits_for_it() -> None:
    slot = filled(1)
    future = waiting(slot, 3)
    slot.put(frame(2))
    slot.put(frame(3))
    assert sequence_of(future.result(TIMEOUT_S)) == 3


def test_closing_wakes_who_waits() -> None:
    slot = filled(1)
    future = waiting(slot, 9)
    slot.close(SessionLostError("gone"))
    with pytest.raises(SessionLostError, match="gone"):
        future.result(TIMEOUT_S)


def test_a_closed_slot_still_gives_the_frames_it_has() -> None:
    slot = filled(1)
    slot.close(SessionLostError("gone"))
    assert sequence_of(slot.wait(any_frame, 0)) == 1
    with pytest.raises(SessionLostError):
        slot.wait(lambda f: f.sequence == 2, TIMEOUT_S)


def test_the_first_reason_for_closing_counts() -> None:
    slot = FrameSlot()
    slot.close(SessionLostError("first"))
    slot.close(SessionLostError("second"))
    with pytest.raises(SessionLostError, match="first"):
        slot.wait(any_frame, 0)


def test_only_the_newest_frames_are_kept_and_all_are_counted() -> None:
    slot = filled(*range(1, SLOT_DEPTH + 4))
    assert slot.received == SLOT_DEPTH + 3
    assert sequence_of(slot.wait(any_frame, 0)) == 4
    assert sequence_of(slot.newest()) == SLOT_DEPTH + 3


def test_there_is_no_newest_frame_before_the_first() -> None:
    assert FrameSlot().newest() is None


# -- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user_data", "expected"),
    [
        (b'{"step": 3}', {"step": 3}),
        (b"{}", {}),
        (b"", {}),
        (b"[1]", {}),
        (b"\x00\x01binary", {}),
        (b'{"step": ', {}),
        (b"{\xff}", {}),
    ],
)
def test_metadata_is_a_json_object_or_nothing(user_data: bytes, expected: dict[str, Any]) -> None:
    assert parse_metadata(user_data) == expected


def test_metadata_that_is_nested_too_deeply_is_nothing() -> None:
    assert parse_metadata(b'{"a":' * 100_000) == {}


def test_a_frame_tells_what_its_trailer_says() -> None:
    told = frame(1, b'{"step": 3}')
    assert told.user_data == b'{"step": 3}'
    assert told.metadata == {"step": 3}
    assert told.capture_time_us == 77


def test_a_frame_without_a_trailer_says_nothing() -> None:
    told = frame(1)
    assert (told.user_data, told.metadata, told.capture_time_us) == (b"", {}, None)


def test_width_and_height_are_not_confused() -> None:
    image = av.VideoFrame(32, 16, "yuv420p")
    for source in (PICTURE, image):
        shown = VideoFrame(source, None, 0, 1)
        assert (shown.height, shown.width) == shown.rgb.shape[:2]
        assert shown.width > shown.height


def test_a_decoded_frame_becomes_rgb_and_not_bgr() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    image = av.VideoFrame.from_ndarray(red, format="rgb24").reformat(format="yuv420p")
    shown = VideoFrame(image, None, 0, 1)
    assert shown.rgb.dtype == np.uint8
    np.testing.assert_allclose(shown.rgb[8, 8].astype(int), [255, 0, 0], atol=8)


def test_a_frame_is_converted_once() -> None:
    image = av.VideoFrame(16, 16, "yuv420p")
    shown = VideoFrame(image, None, 0, 1)
    assert shown.rgb is shown.rgb
