from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray

from reactor_env.client.frame_callback import (
    FrameCallback,
    FrameCallbackThread,
    MetadataCallback,
)
from reactor_env.client.video import VideoFrame

TIMEOUT_S = 10.0


def frame(number: int) -> VideoFrame:
    return VideoFrame(np.full((2, 2, 3), number, np.uint8), None, 0, number)


class Starter:
    """Makes callback threads on the running loop, and stops them after the test."""

    def __init__(self) -> None:
        self.made: list[FrameCallbackThread] = []

    def __call__(
        self, callback: FrameCallback | MetadataCallback, *, metadata: bool = False
    ) -> FrameCallbackThread:
        loop = asyncio.get_running_loop()
        self.made.append(FrameCallbackThread(callback, loop, metadata=metadata))
        return self.made[-1]


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Starter]:
    starter = Starter()
    yield starter
    for thread in starter.made:
        thread.stop()
        await asyncio.to_thread(thread._thread.join, TIMEOUT_S)


async def taken(results: queue.Queue[Any]) -> Any:
    return await asyncio.to_thread(results.get, True, TIMEOUT_S)


async def test_a_callback_gets_each_frame_as_an_rgb_array(start: Starter) -> None:
    shown: queue.Queue[NDArray[np.uint8]] = queue.Queue()
    thread = start(shown.put)
    for number in (1, 2):
        thread.put(frame(number))
        np.testing.assert_array_equal(await taken(shown), frame(number).rgb)
    assert thread.frames_dropped == 0


async def test_a_slow_callback_misses_all_but_the_newest_and_counts_them(start: Starter) -> None:
    shown: queue.Queue[int] = queue.Queue()
    release = threading.Event()

    def slow(rgb: NDArray[np.uint8]) -> None:
        shown.put(int(rgb[0, 0, 0]))
        release.wait(TIMEOUT_S)

    thread = start(slow)
    thread.put(frame(1))
    assert await taken(shown) == 1
    for number in range(2, 21):
        thread.put(frame(number))
    release.set()
    assert await taken(shown) == 20
    assert thread.frames_dropped == 18


async def test_a_callback_may_get_the_frame_itself(start: Starter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    sent = frame(1)
    start(lambda rgb, f: shown.put((rgb, f)), metadata=True).put(sent)
    rgb, received = await taken(shown)
    assert received is sent
    assert rgb is sent.rgb


async def test_a_coroutine_callback_may_get_the_frame_itself(start: Starter) -> None:
    shown: asyncio.Queue[VideoFrame] = asyncio.Queue()

    async def callback(_rgb: NDArray[np.uint8], received: VideoFrame) -> None:
        shown.put_nowait(received)

    sent = frame(1)
    start(callback, metadata=True).put(sent)
    async with asyncio.timeout(TIMEOUT_S):
        assert await shown.get() is sent


async def test_a_coroutine_callback_that_raises_is_logged_and_called_again(
    start: Starter, caplog: pytest.LogCaptureFixture
) -> None:
    shown: asyncio.Queue[int] = asyncio.Queue()

    async def fail(rgb: NDArray[np.uint8]) -> None:
        shown.put_nowait(int(rgb[0, 0, 0]))
        raise KeyError("mine")

    with caplog.at_level(logging.ERROR, "reactor_env"):
        thread = start(fail)
        async with asyncio.timeout(TIMEOUT_S):
            for number in (1, 2):
                thread.put(frame(number))
                assert await shown.get() == number
    assert "mine" in caplog.text


async def test_a_stopped_thread_drops_the_frame_that_waits(start: Starter) -> None:
    shown: queue.Queue[int] = queue.Queue()
    release = threading.Event()

    def slow(rgb: NDArray[np.uint8]) -> None:
        shown.put(int(rgb[0, 0, 0]))
        release.wait(TIMEOUT_S)

    thread = start(slow)
    thread.put(frame(1))
    assert await taken(shown) == 1
    thread.put(frame(2))
    thread.stop()
    release.set()
    await asyncio.to_thread(thread._thread.join, TIMEOUT_S)
    assert not thread._thread.is_alive()
    assert shown.empty()


async def test_a_callback_runs_on_a_thread_of_its_own(start: Starter) -> None:
    threads: queue.Queue[threading.Thread] = queue.Queue()
    start(lambda _rgb: threads.put(threading.current_thread())).put(frame(1))
    assert (await taken(threads)).name == "reactor-frames"


async def test_a_callback_that_raises_is_logged_and_called_again(
    start: Starter, caplog: pytest.LogCaptureFixture
) -> None:
    shown: queue.Queue[int] = queue.Queue()

    def fail(rgb: NDArray[np.uint8]) -> None:
        shown.put(int(rgb[0, 0, 0]))
        raise KeyError("mine")

    with caplog.at_level(logging.ERROR, "reactor_env"):
        thread = start(fail)
        for number in (1, 2):
            thread.put(frame(number))
            assert await taken(shown) == number
    assert "mine" in caplog.text


async def test_a_coroutine_callback_runs_on_the_event_loop(start: Starter) -> None:
    where: asyncio.Queue[threading.Thread] = asyncio.Queue()

    async def callback(_rgb: NDArray[np.uint8]) -> None:
        where.put_nowait(threading.current_thread())

    start(callback).put(frame(1))
    async with asyncio.timeout(TIMEOUT_S):
        assert await where.get() is threading.current_thread()


async def test_a_coroutine_callback_is_waited_for_before_the_next_call(start: Starter) -> None:
    started: asyncio.Queue[int] = asyncio.Queue()
    release = asyncio.Event()

    async def slow(rgb: NDArray[np.uint8]) -> None:
        started.put_nowait(int(rgb[0, 0, 0]))
        await release.wait()

    thread = start(slow)
    async with asyncio.timeout(TIMEOUT_S):
        for number in (1, 2, 3):
            thread.put(frame(number))
            if number == 1:
                assert await started.get() == 1
        assert started.empty()
        release.set()
        assert await started.get() == 3
    assert thread.frames_dropped == 1


async def test_the_thread_ends_when_it_is_stopped(start: Starter) -> None:
    shown: queue.Queue[Any] = queue.Queue()
    thread = start(shown.put)
    thread.stop()
    await asyncio.to_thread(thread._thread.join, TIMEOUT_S)
    assert not thread._thread.is_alive()
    thread.put(frame(1))
    assert shown.empty()
