from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import aiortc
import av
import numpy as np
import pytest
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpCodecParameters,
    RTCRtpReceiver,
    VideoStreamTrack,
)
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket, wrap_rtx
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.jitter import (
    CAPACITY,
    FIRST_ESTIMATE_BPS,
    GAP_TIMEOUT_S,
    KEY_FRAME_REQUEST_INTERVAL_S,
    MAX_MISORDER,
    EncodedFrame,
    FrameAssembler,
    install,
    is_key_frame,
)
from reactor_env.client.wire.trailer import FrameTrailer, append_trailer

TIMEOUT_S = 10.0
VP8 = 97
RTX = 98
DELTA = b"\x11delta"


def key_frame(tail: bytes) -> bytes:
    """Return what passes for a VP8 key frame: frame tag, start code, and anything (RFC 6386)."""
    return b"\x10\x02\x00\x9d\x01\x2a" + tail


KEY = key_frame(b"key")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """An assembler with a clock to set.

    Of an unknown codec every frame counts as a key frame.
    """

    codec: str = "VP8"
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.assembler = FrameAssembler(
            lambda payload_type: self.codec if payload_type == VP8 else "",
            clock=self.clock,
        )

    def add(self, packet: RtpPacket, *, after: float = 0.0) -> tuple[bool, list[bytes]]:
        """Add a packet some seconds later; return the request and all frames it completed."""
        self.clock.now += after
        request, frame = self.assembler.add(packet)
        frames = []
        while frame is not None:
            frames.append(frame.data)
            frame = self.assembler.pop()
        # What add() gave up on may have left complete frames behind.
        while (frame := self.assembler.pop()) is not None:
            frames.append(frame.data)
        return request, frames


def packet(
    number: int,
    data: bytes,
    *,
    timestamp: int | None = None,
    marker: bool = True,
) -> RtpPacket:
    """One depayloaded packet; by default a whole frame of its own."""
    made = RtpPacket(
        payload_type=VP8,
        marker=int(marker),
        sequence_number=number % 65536,
        timestamp=3000 * number if timestamp is None else timestamp,
    )
    made._data = data  # type: ignore[attr-defined]
    return made


def padding(number: int, timestamp: int) -> RtpPacket:
    return packet(number, b"", timestamp=timestamp, marker=False)


def stream(frames: Sequence[Sequence[bytes]], first: int = 0) -> list[RtpPacket]:
    """Cut frames into packets; an empty part is a padding packet, here or behind the frame."""
    packets = []
    number = first
    for index, parts in enumerate(frames):
        last = max((i for i, part in enumerate(parts) if part), default=-1)
        for i, part in enumerate(parts):
            packets.append(packet(number, part, timestamp=3000 * index, marker=i == last))
            number += 1
    return packets


def released(packets: Iterable[RtpPacket]) -> list[bytes]:
    bench = Bench("unknown")
    return [frame for item in packets for frame in bench.add(item)[1]]


# -- without loss -------------------------------------------------------------------------------


def test_a_frame_is_released_by_its_marker_with_nothing_behind_it() -> None:
    bench = Bench("unknown")
    assert bench.add(packet(7, b"a", timestamp=0, marker=False)) == (False, [])
    assert bench.add(packet(8, b"b", timestamp=0)) == (False, [b"ab"])


def test_a_frame_without_a_marker_is_released_by_the_next_one() -> None:
    bench = Bench("unknown")
    bench.add(packet(7, b"a", timestamp=0, marker=False))
    assert bench.add(packet(8, b"b", timestamp=3000, marker=False)) == (False, [b"a"])


def test_a_frame_keeps_its_timestamp() -> None:
    _, frame = Bench().assembler.add(packet(7, KEY, timestamp=4_000_000_000))
    assert frame is not None
    assert frame.timestamp == 4_000_000_000


def test_packets_within_a_frame_may_change_places() -> None:
    parts = stream([[b"a", b"b", b"c", b"d"]])
    assert released([parts[0], parts[3], parts[2], parts[1]]) == [b"abcd"]


