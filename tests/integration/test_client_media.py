"""Several tracks, published tracks, audio and uploads, against a real runtime."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from reactor_env.client import (
    CommandRefusedError,
    ConflictError,
    FileRef,
    NotReadyError,
    Reactor,
    ReactorError,
    VideoFrame,
)
from reactor_env.runtime import LocalRuntime

WORLD = Path(__file__).parent / "worlds" / "media"
TIMEOUT_S = 15.0
RED, GREEN, BLUE = (200, 16, 16), (16, 200, 16), (16, 16, 200)


@pytest.fixture(scope="module")
def runtime() -> Iterator[LocalRuntime]:
    with LocalRuntime(WORLD) as started:
        yield started


def client(runtime: LocalRuntime, **kwargs: Any) -> Reactor:
    return Reactor("media", local=True, api_url=runtime.url, **kwargs)


class PlainTrack(VideoStreamTrack):
    """A camera that sees one colour."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        super().__init__()
        self._picture = np.full((96, 128, 3), colour, np.uint8)

    async def recv(self) -> av.VideoFrame:
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


class Silence(MediaStreamTrack):
    kind = "audio"

    async def recv(self) -> av.AudioFrame:
        raise MediaStreamError


def near(frame: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    means = [float(value) for value in frame.reshape(-1, 3).mean(axis=0)]
    return all(abs(mean - wanted) < 24 for mean, wanted in zip(means, colour, strict=True))


def reaches(condition: Callable[[Any], bool]) -> tuple[Callable[..., None], asyncio.Future[Any]]:
    """Make a callback, for any thread, and the future it fulfils once a value is right."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(values: tuple[Any, ...]) -> None:
        if not future.done():
            future.set_result(values)

    def take(*values: Any) -> None:
        if condition(values[0]):
            loop.call_soon_threadsafe(settle, values)

    return take, future


async def wait(future: asyncio.Future[Any]) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        return await future


# -- output tracks ------------------------------------------------------------------------------


async def test_each_output_track_has_a_callback_of_its_own(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        on_left, left = reaches(lambda frame: near(frame, RED))
        on_right, right = reaches(lambda frame: near(frame, GREEN))
        reactor.set_frame_callback(on_left)
        reactor.set_frame_callback(on_right, track="right")
        await reactor.connect()
        assert (await wait(left))[0].shape == (96, 128, 3)
        assert (await wait(right))[0].shape == (96, 128, 3)


async def test_a_callback_that_asks_gets_the_frames_metadata(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        take, taken = reaches(lambda frame: near(frame, GREEN))
        reactor.on_frame(track="right", metadata=True)(take)
        await reactor.connect()
        _, frame = await wait(taken)
        assert isinstance(frame, VideoFrame)
        assert frame.metadata["n"] > 0
        assert frame.capture_time_us is not None


async def test_remote_tracks_are_read_by_name_beside_the_callback(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        take, taken = reaches(lambda frame: near(frame, RED))
        reactor.set_frame_callback(take)
        await reactor.connect()
        tracks = reactor.get_remote_tracks()
        assert sorted(tracks) == ["left", "right", "tone"]
        async with asyncio.timeout(TIMEOUT_S):
            while not near(_rgb(await tracks["left"].recv()), RED):
                pass
        await wait(taken)
    with pytest.raises(MediaStreamError):
        await _drain(tracks["left"])


async def _drain(track: MediaStreamTrack) -> None:
    while True:
        await track.recv()


def _rgb(frame: Any) -> NDArray[np.uint8]:
    assert isinstance(frame, av.VideoFrame)
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


async def test_an_audio_track_carries_the_models_tone(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        arrived: asyncio.Future[MediaStreamTrack] = asyncio.get_running_loop().create_future()
        reactor.on_track("tone")(arrived.set_result)
        await reactor.connect()
        track = await wait(arrived)
        async with asyncio.timeout(TIMEOUT_S):
            while (frequency := _pitch([await track.recv() for _ in range(10)])) is None:
                pass
    assert frequency == pytest.approx(440.0, abs=15.0)


def _pitch(frames: list[Any]) -> float | None:
    """Return the strongest frequency in Hz, ``None`` for silence."""
    parts = []
    for frame in frames:
        assert isinstance(frame, av.AudioFrame)
        samples = np.asarray(frame.to_ndarray(), np.float64).reshape(-1, len(frame.layout.channels))
        parts.append(samples.mean(axis=1))
    signal = np.concatenate(parts)
    if np.abs(signal).max() < 1000:
        return None
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    return float(np.fft.rfftfreq(len(signal), 1 / frames[0].sample_rate)[spectrum.argmax()])


async def test_a_paused_track_stays_silent_while_the_other_runs(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        on_left, left = reaches(lambda frame: near(frame, RED))
        reactor.set_frame_callback(on_left)
        await reactor.connect(auto_resume_tracks=False)
        heard: list[str] = []
        reactor.add_frame_sink(lambda track, _frame: heard.append(track))
        await reactor.resume_track("left")
        await wait(left)
        assert set(heard) == {"left"}


async def test_the_emission_rate_is_measured_and_says_so(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        enough = asyncio.Event()
        seen: set[int] = set()

        def count(track: str, frame: VideoFrame) -> None:
            if track == "left" and "n" in frame.metadata:
                seen.add(frame.metadata["n"])
            if len(seen) >= 40:
                enough.set()

        reactor.add_frame_sink(count)
        await reactor.connect()
        async with asyncio.timeout(TIMEOUT_S):
            await enough.wait()
        capabilities = reactor.get_capabilities()
    assert capabilities is not None
    assert capabilities.emission_fps_measured
    assert capabilities.emission_fps == pytest.approx(20.0, rel=0.1)


# -- input tracks -------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_a_published_track_reaches_the_model(runtime: LocalRuntime, wire: Any) -> None:
    async with client(runtime, wire=wire) as reactor:
        take, seen = reaches(lambda message: _sees(message, BLUE))
        reactor.on_message(take)
        await reactor.connect()
        await reactor.publish_track("camera", PlainTrack(BLUE))
        async with asyncio.timeout(TIMEOUT_S):
            while not seen.done():
                await reactor.send_command("what_do_you_see")
                await asyncio.wait({seen}, timeout=0.1)


def _sees(message: dict[str, Any], colour: tuple[int, int, int]) -> bool:
    mean = [message["data"].get(name, 0.0) for name in ("red", "green", "blue")]
    return near(np.array(mean)[None, None], colour)


async def test_a_track_has_one_publisher_until_it_is_given_back(runtime: LocalRuntime) -> None:
    async with client(runtime) as first, client(runtime) as second:
        await first.connect()
        session_id = first.get_session_id()
        assert session_id is not None
        await second.connect(session_id=session_id)
        await first.publish_track("camera", PlainTrack(BLUE))
        errors: list[ReactorError] = []
        second.on_error(errors.append)
        with pytest.raises(ConflictError, match="track 'camera' cannot be published"):
            await second.publish_track("camera", PlainTrack(RED))
        assert [error.code for error in errors] == ["TRACK_PUBLISH_FAILED"]
        await first.unpublish_track("camera")
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                try:
                    await second.publish_track("camera", PlainTrack(RED))
                    break
                except ConflictError:
                    await asyncio.sleep(0)


async def test_a_wrong_track_is_refused_by_name(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        with pytest.raises(NotReadyError):
            await reactor.publish_track("camera", PlainTrack(BLUE))
        await reactor.connect()
        with pytest.raises(ValueError, match=r"`name` must be an input track, one of \['camera'\]"):
            await reactor.publish_track("left", PlainTrack(BLUE))
        with pytest.raises(ValueError, match="MediaStreamTrack of kind video, got <"):
            await reactor.publish_track("camera", Silence())


# -- uploads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_an_uploaded_file_reaches_the_model(
    runtime: LocalRuntime, tmp_path: Path, wire: Any
) -> None:
    data = bytes(range(256)) * 10
    path = tmp_path / "picture.png"
    path.write_bytes(data)
    async with client(runtime, wire=wire) as reactor:
        take, taken = reaches(lambda message: message["type"] == "received")
        reactor.on_message(take)
        await reactor.connect()
        ref = await reactor.upload_file(path)
        assert (ref.name, ref.mime_type, ref.size) == ("picture.png", "image/png", len(data))
        await reactor.send_command("take_file", {"file": ref})
        (message,) = await wait(taken)
        assert message["data"] == {"size": len(data), "checksum": sum(data)}


async def test_bytes_and_open_files_can_be_uploaded(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        with pytest.raises(NotReadyError):
            await reactor.upload_file(b"too early")
        await reactor.connect()
        ref = await reactor.upload_file(b"abc")
        assert (ref.name, ref.mime_type, ref.size) == ("upload", "application/octet-stream", 3)
        ref = await reactor.upload_file(io.BytesIO(b"abcd"), name="a.txt")
        assert (ref.name, ref.mime_type, ref.size) == ("a.txt", "text/plain", 4)


async def test_a_file_that_was_never_uploaded_is_refused(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        await reactor.connect()
        made_up = FileRef("no-such-upload", "a.png", "image/png", 10)
        with pytest.raises(CommandRefusedError, match="unresolved_upload"):
            await reactor.send_command("take_file", {"file": made_up})


# -- what a connection tells --------------------------------------------------------------------


async def test_statistics_tell_the_path_and_the_frames(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        take, taken = reaches(lambda frame: near(frame, RED))
        reactor.set_frame_callback(take)
        await reactor.connect()
        await wait(taken)
        stats = await reactor.get_stats()
    assert stats.local_candidate is not None
    assert stats.local_candidate.type == "host"
    assert stats.rtt_ms is not None
    assert 0 < stats.rtt_ms < 500
    left = stats.inbound["left"]
    assert left.codec == "VP8"
    assert left.frames_decoded
    assert stats.channels["data"].state == "open"


async def test_the_phases_of_connecting_add_up(runtime: LocalRuntime) -> None:
    async with client(runtime) as reactor:
        take, taken = reaches(lambda frame: near(frame, RED))
        reactor.set_frame_callback(take)
        await reactor.connect()
        await wait(taken)
        timings = reactor.get_connection_timings()
    assert timings is not None
    phases = ("token", "session", "waiting", "offer", "signaling", "ice", "dtls", "channels")
    spent = sum(getattr(timings, f"{phase}_ms") for phase in phases)
    assert spent <= timings.total_ms
    assert timings.first_frame_ms is not None
    assert timings.first_frame_ms > timings.ice_ms
