"""What a WebRTC connection measured about itself: path, losses, frames, bytes.

:class:`StatsCollector` reads a live ``RTCPeerConnection`` and returns :class:`ConnectionStats`.
A value nobody measured is ``None``; nothing is estimated from something else.

Where aiortc 1.16 has the numbers, and where it has not:

* Its public ``getStats()`` knows the bytes of the transport and what each *sender* sent. For a
  *receiver* it has one entry per track, which the retransmission stream (RFC 4588) overwrites
  as soon as one packet came on it, so packets, loss and jitter are read per SSRC instead.
* RTCP measures the round trip only for a track this side sends (RFC 3550, 6.4.1), which most
  sessions have none of. ``rtt_ms`` is therefore a STUN binding request on the selected
  candidate pair, timed here: what a consent check sends (RFC 7675), and what W3C's WebRTC
  statistics call ``currentRoundTripTime``. aioice sends such checks itself and times none.
* Frames and decode time are counted by the :class:`~reactor_env.client.decoder.Decoder`, requests
  to the sender from :meth:`StatsCollector.watch_video` on.
* Messages on the data channels are counted by whoever sends and receives them.

The private attributes of aiortc and aioice are read in this file through :func:`_private`;
``tests/client/test_stats.py`` fails when one of them is gone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aioice import stun
from aiortc import (
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
)
from aiortc.stats import (
    RTCOutboundRtpStreamStats,
    RTCRemoteInboundRtpStreamStats,
    RTCTransportStats,
)

from reactor_env.client.decoder import Decoder, DropCounter
from reactor_env.client.stats_types import (
    CandidateStats,
    ChannelCounters,
    ConnectionStats,
    DataChannelStats,
    InboundTrackStats,
    OutboundTrackStats,
    VideoCounters,
)

logger = logging.getLogger(__name__)

_RECEIVER = "_RTCRtpReceiver__"  # where Python puts the private names of aiortc's class


@dataclass(slots=True)
class _Watched:
    counters: VideoCounters
    waiting: Decoder
    drops: DropCounter


class StatsCollector:
    """Collects :class:`ConnectionStats` of one peer connection.

    Args:
        pc: The connection.
        tracks: Track name to transceiver, for the tracks to report on.
        channels: Channel name to data channel.
    """

    def __init__(
        self,
        pc: RTCPeerConnection,
        tracks: Mapping[str, RTCRtpTransceiver],
        channels: Mapping[str, RTCDataChannel],
    ) -> None:
        self._pc = pc
        self._tracks = dict(tracks)
        self._channels = dict(channels)
        self._watched: dict[str, _Watched] = {}
        self._last: dict[str, float] = {}
        self.channel_counters = {name: ChannelCounters() for name in self._channels}
        """For the sending and receiving side to count on, by channel name."""

    def watch_video(
        self, name: str, counters: VideoCounters, waiting: Decoder, drops: DropCounter
    ) -> None:
        """Report on a received video track, from before ``setRemoteDescription`` on.

        Args:
            name: One of ``tracks``.
            counters: What its decoder counts; requests to the sender are counted there from here
                on.
            waiting: Its decoder.
            drops: Where the frames dropped before decoding are counted.

        Raises:
            KeyError: If there is no such track.
        """
        _count_feedback(self._tracks[name].receiver, counters)
        self._watched[name] = _Watched(counters, waiting, drops)

    async def collect(self) -> ConnectionStats:
        """Read every counter, and time one round trip.

        Takes one round trip; half a second when the other side does not answer.
        """
        connection = self._ice_connection()
        pair = _selected_pair(connection)
        rtt_ms = None if pair is None else await _round_trip_ms(connection, pair)
        now = time.perf_counter()
        began = self._last.get("now")
        interval_s = None if began is None else now - began
        self._last["now"] = now
        report: Mapping[str, Any] = await self._pc.getStats()
        transport = next((r for r in report.values() if isinstance(r, RTCTransportStats)), None)
        sent = None if transport is None else transport.bytesSent
        received = None if transport is None else transport.bytesReceived
        return ConnectionStats(
            timestamp=time.time(),
            interval_s=interval_s,
            state=self._pc.connectionState,
            rtt_ms=rtt_ms,
            local_candidate=_local_candidate(connection, pair),
            remote_candidate=_candidate(_private(pair, "remote_candidate")),
            bytes_sent=sent,
            bytes_received=received,
            send_kbps=self._kbps("sent", sent, interval_s),
            receive_kbps=self._kbps("received", received, interval_s),
            inbound={
                name: self._inbound(name, transceiver.receiver, interval_s)
                for name, transceiver in self._tracks.items()
                if "recv" in transceiver.direction
            },
            outbound={
                name: await self._outbound(name, transceiver, interval_s)
                for name, transceiver in self._tracks.items()
                if "send" in transceiver.direction
            },
            channels={
                name: self._channel(name, channel) for name, channel in self._channels.items()
            },
        )

    def _ice_connection(self) -> Any:
        """Return aioice's connection, which all of a bundle share, or ``None``."""
        first = next(iter(self._tracks.values()), None)
        owner = first.receiver if first is not None else self._pc.sctp
        return None if owner is None else _private(owner.transport.transport, "_connection")

    def _inbound(
        self, name: str, receiver: RTCRtpReceiver, interval_s: float | None
    ) -> InboundTrackStats:
        kind = self._tracks[name].kind
        streams = _media_streams(receiver)
        last = streams[-1] if streams else None
        measured = InboundTrackStats(
            kind=kind,
            packets_received=sum(s.packets_received for s in streams) if streams else None,
            packets_lost=sum(s.packets_lost for s in streams) if streams else None,
            jitter_ms=None if last is None else _in_ms(last.jitter, _private(last, "_clockrate")),
        )
        watched = self._watched.get(name)
        if watched is None:
            return measured
        counters = watched.counters
        decodes = self._since(f"{name} decodes", counters.decodes)
        decode_ns = self._since(f"{name} decode_ns", counters.decode_ns)
        return replace(
            measured,
            codec=counters.codec,
            bytes_received=counters.bytes_received,
            bitrate_kbps=self._kbps(f"{name} received", counters.bytes_received, interval_s),
            frames_received=counters.frames_received,
            frames_decoded=counters.frames_decoded,
            frames_dropped=watched.drops.frames_dropped,
            frames_waiting=watched.waiting.qsize(),
            decode_ms=decode_ns / decodes / 1e6 if decodes else None,
            key_frame_requests=counters.key_frame_requests,
            nacks=counters.nacks,
        )

    async def _outbound(
        self, name: str, transceiver: RTCRtpTransceiver, interval_s: float | None
    ) -> OutboundTrackStats:
        report: Mapping[str, Any] = await transceiver.sender.getStats()
        kind = transceiver.kind
        sent = next((r for r in report.values() if isinstance(r, RTCOutboundRtpStreamStats)), None)
        if sent is None:
            return OutboundTrackStats(kind)
        seen = next(
            (r for r in report.values() if isinstance(r, RTCRemoteInboundRtpStreamStats)), None
        )
        rtt_s: float | None = None if seen is None else seen.roundTripTime
        return OutboundTrackStats(
            kind=kind,
            packets_sent=sent.packetsSent,
            bytes_sent=sent.bytesSent,
            bitrate_kbps=self._kbps(f"{name} sent", sent.bytesSent, interval_s),
            packets_lost=None if seen is None else seen.packetsLost,
            jitter_ms=None if seen is None else _in_ms(seen.jitter, _codec_rate(transceiver)),
            rtt_ms=None if rtt_s is None else 1e3 * rtt_s,
        )

    def _channel(self, name: str, channel: RTCDataChannel) -> DataChannelStats:
        counters = self.channel_counters[name]
        return DataChannelStats(
            state=channel.readyState,
            buffered_bytes=channel.bufferedAmount,
            messages_sent=counters.messages_sent,
            messages_received=counters.messages_received,
            bytes_sent=counters.bytes_sent,
            bytes_received=counters.bytes_received,
        )

    def _since(self, key: str, value: float) -> float:
        """Return by how much a counter grew since the last time, and remember it."""
        before = self._last.get(key, 0.0)
        self._last[key] = value
        return value - before

    def _kbps(self, key: str, count: int | None, interval_s: float | None) -> float | None:
        if count is None:
            return None
        grown = self._since(key, count)
        return 8e-3 * grown / interval_s if interval_s else None