def test_a_late_packet_completes_several_frames_at_once() -> None:
    bench = Bench("unknown")
    bench.add(packet(0, b"a"))
    for number in (2, 3, 4):
        assert bench.add(packet(number, b"%d" % number)) == (False, [])
    _, frame = bench.assembler.add(packet(1, b"1"))
    assert frame is not None
    rest = [bench.assembler.pop() for _ in range(4)]
    assert [item.data for item in rest if item is not None] == [b"2", b"3", b"4"]
    assert rest[-1] is None


def test_padding_between_two_frames_is_skipped() -> None:
    bench = Bench()
    bench.add(packet(0, KEY, timestamp=0))
    assert bench.add(padding(1, timestamp=0)) == (False, [])
    assert bench.add(packet(2, DELTA, timestamp=3000)) == (False, [DELTA])


def test_padding_before_the_first_frame_is_skipped() -> None:
    bench = Bench()
    bench.add(padding(0, timestamp=0))
    assert bench.add(packet(1, KEY, timestamp=3000)) == (False, [KEY])


def test_padding_within_a_frame_adds_nothing_to_it() -> None:
    bench = Bench("unknown")
    bench.add(packet(0, b"a", timestamp=0, marker=False))
    bench.add(padding(1, timestamp=0))
    assert bench.add(packet(2, b"b", timestamp=0)) == (False, [b"ab"])


def test_lost_padding_holds_frames_back_like_any_packet_until_it_comes() -> None:
    bench = Bench()
    bench.add(packet(0, KEY, timestamp=0))
    assert bench.add(packet(2, DELTA, timestamp=3000)) == (False, [])
    assert bench.add(padding(1, timestamp=0)) == (False, [DELTA])


def test_sequence_numbers_wrap_within_a_frame() -> None:
    bench = Bench("unknown")
    bench.add(packet(65534, b"a", timestamp=0, marker=False))
    bench.add(packet(65535, b"b", timestamp=0, marker=False))
    assert bench.add(packet(65536, b"c", timestamp=0)) == (False, [b"abc"])


