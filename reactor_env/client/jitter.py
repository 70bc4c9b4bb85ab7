"""The receive path's one grip into aiortc: frames leave on the RTP marker bit.

aiortc 1.16 hands a frame on only when a packet with *another* timestamp arrives, so every
frame is one frame interval late and the last one before a pause never comes out
(``webrtc.md`` A1). :class:`FrameAssembler` releases a frame with its last packet instead,
cuts the metadata trailer off before the decoder sees it, and gives up on a gap after a bounded
wait. :func:`install` puts it into an ``RTCRtpReceiver``, together with a
:class:`~reactor_env.client.nack.NackSchedule`, which asks for missing packets until then.

aiortc tells the sender nothing of how much it may send (REMB) for three seconds, and then the rate
that came until then, whatever limited that; from there it grows by 8 % a second. A stream whose
first seconds were small stays coarse for a minute. Here the estimate begins with the stream, at
:data:`FIRST_ESTIMATE_BPS`, and goes on by aiortc's rules: up while delays do not grow, down when
they do. The sender obeys losses by itself.

aiortc has no public way to do this, so :func:`install` replaces private attributes, all of them
in this file; ``tests/client/test_jitter.py`` fails when aiortc renames or changes them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtp import RtpPacket

from reactor_env.client.nack import LEAST_INTERVAL_S, NackSchedule
from reactor_env.client.wire.trailer import FrameTrailer, split_trailer

GAP_TIMEOUT_S = 0.15
"""How long a missing packet is waited for where nobody knows the round trip; then the frames up to
the next key frame are dropped. :func:`install` has it follow the round trip."""

KEY_FRAME_REQUEST_INTERVAL_S = 0.1
"""The least time between two key-frame requests (PLI) for one track."""

FIRST_ESTIMATE_BPS = 4_000_000
"""What the sender is told at first that it may send: what reactor-runtime 3.10 begins with, too, as
long as nobody tells it anything (``bwe_initial_kbps``)."""

MAX_MISORDER = 100
"""A packet this far behind the ones released is much too late, or the sender started anew."""

CAPACITY = 2048
"""Packets held back, by a gap or by a frame without an end, before they are given up."""

_HALF = 1 << 15
_WRAP = 1 << 16
_HALF_TIMESTAMP = 1 << 31
_WRAP_TIMESTAMP = 1 << 32
_VP8_START_CODE = b"\x9d\x01\x2a"


class EncodedFrame(JitterFrame):
    """One encoded frame on its way to the decoder, without its trailer.

    Attributes:
        data: What the decoder gets.
        timestamp: RTP timestamp at first, presentation time once aiortc has mapped it.
        payload_type: Of its last packet.
        trailer: What its sender said about it.
        is_key: Whether it can be decoded by itself.
    """

    def __init__(
        self,
        data: bytes,
        timestamp: int,
        payload_type: int,
        trailer: FrameTrailer | None,
        *,
        is_key: bool = False,
    ) -> None:
        super().__init__(data, timestamp)
        self.payload_type = payload_type
        self.trailer = trailer
        self.is_key = is_key


class FrameAssembler:
    """Joins RTP packets into encoded frames, each released with its last packet.

    Frames come out in order and complete, from the first key frame on. A gap holds the frames
    behind it back until the missing packets arrive; after
    :attr:`gap_timeout_s` they are given up, and nothing is released until the next key frame,
    which is asked for.

    Args:
        codec_name: Payload type to codec name, for example ``"VP8"``.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        codec_name: Callable[[int], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._codec_name = codec_name
        self._clock = clock
        self._packets: dict[int, RtpPacket] = {}
        self._next: int | None = None  # the first packet of the frame to come
        self._ready = 0  # the first missing packet from there on
        self._scanned = 0  # no frame ends between the two before this one
        self._highest = 0
        self._gap: int | None = None
        self._gap_since = 0.0
        self._broken_timestamp: int | None = None
        # The first packet to arrive may be from the middle of a frame.
        self._needs_key_frame = True
        self._wants_key_frame = False
        self._last_request = float("-inf")
        self._newest: RtpPacket | None = None
        self._strays = 0
        self.gap_timeout_s = GAP_TIMEOUT_S
        self.frames_dropped = 0
        """Complete frames thrown away because something before them was lost."""

    @property
    def source(self) -> int | None:
        """The SSRC of the newest packet, ``None`` before the first."""
        return self._newest.ssrc if self._newest is not None else None

    @property
    def capacity(self) -> int:
        """The most packets held at once, as aiortc's own buffer tells it."""
        return CAPACITY

    def add(self, packet: RtpPacket) -> tuple[bool, EncodedFrame | None]:
        """Take a packet.

        Args:
            packet: A depayloaded packet; ``packet._data`` holds its part of the frame, empty
                for the padding that libwebrtc sends to probe the bandwidth.

        Returns:
            Whether to ask the sender for a key frame, and the frame this packet completed.
        """
        number = self._unwrap(packet.sequence_number)
        if self._next is None:
            self._start(number)
        elif number >= self._next - MAX_MISORDER:
            self._strays = 0
        elif self._started_anew(packet):
            self._start(number)
            self._wants_key_frame = True
        assert self._next is not None
        if number < self._next:
            return False, None
        self._packets.setdefault(number, packet)
        while self._ready in self._packets:
            self._ready += 1
        if self._newest is None or number >= self._highest:
            self._highest, self._newest = number, packet
        frame = self.pop()
        self._watch_gap()
        return self._key_frame_request(), frame

    def pop(self) -> EncodedFrame | None:
        """Release the next complete frame, if there is one.

        One packet can complete several frames when it fills a gap.
        """
        while (packets := self._take()) is not None:
            if packets[-1].timestamp == self._broken_timestamp:
                continue
            self._broken_timestamp = None
            raw = b"".join(packet._data for packet in packets)  # type: ignore[attr-defined]
            data, trailer = split_trailer(raw)
            if not data:
                continue
            codec = self._codec_name(packets[-1].payload_type)
            is_key = is_key_frame(codec, data)
            if self._needs_key_frame and not is_key:
                self.frames_dropped += 1
                self._wants_key_frame = True
                continue
            self._needs_key_frame = self._wants_key_frame = False
            last = packets[-1]
            return EncodedFrame(data, last.timestamp, last.payload_type, trailer, is_key=is_key)
        return None

    def skip_to_key_frame(self, dropped: int) -> None:
        """Release nothing until the next key frame, which is asked for.

        Args:
            dropped: How many released frames were thrown away, for the count.
        """
        self.frames_dropped += dropped
        self._needs_key_frame = self._wants_key_frame = True

    def check(self) -> bool:
        """Look whether a gap is to be given up, between two packets.

        Returns:
            Whether to ask the sender for a key frame.
        """
        self._watch_gap()
        return self._key_frame_request()

    def _start(self, number: int) -> None:
        """Begin with a packet."""
        self._needs_key_frame = True
        self._broken_timestamp = self._newest = None
        self._strays = 0
        self._packets.clear()
        self._next = self._ready = self._scanned = self._highest = number

    def _started_anew(self, packet: RtpPacket) -> bool:
        """Tell a new beginning from a packet that comes when nobody waits for it any more.

        A retransmission that was asked for and then given up is of the same source and older
        than what came since. A sender that began anew sends nothing but strays.
        """
        assert self._newest is not None
        self._strays += 1
        age = (self._newest.timestamp - packet.timestamp) % _WRAP_TIMESTAMP
        return (
            packet.ssrc != self._newest.ssrc
            or age >= _HALF_TIMESTAMP
            or self._strays > MAX_MISORDER
        )

    def _unwrap(self, sequence_number: int) -> int:
        """Extend a 16-bit sequence number to the one nearest to the highest seen."""
        if self._next is None:
            return sequence_number
        delta = (sequence_number - self._highest + _HALF) % _WRAP - _HALF
        return self._highest + delta

    def _take(self) -> list[RtpPacket] | None:
        """Remove the packets of the next frame when all of them are here."""
        if self._next is None:
            return None
        for end in range(self._scanned, self._ready):
            packet, following = self._packets[end], self._packets.get(end + 1)
            new_timestamp = following is not None and following.timestamp != packet.timestamp
            if packet.marker or new_timestamp:
                packets = [self._packets.pop(number) for number in range(self._next, end + 1)]
                self._next = self._scanned = end + 1
                return packets
        # The last one is looked at again with the packet that follows it.
        self._scanned = max(self._next, self._ready - 1)
        return None

    def _watch_gap(self) -> None:
        """Give up on missing packets that have held others back for too long, or too many."""
        gap = self._ready if self._ready < self._highest else None
        now = self._clock()
        if gap != self._gap:
            self._gap, self._gap_since = gap, now
        overdue = gap is not None and now - self._gap_since >= self.gap_timeout_s
        if not overdue and len(self._packets) < CAPACITY:
            return
        self._gap = None
        self._needs_key_frame = self._wants_key_frame = True
        self._skip_to_frame_start()

    def _skip_to_frame_start(self) -> None:
        """Move behind the last gap, to the first packet of a frame whose start is known."""
        start = self._highest
        while start - 1 in self._packets:
            start -= 1
        previous_end = next(
            (n for n in range(start, self._highest) if self._packets[n].marker), None
        )
        begin = self._highest + 1 if previous_end is None else previous_end + 1
        if previous_end is None:
            # Its beginning may be among the lost packets, so what follows of it is no frame.
            self._broken_timestamp = self._packets[self._highest].timestamp
        for number in [number for number in self._packets if number < begin]:
            del self._packets[number]
        self._next = self._scanned = begin
        self._ready = self._highest + 1

    def _key_frame_request(self) -> bool:
        if not self._wants_key_frame:
            return False
        now = self._clock()
        if now - self._last_request < KEY_FRAME_REQUEST_INTERVAL_S:
            return False
        self._last_request = now
        return True


def is_key_frame(codec: str, data: bytes) -> bool:
    """Tell whether an encoded frame can be decoded by itself.

    Args:
        codec: ``"VP8"`` or ``"H264"`` (aiortc has no others); any other counts as a key frame.
        data: The encoded frame, not empty.

    Returns:
        For VP8 whether the frame tag says so and the start code follows (RFC 6386, 9.1); for
        H264 whether an IDR slice or a sequence parameter set is among its units (ITU-T H.264,
        7.4.1).
    """
    if codec.upper() == "VP8":
        return not data[0] & 1 and data[3:6] == _VP8_START_CODE
    if codec.upper() == "H264":
        units = data.split(b"\x00\x00\x01")[1:]
        return any(unit and unit[0] & 0x1F in (5, 7) for unit in units)
    return True


def install(receiver: RTCRtpReceiver) -> FrameAssembler:
    """Replace the jitter buffer of a video receiver, before its first packet.

    Args:
        receiver: The receiver of a video transceiver, before ``setRemoteDescription``.

    Returns:
        The assembler, for its counters.

    Raises:
        RuntimeError: If this aiortc does not have the parts that are replaced.
    """
    private: dict[str, Any] = vars(receiver)
    parts = (
        "jitter_buffer",
        "codecs",
        "decoder_queue",
        "timestamp_mapper",
        "nack_generator",
        "remote_bitrate_estimator",
    )
    names = {part: f"_RTCRtpReceiver__{part}" for part in parts}
    missing = [name for name in names.values() if name not in private]
    if missing:
        raise RuntimeError(
            f"this aiortc has no {', '.join(missing)}: reactor_env/client/jitter.py is written "
            "for aiortc 1.16"
        )

    def codec_name(payload_type: int) -> str:
        codec = private[names["codecs"]].get(payload_type)
        return codec.name if codec is not None else ""

    assembler = FrameAssembler(codec_name)
    private[names["jitter_buffer"]] = assembler
    nacks = private[names["nack_generator"]] = NackSchedule()
    assembler.gap_timeout_s = nacks.patience_s
    rate_control = private[names["remote_bitrate_estimator"]].rate_control
    rate_control.current_bitrate = FIRST_ESTIMATE_BPS
    rate_control.current_bitrate_initialized = True
    handle = receiver._handle_rtp_packet
    repairing: asyncio.Task[None] | None = None
    source = 0

    async def repair() -> None:
        # Ends by itself: no packet is waited for any longer than the schedule's patience.
        nonlocal repairing
        while nacks.waiting:
            await asyncio.sleep(LEAST_INTERVAL_S)
            if due := nacks.due():
                await receiver._send_rtcp_nack(source, due)
            if assembler.check():
                await receiver._send_rtcp_pli(source)
        repairing = None

    async def handle_and_drain(packet: RtpPacket, arrival_time_ms: int) -> None:
        nonlocal repairing, source
        assembler.gap_timeout_s = nacks.patience_s
        await handle(packet, arrival_time_ms)
        if nacks.waiting and repairing is None and assembler.source is not None:
            # Not the packet's: a retransmission has one of its own.
            source = assembler.source
            repairing = asyncio.ensure_future(repair())
        while (frame := assembler.pop()) is not None:
            # Not the packet's codec: a retransmission has one of its own.
            codec = private[names["codecs"]][frame.payload_type]
            frame.timestamp = private[names["timestamp_mapper"]].map(frame.timestamp)
            private[names["decoder_queue"]].put((codec, frame))

    receiver._handle_rtp_packet = handle_and_drain  # type: ignore[method-assign]
    return assembler
