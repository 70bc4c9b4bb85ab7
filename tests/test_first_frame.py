from __future__ import annotations

import threading
import time
from typing import Any

import av
import numpy as np
import pytest

from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.first_frame import FirstFrame, is_black
from reactor_env.message_watch import MessageWatch
from reactor_env.profiles import read_profile
from tests.streams import Stream, later, level


def first(
    stream: Stream, *commands: str, release: tuple[str, ...] = (), frames: int = 1, **reset: Any
) -> VideoFrame:
    profile = read_profile("p", {"reset": {"recipe": [*commands, "*"], **reset}})
    made = FirstFrame("m", profile, MessageWatch(profile), 0.6, frames)
    return made.after(stream.session, [Command(n) for n in commands], [Command(n) for n in release])


def test_a_frame_from_before_the_command_is_never_the_first() -> None:
    stream = Stream(reset=later(0, 200))
    stream.show(100)
    assert level(first(stream, "reset")) == 200


def test_frames_of_the_last_run_are_skipped_where_no_black_one_comes() -> None:
    stream = Stream(reset=later(100, 100, 100, 201, 202))
    stream.show(100)
    assert level(first(stream, "reset", frames=1)) == 201


def test_the_frame_after_a_black_one_is_taken_at_once() -> None:
    stream = Stream(reset=later(100, 0, 200, 201, 202))
    stream.show(100)
    assert level(first(stream, "reset", frames=3)) == 200


def test_the_black_frame_of_a_run_that_another_command_began_marks_nothing() -> None:
    stream = Stream(reset=later(100, 0, 101, 0, 201, 202))
    stream.show(100)
    assert level(first(stream, "set_image", "reset", frames=2)) == 201


def test_black_frames_alone_are_a_dark_world() -> None:
    stream = Stream(reset=later(0, 10))
    assert level(first(stream, "reset")) == 10


def test_a_stream_that_shows_nothing_is_told() -> None:
    with pytest.raises(ReactorTimeoutError, match=r"no first frame of the stream of m .* 0\.6 s"):
        first(Stream(), "reset")


def test_the_last_command_waits_until_the_old_frames_have_run_out() -> None:
    stream = Stream(reset=later(100, 100), start=later(200))
    stream.show(100)
    assert level(first(stream, "reset", "start", stops=True)) == 200
    assert stream.sent == ["reset", "start"]


def test_controls_are_set_neutral_before_a_start_and_after_a_reset() -> None:
    stream = Stream(start=later(200))
    first(stream, "reset", "start", release=("let_go",), stops=True)
    assert stream.sent == ["reset", "let_go", "start"]
    stream = Stream(reset=later(0, 200))
    first(stream, "reset", release=("let_go",))
    assert stream.sent == ["reset", "let_go"]


def test_frames_count_from_the_message_that_says_it_has_begun() -> None:
    def start(stream: Stream) -> None:
        stream.show(100)

        def begin() -> None:
            stream.tell("started")
            stream.show(200)

        threading.Timer(0.1, begin).start()

    stream = Stream(start=start)
    assert level(first(stream, "start", stops=True, began="started")) == 200


def test_a_beginning_that_is_never_told_is_named() -> None:
    with pytest.raises(ReactorTimeoutError, match=r"m did not say 'started' within .* after start"):
        first(Stream(), "start", began="started")


def test_a_refusal_told_to_everybody_is_raised_at_once() -> None:
    stream = Stream(start=lambda s: s.tell("command_error", command="start", reason="no image"))
    begin = time.monotonic()
    with pytest.raises(CommandRefusedError, match="no image"):
        first(stream, "start", began="started")
    assert time.monotonic() - begin < 0.5


def test_without_commands_the_next_frame_is_the_first() -> None:
    stream = Stream()
    stream.show(150)
    threading.Timer(0.1, lambda: stream.show(160)).start()
    assert level(first(stream)) == 160


def test_black_is_told_from_dark_in_both_kinds_of_frame() -> None:
    for shade, black in ((0, True), (60, False)):
        picture = np.full((64, 64, 3), shade, np.uint8)
        decoded = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        assert is_black(VideoFrame(picture, None, 0, 1)) is black
        assert is_black(VideoFrame(decoded, None, 0, 1)) is black