def test_sequence_numbers_wrap_more_than_once() -> None:
    frames = [[b"%d" % index] for index in range(3 * 65536 // 1000)]
    packets = [
        packet(1000 * index, parts[0], timestamp=index) for index, parts in enumerate(frames)
    ]
    bench = Bench("unknown")
    for index, item in enumerate(packets):
        # Everything in between is padding, so that no number is missing.
        for number in range(1000 * (index - 1) + 1, 1000 * index) if index else ():
            bench.assembler.add(padding(number, timestamp=index - 1))
        assert bench.add(item) == (False, frames[index])


def test_a_duplicate_of_a_released_packet_is_ignored() -> None:
    bench = Bench()
    bench.add(packet(0, KEY))
    bench.add(packet(1, DELTA))
    assert bench.add(packet(0, KEY)) == (False, [])
    assert bench.add(packet(1, DELTA)) == (False, [])
    assert bench.add(packet(2, DELTA)) == (False, [DELTA])


def test_a_duplicate_of_a_waiting_packet_is_used_once() -> None:
    bench = Bench("unknown")
    bench.add(packet(0, b"a", timestamp=0, marker=False))
    bench.add(packet(2, b"c", timestamp=0))
    bench.add(packet(2, b"c", timestamp=0))
    assert bench.add(packet(1, b"b", timestamp=0, marker=False)) == (False, [b"abc"])


def test_duplicates_of_released_packets_are_not_kept() -> None:
    bench = Bench()
    for _ in range(2):
        for number in range(CAPACITY):
            bench.add(packet(number, KEY))
    # Were they kept, this gap would be given up at once for all that waits behind it.
    assert bench.add(packet(CAPACITY + 1, KEY)) == (False, [])
    assert bench.add(packet(CAPACITY, KEY)) == (False, [KEY, KEY])


PARTS = st.lists(st.binary(min_size=1, max_size=3), min_size=1, max_size=4)
PADDED = st.tuples(PARTS, st.integers(0, 2)).map(lambda both: both[0] + [b""] * both[1])


@given(
    frames=st.lists(PADDED, min_size=1, max_size=8),
    first=st.integers(0, 65535),
    window=st.integers(1, 6),
    seed=st.integers(0, 2**32),
)
def test_reordered_packets_give_the_frames_in_order_and_intact(
    frames: list[list[bytes]], first: int, window: int, seed: int
) -> None:
    packets = stream(frames, first)
    # The first packet stays in front: it tells where the stream begins.
    rng = random.Random(seed)
    late = {id(item): index + rng.uniform(0, window) for index, item in enumerate(packets[1:])}
    shuffled = packets[:1] + sorted(packets[1:], key=lambda item: late[id(item)])
    assert released(shuffled) == [b"".join(parts) for parts in frames]


# -- the beginning ------------------------------------------------------------------------------


def test_nothing_is_released_before_the_first_key_frame() -> None:
    bench = Bench()
    # The rest of a frame whose first packets were sent before anybody listened.
    bench.add(packet(7, b"\x10rest", timestamp=0, marker=False))
    assert bench.add(packet(8, b"of it", timestamp=0)) == (True, [])
    assert bench.add(packet(9, DELTA, timestamp=3000)) == (False, [])
    assert bench.add(packet(10, KEY, timestamp=6000)) == (False, [KEY])
    assert bench.assembler.frames_dropped == 2


def test_no_key_frame_is_requested_while_the_first_one_is_on_its_way() -> None:
    bench = Bench()
    parts = stream([[KEY, b"b", b"c", b"d"]])
    assert [bench.add(part)[0] for part in parts] == [False] * 4


# -- trailers -----------------------------------------------------------------------------------


def test_the_decoder_gets_a_frame_without_its_trailer() -> None:
    trailer = FrameTrailer(1, 2, b"{}")
    whole = append_trailer(KEY, trailer)
    assert released(stream([[whole[:3], whole[3:9], whole[9:]]])) == [KEY]


@pytest.mark.parametrize("trailer", [FrameTrailer(1, 2, b"{}"), None])
def test_a_frame_carries_its_trailer_to_the_decoder(trailer: FrameTrailer | None) -> None:
    data = KEY if trailer is None else append_trailer(KEY, trailer)
    _, frame = Bench().assembler.add(packet(0, data))
    assert frame is not None
    assert frame.trailer == trailer


def test_a_frame_that_is_nothing_but_a_trailer_is_skipped() -> None:
    bench = Bench()
    empty = append_trailer(b"", FrameTrailer(1, 2, b"{}"))
    assert bench.add(packet(0, empty)) == (False, [])
    assert bench.add(packet(1, KEY)) == (False, [KEY])


# -- with loss ----------------------------------------------------------------------------------


def lossy() -> Bench:
    """A stream whose packet 1 never comes, 0 ms after packet 2 showed that it is missing."""
    bench = Bench()
    assert bench.add(packet(0, KEY)) == (False, [KEY])
    assert bench.add(packet(2, DELTA)) == (False, [])
    return bench


def test_a_gap_is_waited_for_and_no_key_frame_requested_meanwhile() -> None:
    bench = lossy()
    assert bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S - 0.001) == (False, [])
    assert bench.add(packet(1, b"\x11one")) == (False, [b"\x11one", DELTA, DELTA])


def test_a_gap_that_was_filled_takes_no_time_from_the_next_one() -> None:
    bench = lossy()
    bench.add(packet(1, DELTA))
    assert bench.add(packet(3, DELTA), after=10.0) == (False, [DELTA])
    assert bench.add(packet(5, DELTA)) == (False, [])
    assert bench.add(packet(4, DELTA), after=GAP_TIMEOUT_S - 0.001) == (False, [DELTA, DELTA])


def test_a_gap_given_up_asks_for_a_key_frame() -> None:
    bench = lossy()
    assert bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S) == (True, [])


def test_a_gap_given_up_drops_frames_until_a_key_frame() -> None:
    bench = lossy()
    frames = []
    for number, data in ((3, DELTA), (4, DELTA), (5, key_frame(b"new")), (6, b"\x11next")):
        frames += bench.add(packet(number, data), after=GAP_TIMEOUT_S)[1]
    assert frames == [key_frame(b"new"), b"\x11next"]
    assert bench.assembler.frames_dropped == 2


