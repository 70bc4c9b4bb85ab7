from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.frame_router import EmissionMeter, FrameRouter
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.trailer import FrameTrailer

TIMEOUT_S = 10.0
MAIN = "main_video"


def frame(
    sequence: int,
    *,
    captured_s: float | None = None,
    arrival_s: float = 0.0,
    user_data: bytes = b"",
) -> VideoFrame:
    trailer = None
    if captured_s is not None or user_data:
        trailer = FrameTrailer(sequence, int(1e6 * (captured_s or 0.0)), user_data)
    picture = np.full((2, 2, 3), sequence % 256, np.uint8)
    return VideoFrame(picture, trailer, int(1e9 * arrival_s), sequence)


# -- the meter ----------------------------------------------------------------------------------


def measured(frames: list[VideoFrame]) -> float | None:
    meter = EmissionMeter()
    for each in frames:
        meter.add(each)
    return meter.fps


@pytest.mark.parametrize("fps", [1.0, 16.0, 30.0, 120.0])
def test_the_rate_is_that_of_the_senders_clock(fps: float) -> None:
    frames = [
        frame(n, captured_s=1e6 + n / fps, arrival_s=n // 10)  # they arrive in bursts
        for n in range(1, 700)
    ]
    rate = measured(frames)
    if fps == 1.0:  # too few in five seconds
        assert rate is None
    else:
        assert rate == pytest.approx(fps, rel=1e-3)


def test_without_a_senders_clock_the_rate_is_that_of_arrival() -> None:
    assert measured([frame(n, arrival_s=n / 24) for n in range(100)]) == pytest.approx(24)


def test_a_frame_sent_again_is_not_counted() -> None:
    frames = [
        frame(3 * n + again, captured_s=1 + n / 10 + again / 30, user_data=b"%d" % n)
        for n in range(100)
        for again in range(3)
    ]
    assert measured(frames) == pytest.approx(10)


def test_equal_frames_without_metadata_are_all_counted() -> None:
    assert measured([frame(n, captured_s=1 + n / 10) for n in range(100)]) == pytest.approx(10)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    slow = [frame(n, captured_s=1 + n / 5) for n in range(100)]
    fast = [frame(100 + n, captured_s=100 + n / 50) for n in range(300)]
    assert measured(slow + fast) == pytest.approx(50)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_frames_have_no_rate(count: int) -> None:
    assert measured([frame(n, captured_s=1 + n / 10) for n in range(count)]) is None


def test_frames_of_one_moment_have_no_rate() -> None:
    assert measured([frame(n, captured_s=5) for n in range(20)]) is None


def test_a_senders_clock_that_is_set_back_is_measured_anew() -> None:
    before = [frame(n, captured_s=5000 + n / 10) for n in range(40)]
    after = [frame(40 + n, captured_s=1 + n / 20) for n in range(40)]
    assert measured(before + after) == pytest.approx(20)


@given(
    st.lists(
        st.tuples(
            st.none() | st.floats(0, 1e9), st.floats(0, 1e9), st.sampled_from([b"", b"a", b"b"])
        )
    )
)
def test_no_clock_can_make_a_rate_that_is_none(clocks: list[Any]) -> None:
    fps = measured(
        [
            frame(n, captured_s=captured, arrival_s=arrival, user_data=data)
            for n, (captured, arrival, data) in enumerate(clocks)
        ]
    )
    assert fps is None or fps > 0


# -- sinks --------------------------------------------------------------------------------------


async def test_every_sink_gets_every_frame_at_once() -> None:
    router = FrameRouter()
    seen: list[tuple[int, str, int]] = []
    router.add_sink(lambda track, f: seen.append((1, track, f.sequence)))
    router.add_sink(lambda track, f: seen.append((2, track, f.sequence)))
    router.received("a", frame(1))
    router.received("b", frame(1))
    assert seen == [(1, "a", 1), (2, "a", 1), (1, "b", 1), (2, "b", 1)]


async def test_a_sink_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    router = FrameRouter()
    seen: list[int] = []

    def fail(_track: str, _frame: VideoFrame) -> None:
        raise KeyError("mine")

    router.add_sink(fail)
    router.add_sink(lambda _track, f: seen.append(f.sequence))
    with caplog.at_level(logging.ERROR, "reactor_env"):
        router.received(MAIN, frame(1))
    assert seen == [1]
    assert "mine" in caplog.text


# -- callbacks ----------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def router() -> AsyncIterator[FrameRouter]:
    made = FrameRouter()
    made.begin(MAIN)
    yield made
    threads = [thread._thread for thread in made._threads.values()]
    made.stop()
    for thread in threads:
        await asyncio.to_thread(thread.join, TIMEOUT_S)


async def taken(results: queue.Queue[Any]) -> Any:
    return await asyncio.to_thread(results.get, True, TIMEOUT_S)


async def test_a_callback_without_a_track_hears_of_the_main_one(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda rgb: shown.put(int(rgb[0, 0, 0])), None, False)
    router.received("other", frame(7))
    router.received(MAIN, frame(1))
    assert await taken(shown) == 1
    assert shown.empty()


async def test_each_track_has_a_callback_of_its_own(router: FrameRouter) -> None:
    left: queue.Queue[Any] = queue.Queue()
    right: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda rgb: left.put(int(rgb[0, 0, 0])), "left", False)
    router.set_callback(lambda rgb: right.put(int(rgb[0, 0, 0])), "right", False)
    router.received("left", frame(1))
    router.received("right", frame(2))
    router.received(MAIN, frame(3))
    assert [await taken(left), await taken(right)] == [1, 2]
    assert left.empty()
    assert right.empty()


