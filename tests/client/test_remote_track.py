from __future__ import annotations

import asyncio
from typing import Any

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from reactor_env.client.remote_track import AUDIO_DEPTH, VIDEO_DEPTH, RemoteTrack

TIMEOUT_S = 10.0


def frame(number: int) -> av.VideoFrame:
    made = av.VideoFrame(16, 16, "yuv420p")
    made.pts = number
    return made


async def reading(track: RemoteTrack) -> asyncio.Task[Any]:
    """Ask for a frame, and wait until that is under way."""
    task = asyncio.ensure_future(track.recv())
    await asyncio.sleep(0)
    return task


async def read(track: RemoteTrack) -> int | None:
    async with asyncio.timeout(TIMEOUT_S):
        return (await track.recv()).pts


async def test_a_frame_reaches_who_waits_for_it() -> None:
    track = RemoteTrack("main_video", "video")
    task = await reading(track)
    track.put(frame(1))
    assert (await task).pts == 1


async def test_frames_are_read_in_order() -> None:
    track = RemoteTrack("main_video", "video")
    task = await reading(track)
    for number in (1, 2, 3):
        track.put(frame(number))
    assert (await task).pts == 1
    assert [await read(track), await read(track)] == [2, 3]
    assert track.frames_dropped == 0


@pytest.mark.parametrize(("kind", "depth"), [("video", VIDEO_DEPTH), ("audio", AUDIO_DEPTH)])
async def test_a_slow_reader_gets_the_newest_frames_and_the_others_are_counted(
    kind: str, depth: int
) -> None:
    track = RemoteTrack("out", kind)
    task = await reading(track)
    for number in range(1, depth + 6):
        track.put(frame(number))
    assert (await task).pts == 6
    assert [await read(track) for _ in range(depth - 1)] == list(range(7, depth + 6))
    assert track.frames_dropped == 5


async def test_nothing_is_kept_for_a_track_nobody_reads() -> None:
    track = RemoteTrack("main_video", "video")
    for number in range(1, 100):
        track.put(frame(number))
    assert track.frames_dropped == 0
    task = await reading(track)
    track.put(frame(100))
    assert (await task).pts == 100


async def test_each_frame_goes_to_one_of_two_readers() -> None:
    track = RemoteTrack("main_video", "video")
    tasks = [await reading(track), await reading(track)]
    track.put(frame(1))
    track.put(frame(2))
    async with asyncio.timeout(TIMEOUT_S):
        assert {(await task).pts for task in tasks} == {1, 2}


async def test_the_end_wakes_every_reader() -> None:
    track = RemoteTrack("main_video", "video")
    tasks = [await reading(track), await reading(track)]
    track.stop()
    for task in tasks:
        async with asyncio.timeout(TIMEOUT_S):
            with pytest.raises(MediaStreamError):
                await task


async def test_a_track_that_has_ended_still_gives_the_frames_it_has() -> None:
    track = RemoteTrack("main_video", "video")
    ended: list[None] = []
    track.on("ended", lambda: ended.append(None))
    task = await reading(track)
    track.put(frame(1))
    track.put(frame(2))
    track.stop()
    track.stop()
    assert (await task).pts == 1
    assert await read(track) == 2
    with pytest.raises(MediaStreamError):
        await read(track)
    assert ended == [None]


def test_a_track_tells_its_name_and_kind() -> None:
    async def make() -> RemoteTrack:
        return RemoteTrack("sound", "audio")

    track = asyncio.run(make())
    assert (track.name, track.kind, track.readyState) == ("sound", "audio", "live")