def test_a_key_frame_behind_the_gap_is_used_at_once() -> None:
    bench = lossy()
    bench.add(packet(3, key_frame(b"behind")))
    assert bench.add(packet(4, DELTA), after=GAP_TIMEOUT_S)[1] == [key_frame(b"behind"), DELTA]


def test_key_frame_requests_keep_their_distance() -> None:
    bench = lossy()
    assert bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S)[0]
    step = KEY_FRAME_REQUEST_INTERVAL_S / 4
    requests = [bench.add(packet(4 + i, DELTA), after=step)[0] for i in range(9)]
    assert requests == [False, False, False, True, False, False, False, True, False]


def test_no_key_frame_is_requested_once_one_came() -> None:
    bench = lossy()
    bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S)
    assert bench.add(packet(4, KEY), after=1.0) == (False, [KEY])
    assert bench.add(packet(5, DELTA), after=1.0) == (False, [DELTA])


def test_a_packet_that_comes_after_it_was_given_up_is_ignored() -> None:
    bench = lossy()
    bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S)
    assert bench.add(packet(1, KEY)) == (False, [])


def test_the_frame_that_lost_a_packet_is_never_released_in_part() -> None:
    bench = Bench()
    bench.add(packet(0, KEY, timestamp=0))
    # Frame 1: packet 1 is lost, and packet 2 would pass for a key frame.
    bench.add(packet(2, key_frame(b"tail"), timestamp=3000))
    assert bench.add(packet(3, key_frame(b"whole"), timestamp=6000), after=GAP_TIMEOUT_S)[1] == [
        key_frame(b"whole")
    ]


def test_a_gap_given_up_in_mid_frame_releases_nothing_of_that_frame() -> None:
    bench = Bench()
    bench.add(packet(0, KEY, timestamp=0))
    # Frame 1: packet 1 is lost and 2 arrives. The gap is given up with packet 3; 4 ends it.
    bench.add(packet(2, KEY, timestamp=3000, marker=False))
    bench.add(packet(3, KEY, timestamp=3000, marker=False), after=GAP_TIMEOUT_S)
    assert bench.add(packet(4, key_frame(b"tail"), timestamp=3000)) == (False, [])


def test_each_gap_has_the_whole_time_to_be_filled() -> None:
    bench = lossy()
    bench.add(packet(4, DELTA), after=GAP_TIMEOUT_S - 0.01)  # 3 is missing too, since now
    assert bench.add(packet(1, DELTA)) == (False, [DELTA, DELTA])
    assert bench.add(packet(5, DELTA), after=0.02) == (False, [])
    assert bench.add(packet(3, DELTA)) == (False, [DELTA, DELTA, DELTA])


def test_a_gap_is_given_up_when_too_much_waits_behind_it() -> None:
    bench = lossy()
    results = [bench.add(packet(3 + i, DELTA)) for i in range(CAPACITY - 1)]
    assert [request for request, _ in results] == [False] * (CAPACITY - 2) + [True]


def test_a_second_gap_is_given_up_as_well() -> None:
    bench = lossy()
    bench.add(packet(3, KEY), after=GAP_TIMEOUT_S)
    bench.add(packet(5, DELTA))
    request, frames = bench.add(packet(6, KEY), after=GAP_TIMEOUT_S)
    assert request
    assert frames == [KEY]


def test_a_frame_without_an_end_is_given_up() -> None:
    bench = Bench()
    assert bench.add(packet(0, KEY)) == (False, [KEY])
    endless = [packet(1 + i, DELTA, timestamp=9000, marker=False) for i in range(3 * CAPACITY)]
    requests = [bench.add(item)[0] for item in endless]
    assert requests.index(True) == CAPACITY - 1
    assert bench.add(packet(1 + 3 * CAPACITY, DELTA, timestamp=9000))[1] == []
    assert bench.add(packet(2 + 3 * CAPACITY, KEY, timestamp=12_000)) == (False, [KEY])