def _private(owner: object, name: str) -> Any:
    """Return an attribute aiortc or aioice does not promise, or ``None`` when it is gone."""
    return getattr(owner, name, None)


def _in_ms(ticks: int, clock_rate: int | None) -> float | None:
    return 1e3 * ticks / clock_rate if clock_rate else None


def _codec_rate(transceiver: RTCRtpTransceiver) -> int | None:
    codecs = _private(transceiver, "_codecs")
    rate: int | None = codecs[0].clockRate if codecs else None
    return rate


def _count_feedback(receiver: RTCRtpReceiver, counters: VideoCounters) -> None:
    """Count the RTCP messages that ask the sender for something; a few per second at most."""
    send_pli, send_nack = (
        _private(receiver, "_send_rtcp_pli"),
        _private(receiver, "_send_rtcp_nack"),
    )
    if send_pli is None or send_nack is None:
        return

    async def counted_pli(media_ssrc: int) -> None:
        counters.key_frame_requests += 1
        await send_pli(media_ssrc)

    async def counted_nack(media_ssrc: int, lost: list[int]) -> None:
        counters.nacks += 1
        await send_nack(media_ssrc, lost)

    receiver._send_rtcp_pli = counted_pli  # type: ignore[method-assign]
    receiver._send_rtcp_nack = counted_nack  # type: ignore[method-assign]


def _media_streams(receiver: RTCRtpReceiver) -> list[Any]:
    """Return aiortc's RTCP statistics of a track's streams, those of retransmissions left out."""
    streams = _private(receiver, f"{_RECEIVER}remote_streams")
    repairs = _private(receiver, f"{_RECEIVER}rtx_ssrc")
    if streams is None or repairs is None:
        return []
    return [stream for ssrc, stream in streams.items() if ssrc not in repairs]


def _selected_pair(connection: Any) -> Any:
    nominated = _private(connection, "_nominated")
    return next(iter(nominated.values()), None) if nominated else None


async def _round_trip_ms(connection: Any, pair: Any) -> float | None:
    request = connection.build_request(pair, nominate=False)
    key = connection.remote_password.encode()
    begin = time.perf_counter()
    try:
        # One attempt: with a second one, the answer could be to either.
        await pair.protocol.request(request, pair.remote_addr, integrity_key=key, retransmissions=0)
    except stun.TransactionError:
        return None
    return 1e3 * (time.perf_counter() - begin)


def _local_candidate(connection: Any, pair: Any) -> CandidateStats | None:
    candidate = _candidate(_private(pair, "local_candidate"))
    if candidate is None or candidate.type != "relay":
        return candidate
    transport: str = "tls" if connection.turn_ssl else connection.turn_transport
    return replace(candidate, relay_protocol=transport)


def _candidate(candidate: Any) -> CandidateStats | None:
    if candidate is None:
        return None
    return CandidateStats(
        candidate.type, candidate.transport.lower(), candidate.host, candidate.port
    )