async def test_the_main_track_may_be_heard_twice(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda _rgb: shown.put("default"), None, False)
    router.set_callback(lambda _rgb: shown.put("named"), MAIN, False)
    router.received(MAIN, frame(1))
    assert {await taken(shown), await taken(shown)} == {"default", "named"}


async def test_a_callback_may_ask_for_the_frame_itself(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda _rgb, f: shown.put(f.metadata), None, True)
    router.received(MAIN, frame(1, user_data=b'{"step": 3}'))
    assert await taken(shown) == {"step": 3}


async def test_the_last_callback_set_counts(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda _rgb: shown.put("first"), None, False)
    router.received(MAIN, frame(1))
    assert await taken(shown) == "first"
    router.set_callback(lambda _rgb: shown.put("second"), None, False)
    router.received(MAIN, frame(2))
    assert await taken(shown) == "second"


async def test_a_callback_that_is_taken_away_hears_nothing(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(shown.put, None, False)
    router.received(MAIN, frame(1))
    await taken(shown)
    (thread,) = router._threads.values()
    router.set_callback(None, None, False)
    router.received(MAIN, frame(2))
    await asyncio.to_thread(thread._thread.join, TIMEOUT_S)
    assert not thread._thread.is_alive()
    assert shown.empty()


async def hear_all_but(router: FrameRouter, dropped: int, first: int) -> None:
    """Have a callback drop that many frames."""
    started, release = queue.Queue[int](), asyncio.Event()

    async def slow(rgb: Any) -> None:
        started.put(int(rgb[0, 0, 0]))
        await release.wait()

    router.set_callback(slow, None, False)
    router.received(MAIN, frame(first))
    assert await taken(started) == first
    for number in range(first + 1, first + dropped + 2):
        router.received(MAIN, frame(number))
    release.set()
    assert await taken(started) == first + dropped + 1


async def test_dropped_frames_are_counted_in_all_callbacks_of_a_connection(
    router: FrameRouter,
) -> None:
    assert router.frames_dropped() == 0
    await hear_all_but(router, 3, first=1)
    assert router.frames_dropped() == 3
    await hear_all_but(router, 2, first=11)  # replaces the first
    assert router.frames_dropped() == 5
    router.stop()
    assert router.frames_dropped() == 0


async def test_callbacks_outlive_a_connection_but_what_was_measured_does_not(
    router: FrameRouter,
) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    router.set_callback(lambda rgb: shown.put(int(rgb[0, 0, 0])), None, False)
    for number in range(1, 21):
        router.received(MAIN, frame(number, captured_s=1 + number / 10))
    assert router.emission_fps() == pytest.approx(10)
    router.stop()
    assert router.emission_fps() is None
    while not shown.empty():
        shown.get()
    router.begin(MAIN)
    router.received(MAIN, frame(99))
    while await taken(shown) != 99:
        pass


async def test_a_frame_that_comes_after_the_end_starts_no_thread(router: FrameRouter) -> None:
    router.set_callback(lambda _rgb: None, None, False)
    router.stop()
    router.received(MAIN, frame(1))
    assert not router._threads


async def test_frames_come_on_the_threads_of_their_decoders(router: FrameRouter) -> None:
    shown: queue.Queue[Any] = queue.Queue()

    async def show(rgb: Any) -> None:
        shown.put((int(rgb[0, 0, 0]), asyncio.get_running_loop()))

    router.set_callback(show, None, False)
    await asyncio.to_thread(router.received, MAIN, frame(5))
    assert await taken(shown) == (5, asyncio.get_running_loop())


async def test_the_rate_is_that_of_the_main_track(router: FrameRouter) -> None:
    for number in range(1, 21):
        router.received(MAIN, frame(number, captured_s=1 + number / 10))
        router.received("other", frame(number, captured_s=1 + number / 20))
    assert router.emission_fps() == pytest.approx(10)