def test_a_retransmission_that_comes_much_too_late_disturbs_nothing() -> None:
    bench = lossy()
    last = MAX_MISORDER + 10
    bench.add(packet(3, DELTA), after=GAP_TIMEOUT_S)
    assert bench.add(packet(4, KEY))[1] == [KEY]
    for number in range(5, last):
        assert bench.add(packet(number, DELTA))[1] == [DELTA]
    assert bench.add(packet(1, DELTA)) == (False, [])
    assert bench.add(packet(last, DELTA)) == (False, [DELTA])


def test_a_sender_that_starts_anew_is_followed_from_its_next_key_frame() -> None:
    bench = Bench()
    assert bench.add(packet(30_000, KEY, timestamp=0))[1] == [KEY]
    request, frames = bench.add(packet(20_000, DELTA, timestamp=90_000))
    assert (request, frames) == (True, [])
    assert bench.add(packet(20_001, KEY, timestamp=93_000))[1] == [KEY]


def test_another_source_is_followed_although_its_clock_is_behind() -> None:
    bench = Bench()
    bench.add(packet(30_000, KEY, timestamp=90_000))
    other = packet(20_000, KEY, timestamp=0)
    other.ssrc = 7
    assert bench.add(other)[1] == [KEY]


def test_a_source_that_sends_nothing_but_strays_is_followed_in_the_end() -> None:
    bench = Bench()
    bench.add(packet(30_000, KEY, timestamp=900_000))
    results = [bench.add(packet(20_000 + i, KEY, timestamp=i)) for i in range(MAX_MISORDER + 1)]
    assert [frames for _, frames in results] == [[]] * MAX_MISORDER + [[KEY]]


@pytest.mark.parametrize(
    ("codec", "data", "expected"),
    [
        pytest.param("VP8", b"\x10\x02\x00\x9d\x01\x2a", True, id="VP8 key frame"),
        pytest.param("VP8", b"\x10\x02\x00\x9d\x01\x2b", False, id="VP8 without start code"),
        pytest.param("VP8", b"\x10", False, id="a single byte"),
        pytest.param("VP8", b"\x31\x03\x00", False, id="VP8 inter frame"),
        pytest.param("vp8", b"\x31\x03\x00", False, id="lower case"),
        pytest.param("H264", b"\x00\x00\x00\x01\x65\x88", True, id="IDR slice"),
        pytest.param("H264", b"\x00\x00\x01\x67\x42\x00\x00\x01\x68\xce", True, id="parameters"),
        pytest.param("H264", b"\x00\x00\x00\x01\x41\x9a", False, id="non-IDR slice"),
        pytest.param("H264", b"\x00\x00\x00\x01\x09\xf0\x00\x00\x00\x01\x41", False, id="AUD"),
        pytest.param("H264", b"\x00\x00\x01\x09\xf0\x00\x00\x01\x25\x88", True, id="AUD, then IDR"),
        pytest.param("H264", b"\x00\x00\x01", False, id="an empty unit"),
        pytest.param("AV1", b"\x01", True, id="another codec"),
    ],
)
def test_a_key_frame_is_told_from_its_bytes(codec: str, data: bytes, expected: bool) -> None:
    assert is_key_frame(codec, data) is expected


# -- in aiortc: these fail when aiortc changes --------------------------------------------------


async def make_receiver() -> tuple[RTCPeerConnection, RTCRtpReceiver]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = connection.addTransceiver("video", direction="recvonly").receiver
    return connection, receiver


def private(receiver: RTCRtpReceiver, name: str) -> Any:
    return vars(receiver)[f"_RTCRtpReceiver__{name}"]


def test_aiortc_is_the_version_this_was_written_for() -> None:
    assert aiortc.__version__.startswith("1.16."), (
        "read aiortc's rtcrtpreceiver.py and jitterbuffer.py again before changing this"
    )


def test_aiortc_alone_still_holds_a_complete_frame_back() -> None:
    # When this fails, aiortc releases frames on the marker bit and client/jitter.py may go.
    _, frame = JitterBuffer(capacity=512, is_video=True).add(packet(0, KEY))
    assert frame is None


