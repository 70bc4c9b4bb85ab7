"""Video over a network that loses, doubles, delays and reorders packets."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.jitter import CAPACITY, GAP_TIMEOUT_S, FrameAssembler

KEY = b"\x10\x02\x00\x9d\x01\x2a"
DELTA = b"\x11"
INTERVAL_S = 1 / 30


@dataclass(frozen=True)
class Frame:
    """A frame as its sender cut it; each is different from every other."""

    index: int
    key: bool
    parts: tuple[bytes, ...]

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)


def frame(index: int, key: bool, size: int) -> Frame:
    name = f"{index}".encode()
    parts = tuple(b"%s/%d;" % (name, part) for part in range(size))
    return Frame(index, key, ((KEY if key else DELTA) + parts[0], *parts[1:]))


@dataclass(frozen=True)
class Fate:
    """What becomes of one packet: when copies of it arrive, in seconds after it was sent."""

    arrivals: tuple[float, ...]


DELAYS = st.sampled_from([0.0, 0.001, 0.005, 0.04, 0.1, GAP_TIMEOUT_S, 0.3, 1.0, 5.0])
FATES = st.one_of(
    st.just(Fate((0.0,))),
    st.just(Fate((0.0,))),
    st.lists(DELAYS, max_size=2).map(lambda delays: Fate(tuple(delays))),
)
FRAMES = st.lists(st.tuples(st.booleans(), st.integers(1, 5)), min_size=1, max_size=25)


def packets(frames: list[Frame], first: int) -> list[tuple[float, RtpPacket]]:
    """Return the packets of a stream with the times they are sent at."""
    sent = []
    number = first
    for item in frames:
        for index, part in enumerate(item.parts):
            packet = RtpPacket(
                payload_type=97,
                marker=int(index == len(item.parts) - 1),
                sequence_number=number % 65536,
                timestamp=(2**32 - 9000 + 3000 * item.index) % 2**32,
            )
            packet._data = part  # type: ignore[attr-defined]
            sent.append((item.index * INTERVAL_S + 1e-4 * index, packet))
            number += 1
    return sent


def received(arrivals: list[tuple[float, RtpPacket]]) -> list[bytes]:
    """Return the frames that come out when packets arrive at these times."""
    clock = [0.0]
    assembler = FrameAssembler(lambda _type: "VP8", clock=lambda: clock[0])
    out = []
    for clock[0], packet in sorted(arrivals, key=lambda arrival: arrival[0]):
        _, encoded = assembler.add(packet)
        while encoded is not None:
            out.append(encoded.data)
            encoded = assembler.pop()
        while (encoded := assembler.pop()) is not None:  # what add() gave up on left it behind
            out.append(encoded.data)
        assert len(assembler._packets) <= CAPACITY
    return out


@given(shapes=FRAMES, first=st.integers(0, 65535), data=st.data())
def test_whatever_comes_out_is_whole_in_order_and_can_be_decoded(
    shapes: list[tuple[bool, int]], first: int, data: st.DataObject
) -> None:
    frames = [frame(index, key, size) for index, (key, size) in enumerate(shapes)]
    arrivals = [
        (time + delay, packet)
        for time, packet in packets(frames, first)
        for delay in data.draw(FATES).arrivals
    ]
    by_data = {item.data: item for item in frames}
    last = None
    for encoded in received(arrivals):
        assert encoded in by_data, "a frame in part"
        item = by_data[encoded]
        assert last is None or item.index > last
        assert item.key or item.index - 1 == last, "a frame whose predecessor never came"
        last = item.index


@given(shapes=FRAMES, first=st.integers(0, 65535), data=st.data())
def test_video_goes_on_once_the_network_is_good_again(
    shapes: list[tuple[bool, int]], first: int, data: st.DataObject
) -> None:
    bad = [frame(index, key, size) for index, (key, size) in enumerate(shapes)]
    later = len(bad) + round(6 / INTERVAL_S)  # after the last packet that was delayed
    good = [frame(later + index, index % 5 == 0, 3) for index in range(11)]
    sent = packets(bad + good, first)
    lost_frames = sum(len(item.parts) for item in bad)
    arrivals = [
        (time + delay, packet)
        for time, packet in sent[:lost_frames]
        for delay in data.draw(FATES).arrivals
    ] + sent[lost_frames:]
    # The first key frame may be used up in learning that something was lost.
    assert received(arrivals)[-6:] == [item.data for item in good[5:]]


@given(
    jump=st.integers(-32768, 32767).filter(bool),
    ticks=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 1),
)
def test_a_sender_that_starts_anew_anywhere_is_followed(jump: int, ticks: int, ssrc: int) -> None:
    before = packets([frame(index, index == 0, 2) for index in range(20)], 40_000)
    end = before[-1][0]
    after = packets([frame(index, index % 10 == 0, 2) for index in range(120)], 40_000 + 40 + jump)
    for _, packet in after:
        packet.timestamp = (packet.timestamp + ticks) % 2**32
        packet.ssrc = ssrc
    out = received(before + [(end + 1 + time, packet) for time, packet in after])
    assert out[-1] == frame(119, False, 2).data
