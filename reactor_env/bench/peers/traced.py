"""This package over aiortc with a clock at every stage of a frame.

What is wrapped is private to the client and to aiortc; where a part is gone, connecting fails.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import av
from aiortc.rtp import RtcpSrPacket

from reactor_env.bench.peers.ours import Protobuf
from reactor_env.client import decoder, jitter
from reactor_env.client.video import VideoFrame
from reactor_env.latency.stamp import unwrap

_KEPT = 256
_SECOND = 1_000_000_000
_SEND_TIME_BITS, _SEND_TIME_FRACTION = 24, 18
_NTP_FRACTION = 32
_RTP_BITS, _RTP_RATE = 32, 90_000


class SenderClock:
    """Reads when the sender did what, on its own clock, of which only the origin is unknown.

    libwebrtc reads one clock for the time in a sender report (RFC 3550, 6.4.1), which goes with
    the RTP timestamp of that moment, and for the header extension ``abs-send-time``.
    """

    def __init__(self) -> None:
        self._report: tuple[int, int] | None = None

    def report(self, ntp: int, rtp: int) -> None:
        """Take a sender report.

        Args:
            ntp: Its time; seconds with 32 bits after the point.
            rtp: The RTP timestamp of that moment.
        """
        self._report = (ntp * _SECOND >> _NTP_FRACTION, rtp)

    def moments(self, abs_send_time: int | None, rtp: int, now_ns: int) -> tuple[int, int]:
        """Return when a frame was given to the WebRTC stack, and when a packet of it was sent.

        Args:
            abs_send_time: Of the packet: seconds with 18 bits after the point, modulo 64.
            rtp: The frame's RTP timestamp.
            now_ns: This process's clock, shortly after.

        Returns:
            Nanoseconds on the sender's clock, near ``now_ns`` modulo 64 s; zeros where the sender
            did not tell enough yet.
        """
        if abs_send_time is None or self._report is None:
            return 0, 0
        ntp_ns, reported = self._report
        captured_ns = ntp_ns + (unwrap(rtp, _RTP_BITS, reported) - reported) * _SECOND // _RTP_RATE
        near = captured_ns << _SEND_TIME_FRACTION
        sent_ns = unwrap(abs_send_time, _SEND_TIME_BITS, near // _SECOND) * _SECOND
        waited_ns = (sent_ns >> _SEND_TIME_FRACTION) - captured_ns
        near = now_ns << _SEND_TIME_FRACTION
        sent_ns = unwrap(abs_send_time, _SEND_TIME_BITS, near // _SECOND) * _SECOND
        sent_ns >>= _SEND_TIME_FRACTION
        return sent_ns - waited_ns, sent_ns


class Traced(Protobuf):
    """Notes when the last packet of a frame came, and when its decoder began and ended."""

    async def connect(self) -> dict[str, float]:
        """Wrap the stages, then connect."""
        self._decodes: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        jitter.install = _noting_packets(jitter.install)
        receiving = vars(decoder)
        receiving["get_decoder"] = self._noting_decodes(receiving["get_decoder"])
        return await super().connect()

    def moments(self, frame: VideoFrame, taken_ns: int) -> Sequence[int]:
        """Return the stages of a frame; none where one of them was not seen."""
        image = frame.image
        pts = image.pts if isinstance(image, av.VideoFrame) else None
        decode = self._decodes.get(pts) if pts is not None else None
        if decode is None:
            return ()
        return (*decode, frame.arrival_ns, taken_ns)

    def _noting_decodes(self, get_decoder: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def get(codec: Any) -> Any:
            decoder = get_decoder(codec)
            decode = decoder.decode

            def noted(encoded: Any) -> Any:
                began = time.monotonic_ns()
                frames = decode(encoded)
                ended = time.monotonic_ns()
                self._decodes[encoded.timestamp] = (*encoded.moments, began, ended)
                if len(self._decodes) > _KEPT:
                    self._decodes.popitem(last=False)
                return frames

            decoder.decode = noted
            return decoder

        return get


def _noting_packets(install: Callable[..., Any]) -> Callable[..., Any]:
    def installed(receiver: Any, *args: Any) -> Any:
        assembler = install(receiver, *args)
        add, pop, handle = assembler.add, assembler.pop, receiver._handle_rtcp_packet
        clock = SenderClock()
        newest: list[Any] = []

        async def noted_report(packet: Any) -> None:
            if isinstance(packet, RtcpSrPacket):
                clock.report(packet.sender_info.ntp_timestamp, packet.sender_info.rtp_timestamp)
            await handle(packet)

        def noted_add(packet: Any) -> Any:
            newest[:] = [packet]
            return add(packet)

        def noted_pop() -> Any:
            frame = pop()
            if frame is not None:
                # A frame is released with its last packet, and has its RTP timestamp until then.
                now = time.monotonic_ns()
                sent = newest[0].extensions.abs_send_time
                frame.moments = (*clock.moments(sent, frame.timestamp, now), now)
            return frame

        assembler.add, assembler.pop = noted_add, noted_pop
        receiver._handle_rtcp_packet = noted_report
        return assembler

    return installed