async def test_install_replaces_the_buffer_of_a_real_receiver() -> None:
    connection, receiver = await make_receiver()
    assert isinstance(private(receiver, "jitter_buffer"), JitterBuffer)
    assert list(inspect.signature(receiver._handle_rtp_packet).parameters) == [
        "packet",
        "arrival_time_ms",
    ]
    assembler = install(receiver)
    assert private(receiver, "jitter_buffer") is assembler
    await connection.close()


def test_install_names_what_a_changed_aiortc_lacks() -> None:
    changed = SimpleNamespace(_RTCRtpReceiver__codecs={}, _RTCRtpReceiver__decoder_queue=None)
    with pytest.raises(
        RuntimeError,
        match=r"no _RTCRtpReceiver__jitter_buffer, _RTCRtpReceiver__timestamp_mapper, .*1\.16",
    ):
        install(cast(RTCRtpReceiver, changed))


def codec(name: str, payload_type: int, **parameters: int) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters(
        mimeType=f"video/{name}",
        clockRate=90000,
        payloadType=payload_type,
        parameters=dict(parameters),
    )


def on_the_wire(number: int, data: bytes, timestamp: int) -> RtpPacket:
    return RtpPacket(
        payload_type=VP8,
        marker=1,
        sequence_number=number,
        timestamp=timestamp,
        ssrc=1,
        payload=b"\x10" + data,  # VP8 payload descriptor: start of partition 0 (RFC 7741, 4.2)
    )


async def decoded_by(packets: Sequence[RtpPacket]) -> list[tuple[str, EncodedFrame]]:
    """Feed a real receiver; return what would go to its decoder."""
    connection, receiver = await make_receiver()
    install(receiver)
    state = vars(receiver)
    state["_RTCRtpReceiver__codecs"] = {VP8: codec("VP8", VP8), RTX: codec("rtx", RTX, apt=VP8)}
    state["_RTCRtpReceiver__rtx_ssrc"] = {2: 1}
    state["_RTCRtpReceiver__decoder_thread"] = object()
    for item in packets:
        await receiver._handle_rtp_packet(item, 0)
    queue = private(receiver, "decoder_queue")
    decoded = []
    while not queue.empty():
        used, frame = queue.get_nowait()
        decoded.append((used.name, frame))
    await connection.close()
    return decoded


async def test_a_receiver_decodes_every_frame_that_one_packet_completed() -> None:
    order = (10, 12, 13, 11)
    decoded = await decoded_by(
        [on_the_wire(n, key_frame(b"%d" % n), timestamp=3000 * n) for n in order]
    )
    assert [frame.data for _, frame in decoded] == [key_frame(b"%d" % n) for n in (10, 11, 12, 13)]
    assert [frame.timestamp for _, frame in decoded] == [0, 3000, 6000, 9000]


async def test_each_frame_has_its_own_trailer_and_the_time_it_will_be_decoded_with() -> None:
    trailers = {n: FrameTrailer(n, 0, b"") for n in (10, 11, 12)}
    decoded = await decoded_by(
        [
            on_the_wire(n, append_trailer(KEY, trailers[n]), timestamp=90_000 + 3000 * n)
            for n in (10, 12, 11)
        ]
    )
    assert [(frame.timestamp, frame.trailer) for _, frame in decoded] == [
        (0, trailers[10]),
        (3000, trailers[11]),
        (6000, trailers[12]),
    ]


async def test_frames_completed_by_a_retransmission_go_to_the_right_decoder() -> None:
    lost = on_the_wire(11, KEY, timestamp=3000)
    again = wrap_rtx(lost, payload_type=RTX, sequence_number=500, ssrc=2)
    decoded = await decoded_by(
        [
            on_the_wire(10, KEY, timestamp=0),
            on_the_wire(12, KEY, timestamp=6000),
            on_the_wire(13, KEY, timestamp=9000),
            again,
        ]
    )
    assert [name for name, _ in decoded] == ["VP8"] * 4


