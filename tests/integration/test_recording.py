"""Clips and recordings of a real runtime."""

from __future__ import annotations

import asyncio
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from reactor_env.client import Reactor, RecordingError
from reactor_env.client.recording import ClipProgress
from reactor_env.runtime import LocalRuntime
from tests.hosted.coordinator import HostedService

TIMEOUT_S = 20.0
FPS = 20
RECORDED_FPS = 30
"""The recorder repeats frames to get there, whatever the model's rate."""

MANIFEST = """\
model:
  name: counter
runtime:
  import: world:World
  recording:
    enabled: true
    chunk_seconds: 1
"""
# Each frame says its number in eight white or dark gray stripes, in Gray code.
WORLD = f"""\
import numpy as np
from reactor_runtime import ApplicationError, Output, ReactorApp, Video, event, session_started


class Picture(Output):
    main_video: Video


class World(ReactorApp):
    fps = {FPS}
    buffer_size = 1

    @session_started
    def forget(self):
        self.number = -1
        self.started = False

    @event(name="start")
    async def start(self) -> None:
        self.started = True

    async def process_input(self):
        if not self.started:
            raise ApplicationError("not started")

    def generate(self, _):
        self.number += 1
        code = self.number ^ (self.number >> 1)
        stripes = [[230 if code >> bit & 1 else 30] * 16 for bit in range(8)]
        row = np.array(stripes, np.uint8).reshape(1, 128, 1)
        return Picture(main_video=np.broadcast_to(row, (64, 128, 3)).copy())

    async def process_output(self, outcome):
        if outcome.error is not None:
            raise outcome.error
        return outcome.result
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """A runtime that records a model whose every frame tells its number."""
    folder = tmp_path_factory.mktemp("counter")
    (folder / "reactor.yaml").write_text(MANIFEST)
    (folder / "world.py").write_text(WORLD)
    with LocalRuntime(folder) as runtime:
        yield runtime


def local(runtime: LocalRuntime, **kwargs: Any) -> Reactor:
    return Reactor("counter", local=True, api_url=runtime.url, **kwargs)


async def play(reactor: Reactor, seconds: float) -> None:
    """Let the model run until so many seconds of it were seen; it runs on afterwards."""
    seen = 0
    enough = asyncio.Event()

    def count(_track: str, _frame: object) -> None:
        nonlocal seen
        seen += 1
        if seen >= seconds * FPS:
            enough.set()

    reactor.add_frame_sink(count)
    await reactor.send_command("start")
    async with asyncio.timeout(TIMEOUT_S):
        await enough.wait()


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r") as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        return list(file.decode(video=0))


def number_of(frame: av.VideoFrame) -> int:
    """Read its number, modulo 256, off a frame."""
    picture = frame.to_ndarray(format="gray")
    code = sum(int(picture[:, 16 * bit + 8].mean() > 128) << bit for bit in range(8))
    number = 0
    while code:
        number ^= code
        code >>= 1
    return number


def check_video(data: bytes, *, at_least_s: float, at_most_s: float) -> list[int]:
    frames = decoded(data)
    assert all((frame.width, frame.height) == (128, 64) for frame in frames)
    assert frames[0].time == 0
    times = [frame.time for frame in frames if frame.time is not None]
    assert np.diff(times) == pytest.approx(1 / RECORDED_FPS, abs=1e-3)
    assert at_least_s - 1e-6 <= len(frames) / RECORDED_FPS <= at_most_s
    numbers = [number_of(frame) for frame in frames]
    gaps = np.diff(numbers) % 256
    # In order, and none left out but where this machine was too slow to record it.
    assert set(gaps.tolist()) <= {0, 1, 2, 3}
    assert np.mean(gaps) == pytest.approx(FPS / RECORDED_FPS, rel=0.2)
    return numbers


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_a_clip_is_a_video_of_the_last_seconds(
    wire: Any, recorded: LocalRuntime, tmp_path: Path
) -> None:
    seen: list[ClipProgress] = []
    async with local(recorded, wire=wire) as reactor:
        await reactor.connect()
        await play(reactor, 2.5)
        clip = await reactor.request_clip(1.0)
        assert clip.kind == "snap"
        assert clip.duration == pytest.approx(1.0)
        path = tmp_path / "clip.mp4"
        data = await reactor.download_clip_as_file(clip, path, on_progress=seen.append)
    assert await asyncio.to_thread(path.read_bytes) == data
    numbers = check_video(data, at_least_s=1.0, at_most_s=3.0)
    # It starts with the whole second that holds its start marker, not with the session.
    assert numbers[0] == pytest.approx(int(clip.start_marker) * FPS, abs=8)
    assert seen[-1].segments_done == seen[-1].segments_total >= 1


async def test_a_recording_can_be_downloaded_after_the_session(recorded: LocalRuntime) -> None:
    async with local(recorded) as reactor:
        await reactor.connect()
        await play(reactor, 1.5)
        clip = await reactor.request_recording()
        assert clip.kind == "recording"
        assert clip.start_marker == 0
        await reactor.disconnect()
        data = await reactor.download_clip_as_file(clip)
    numbers = check_video(data, at_least_s=clip.duration, at_most_s=clip.duration + 3.0)
    # The recorder leaves out the black frames before the first real one.
    assert numbers[0] == 0


async def test_a_hosted_clip_comes_from_storage_without_the_token(recorded: LocalRuntime) -> None:
    with HostedService(recorded.url) as service:
        async with Reactor("reactor/catch", service.api_key, service.url) as reactor:
            await reactor.connect()
            await play(reactor, 1.0)
            clip = await reactor.request_recording()
            check_video(
                await reactor.download_clip_as_file(clip),
                at_least_s=clip.duration,
                at_most_s=clip.duration + 3.0,
            )
        segments = service.requests_to("GET", "/storage/clips/chunks/*")
        assert len(segments) >= 2
        assert all(request.status == 200 for request in segments)
        assert not service.tokens_sent_to_storage
        await service.no_live_sessions()


async def test_a_clip_of_nothing_is_refused(recorded: LocalRuntime) -> None:
    async with local(recorded) as reactor:
        await reactor.connect()
        with pytest.raises(RecordingError, match="no media generated yet") as raised:
            await reactor.request_clip(1.0)
    assert raised.value.code == "CLIP_NOT_READY"


async def test_a_stepped_session_has_no_clips(recorded: LocalRuntime) -> None:
    async with local(recorded, generation="stepped") as reactor:
        await reactor.connect()
        with pytest.raises(RecordingError, match="a stepped session is not recorded") as raised:
            await reactor.request_recording()
    assert raised.value.code == "RECORDER_DISABLED"


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_a_model_that_is_not_recorded_has_no_clips(
    wire: Any, catch_runtime: LocalRuntime
) -> None:
    async with local(catch_runtime, wire=wire) as reactor:
        await reactor.connect()
        with pytest.raises(RecordingError, match="recorder disabled") as raised:
            await reactor.request_clip(1.0)
    assert raised.value.code == "RECORDER_DISABLED"


async def test_a_clip_nobody_knows_any_more_is_gone(recorded: LocalRuntime, tmp_path: Path) -> None:
    async with local(recorded) as reactor:
        await reactor.connect()
        await play(reactor, 0.5)
        clip = await reactor.request_recording()
        stranger = "00000000-0000-0000-0000-000000000001"
        url = clip.playlist_url.replace(clip.session_id, stranger)
        with pytest.raises(RecordingError) as raised:
            await reactor.download_clip_as_file(
                dataclasses.replace(clip, playlist_url=url), tmp_path / "clip.mp4"
            )
    assert raised.value.code == "CLIP_GONE"
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []
