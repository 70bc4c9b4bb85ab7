"""The decoder's thread: what waits for it, and what it hands on."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import av
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcrtpreceiver import decoder_worker

from reactor_env.client.decoder import MOST_WAITING, Decoder, install
from reactor_env.client.jitter import EncodedFrame
from reactor_env.client.stats_types import VideoCounters
from reactor_env.client.switch_interval import INTERVAL_S
from reactor_env.client.wire.trailer import FrameTrailer

TIMEOUT_S = 10.0
VP8 = 97
CODEC = SimpleNamespace(name="VP8", mimeType="video/VP8")


def nothing(_picture: av.VideoFrame, _trailer: FrameTrailer | None) -> None:
    pass


# -- what waits ---------------------------------------------------------------------------------


@dataclass
class Drops:
    frames_dropped: int = 0
    key_frames_wanted: int = 0

    def skip_to_key_frame(self, dropped: int) -> None:
        self.frames_dropped += dropped
        self.key_frames_wanted += 1


@dataclass
class Waiting:
    """A queue that nobody takes from, and what was put into it."""

    drops: Drops = field(default_factory=Drops)

    def __post_init__(self) -> None:
        self.queue = Decoder(nothing, VideoCounters(), self.drops, threading.Event())
        self.count = 0

    def put(self, kinds: str) -> None:
        for kind in kinds:
            frame = EncodedFrame(b"%d" % self.count, 0, VP8, None, is_key=kind == "k")
            self.count += 1
            self.queue.put((CODEC, frame))

    def numbers(self) -> list[int]:
        return [int(frame.data) for _, frame in self.queue.queue]


def test_a_decoder_that_keeps_up_loses_nothing() -> None:
    waiting = Waiting()
    waiting.put("k" + "d" * (MOST_WAITING - 1))
    assert len(waiting.numbers()) == MOST_WAITING
    assert waiting.drops == Drops()


def test_a_decoder_that_falls_behind_goes_on_at_the_newest_key_frame() -> None:
    waiting = Waiting()
    waiting.put("k" + "d" * 5 + "k" + "d" * 3 + "k" + "d" * (MOST_WAITING - 11))
    waiting.put("d")
    assert waiting.numbers() == list(range(10, MOST_WAITING + 1))
    assert waiting.drops == Drops(frames_dropped=10)


def test_a_key_frame_takes_the_place_of_all_that_wait() -> None:
    waiting = Waiting()
    waiting.put("k" + "d" * (MOST_WAITING - 1) + "k")
    assert waiting.numbers() == [MOST_WAITING]
    assert waiting.drops == Drops(frames_dropped=MOST_WAITING)


def test_without_a_newer_key_frame_what_waits_is_dropped_and_one_is_asked_for() -> None:
    waiting = Waiting()
    waiting.put("k" + "d" * MOST_WAITING)
    assert waiting.numbers() == [0]
    assert waiting.drops == Drops(frames_dropped=MOST_WAITING, key_frames_wanted=1)


def test_the_queue_is_bounded_whatever_comes() -> None:
    waiting = Waiting()
    for kinds in ("d" * 100, "kd" * 50, "k" * 100, "k" + "d" * 200):
        waiting.put(kinds)
        assert len(waiting.numbers()) <= MOST_WAITING
        assert waiting.count == len(waiting.numbers()) + waiting.drops.frames_dropped


def test_the_end_of_a_stream_gets_into_a_full_queue() -> None:
    waiting = Waiting()
    waiting.put("k" + "d" * (MOST_WAITING - 1))
    waiting.queue.put(None)
    assert waiting.queue.queue[-1] is None


# -- what is decoded ------------------------------------------------------------------------------


def encoded(shades: list[int]) -> list[bytes]:
    """Return frames of one shade each, as VP8."""
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width = encoder.height = 64
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
    encoder.options = {"lag-in-frames": "0", "deadline": "realtime"}
    frames = []
    for number, shade in enumerate(shades):
        image = np.full((64, 64), shade, np.uint8)
        picture = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
        picture.pts = number
        frames += [bytes(packet) for packet in encoder.encode(picture)]
    return frames


SHADES = [40, 90, 140, 190]
FRAMES = encoded(SHADES)


@dataclass
class Thread:
    """aiortc's own decoder thread on a :class:`Decoder`; what came out of it, and where."""

    fail: Callable[[av.VideoFrame], None] = lambda _: None
    pictures: list[tuple[int, int | None, FrameTrailer | None]] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)
    intervals: list[float] = field(default_factory=list)
    failed: threading.Event = field(default_factory=threading.Event)
    counters: VideoCounters = field(default_factory=VideoCounters)
    ended: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    def take(self, picture: av.VideoFrame, trailer: FrameTrailer | None) -> None:
        self.threads.add(threading.current_thread().name)
        self.intervals.append(sys.getswitchinterval())
        shade = round(float(picture.to_ndarray(format="gray").mean()))
        self.pictures.append((shade, picture.pts, trailer))
        self.fail(picture)

    async def decode(self, *frames: EncodedFrame) -> None:
        """Decode the frames on a thread, to its end."""
        decoder = Decoder(self.take, self.counters, Drops(), self.failed)
        loop = asyncio.get_running_loop()
        thread = threading.Thread(
            target=decoder_worker,
            args=(loop, decoder, self.ended, threading.Event()),
            name="the decoder's",
        )
        thread.start()
        for frame in frames:
            decoder.put((CODEC, frame))
        decoder.put(None)
        async with asyncio.timeout(TIMEOUT_S):
            assert await self.ended.get() is None
        await asyncio.to_thread(thread.join, TIMEOUT_S)


def frame(data: bytes, timestamp: int = 0, trailer: FrameTrailer | None = None) -> EncodedFrame:
    return EncodedFrame(data, timestamp, VP8, trailer, is_key=True)


async def test_pictures_come_out_in_order_on_the_decoders_thread() -> None:
    thread = Thread()
    await thread.decode(*(frame(data, 3000 * n) for n, data in enumerate(FRAMES)))
    assert [shade for shade, _, _ in thread.pictures] == pytest.approx(SHADES, abs=4)
    assert [pts for _, pts, _ in thread.pictures] == [0, 3000, 6000, 9000]
    assert thread.threads == {"the decoder's"}
    assert thread.ended.empty()


async def test_each_picture_comes_with_what_its_sender_said_about_it() -> None:
    thread = Thread()
    trailers = [FrameTrailer(1, 0, b"a"), None, FrameTrailer(2, 0, b"b"), None]
    await thread.decode(
        *(frame(data, 3000 * n, trailers[n]) for n, data in enumerate(FRAMES)),
    )
    assert [trailer for _, _, trailer in thread.pictures] == trailers


async def test_frames_bytes_and_cost_are_counted() -> None:
    thread = Thread()
    await thread.decode(*(frame(data, n) for n, data in enumerate(FRAMES)))
    counters = thread.counters
    assert counters.frames_received == counters.frames_decoded == counters.decodes == 4
    assert counters.bytes_received == sum(map(len, FRAMES))
    assert counters.codec == "VP8"
    assert counters.decode_ns > 0


async def test_a_frame_that_cannot_be_decoded_is_told_and_the_next_key_frame_can(
    caplog: pytest.LogCaptureFixture,
) -> None:
    thread = Thread()
    with caplog.at_level(logging.WARNING, "reactor_env"):
        await thread.decode(frame(b"\x10\x02\x00no frame"), frame(FRAMES[0], 3000))
    assert thread.failed.is_set()
    assert "a VP8 frame could not be decoded" in caplog.text
    assert [pts for _, pts, _ in thread.pictures] == [3000]


async def test_a_reader_that_raises_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_picture: av.VideoFrame) -> None:
        raise KeyError("mine")

    thread = Thread(fail)
    with caplog.at_level(logging.ERROR, "reactor_env"):
        await thread.decode(*(frame(data, n) for n, data in enumerate(FRAMES)))
    assert len(thread.pictures) == 4
    assert "mine" in caplog.text


async def test_threads_switch_sooner_while_a_stream_lasts() -> None:
    before = sys.getswitchinterval()
    thread = Thread()
    await thread.decode(*(frame(data, n) for n, data in enumerate(FRAMES)))
    assert thread.intervals == pytest.approx([INTERVAL_S] * 4)
    assert sys.getswitchinterval() == before


# -- in aiortc: these fail when aiortc changes ----------------------------------------------------


async def test_install_replaces_the_queue_of_a_real_receiver() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = connection.addTransceiver("video", direction="recvonly").receiver
    decoder = install(receiver, nothing, VideoCounters(), Drops())
    assert vars(receiver)["_RTCRtpReceiver__decoder_queue"] is decoder
    await connection.close()


def test_install_names_what_a_changed_aiortc_lacks() -> None:
    changed = SimpleNamespace(_RTCRtpReceiver__decoder_queue=None)
    with pytest.raises(RuntimeError, match=r"no _RTCRtpReceiver__decoder_error: .*1\.16"):
        install(cast(RTCRtpReceiver, changed), nothing, VideoCounters(), Drops())