class Shades(VideoStreamTrack):
    """Frames of one shade each, 30 a second, and then nothing more."""

    def __init__(self, shades: Sequence[int]) -> None:
        super().__init__()
        self._shades = list(shades)

    async def recv(self) -> av.VideoFrame:
        if not self._shades:
            await asyncio.Event().wait()
        pts, time_base = await self.next_timestamp()
        image = np.full((64, 64), self._shades.pop(0), np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


async def test_the_last_frame_before_a_pause_comes_out_although_nothing_follows() -> None:
    shades = [40, 80, 120, 160, 200]
    sender = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = receiver.addTransceiver("video", direction="recvonly")
    install(transceiver.receiver)
    await receiver.setLocalDescription(await receiver.createOffer())
    await sender.setRemoteDescription(receiver.localDescription)
    sender.addTrack(Shades(shades))
    await sender.setLocalDescription(await sender.createAnswer())
    await receiver.setRemoteDescription(sender.localDescription)
    received: list[int] = []
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while not received or received[-1] < shades[-1] - 10:
                frame = await transceiver.receiver.track.recv()
                assert isinstance(frame, av.VideoFrame)
                received.append(round(float(frame.to_ndarray(format="gray").mean())))
    except TimeoutError:
        pytest.fail(f"only the shades {received} of {shades} came out")
    finally:
        await asyncio.gather(sender.close(), receiver.close())
    assert received == pytest.approx(shades, abs=6)


def test_what_was_thrown_away_behind_it_is_counted_and_a_key_frame_is_waited_for() -> None:
    bench = Bench()
    assert bench.add(packet(1, KEY)) == (False, [KEY])
    bench.assembler.skip_to_key_frame(7)
    assert bench.add(packet(2, DELTA)) == (True, [])
    assert bench.assembler.frames_dropped == 8
    assert bench.add(packet(3, KEY)) == (False, [KEY])


def test_a_gap_is_given_up_between_two_packets_too() -> None:
    bench = Bench()
    bench.add(packet(1, KEY))
    bench.add(packet(3, DELTA))
    assert not bench.assembler.check()
    bench.clock.now += bench.assembler.gap_timeout_s
    assert bench.assembler.check()


async def test_the_sender_is_told_what_it_may_send_from_the_first_packet_on() -> None:
    connection, receiver = await make_receiver()
    install(receiver)
    estimator = private(receiver, "remote_bitrate_estimator")
    told = estimator.add(arrival_time_ms=1000, abs_send_time=1 << 18, payload_size=1000, ssrc=7)
    assert told is not None
    assert told[0] == pytest.approx(FIRST_ESTIMATE_BPS, rel=0.1)
    assert told[1] == [7]
    await connection.close()


@dataclass
class Requests:
    """What an installed receiver asks its sender for."""

    nacks: list[tuple[int, list[int]]] = field(default_factory=list)
    plis: list[int] = field(default_factory=list)

    def of(self, receiver: Any) -> None:
        async def nack(ssrc: int, lost: list[int]) -> None:
            self.nacks.append((ssrc, lost))

        async def pli(ssrc: int) -> None:
            self.plis.append(ssrc)

        receiver._send_rtcp_nack = nack
        receiver._send_rtcp_pli = pli


async def test_a_lost_packet_is_asked_for_again_and_then_given_up_while_no_other_comes() -> None:
    connection, receiver = await make_receiver()
    install(receiver)
    requests = Requests()
    requests.of(receiver)
    private(receiver, "codecs")[VP8] = codec("VP8", VP8)
    for number in (1, 3):
        one = RtpPacket(payload_type=VP8, marker=1, sequence_number=number, timestamp=number)
        one.ssrc = 9
        one.payload = b"\x10" + KEY  # a VP8 payload descriptor (RFC 7741, 4.2)
        await receiver._handle_rtp_packet(one, arrival_time_ms=0)
    async with asyncio.timeout(TIMEOUT_S):
        while not requests.plis:  # noqa: ASYNC110 - a timer of the code under test
            await asyncio.sleep(0.005)
    assert len(requests.nacks) > 2
    assert all(asked == (9, [2]) for asked in requests.nacks)
    assert requests.plis == [9]
    await connection.close()
