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
* Frames, decode time and key-frame requests are counted by :meth:`StatsCollector.watch_video`.
* Messages on the data channels are counted by whoever sends and receives them.

The private attributes of aiortc and aioice are read in this file through :func:`_private`;
``tests/client/test_stats.py`` fails when one of them is gone.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

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


MOST_WAITING = 32
"""Frames that wait for the decoder, at most: a second of them, or half of one. More would wait for
a decoder that is slower than the stream."""


class DropCounter(Protocol):
    """Whatever counts the frames it drops, as a ``FrameAssembler`` does."""

    frames_dropped: int

    def skip_to_key_frame(self, dropped: int) -> None:
        """Count frames, and let none come before the next key frame."""


class DecoderQueue(queue.Queue[Any]):
    """The queue in front of aiortc's decoder thread, which times what happens behind it.

    The thread takes a frame, decodes it, hands the picture on, and comes back for the next: the
    time between leaving :meth:`get` and entering it again is what the frame cost. Two clock
    readings per frame, none per packet.

    It holds :data:`MOST_WAITING` frames. Where there is a newer key frame than the first of them,
    those before it are dropped, which nobody needs to decode it; else all are, but for a key frame
    at the very beginning, and what follows can be decoded from the next key frame on.
    """

    def __init__(self, counters: VideoCounters, drops: DropCounter | None = None) -> None:
        super().__init__()
        self._counters = counters
        self._drops = drops
        self._began: int | None = None

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Count a frame; ``None`` ends the thread and is no frame."""
        if item is not None:
            codec, frame = item
            self._counters.codec = codec.name
            self._counters.bytes_received += len(frame.data)
            self._counters.frames_received += 1
            if self.qsize() >= MOST_WAITING and self._drops is not None:
                if frame.is_key:
                    self._drops.frames_dropped += self._drop_all()
                elif not self._make_room(self._drops):
                    return
        super().put(item, block, timeout)

    def _drop_all(self) -> int:
        with self.mutex:
            dropped = len(self.queue)
            self.queue.clear()
            return dropped

    def _make_room(self, drops: DropCounter) -> bool:
        """Drop frames; return whether one that is no key frame can be decoded after the rest."""
        with self.mutex:
            waiting = list(self.queue)
            keys = [index for index, (_, frame) in enumerate(waiting) if frame.is_key]
            newest = keys[-1] if keys else len(waiting)
            kept = waiting[newest:]
            fits = 0 < len(kept) < MOST_WAITING
            if not fits:
                kept = kept[:1]
            self.queue.clear()
            self.queue.extend(kept)
        if fits:
            drops.frames_dropped += len(waiting) - len(kept)
        else:
            drops.skip_to_key_frame(len(waiting) - len(kept) + 1)
        return fits

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Book the frame before, wait for the next."""
        if self._began is not None:
            self._counters.decode_ns += time.perf_counter_ns() - self._began
            self._counters.decodes += 1
        item = super().get(block, timeout)
        self._began = time.perf_counter_ns()
        return item


@dataclass(slots=True)
class _Watched:
    counters: VideoCounters
    waiting: queue.Queue[Any]
    drops: DropCounter | None


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

    def watch_video(self, name: str, drops: DropCounter | None = None) -> VideoCounters:
        """Count the frames of a received video track, from before ``setRemoteDescription`` on.

        Args:
            name: One of ``tracks``.
            drops: Where the frames dropped before decoding are counted.

        Returns:
            The counters. Whoever takes the decoded frames off the track adds one to
            ``frames_decoded`` for each; the rest is counted already.

        Raises:
            KeyError: If there is no such track.
        """
        receiver = self._tracks[name].receiver
        counters = VideoCounters()
        if _private(receiver, f"{_RECEIVER}decoder_queue") is None:
            logger.warning("this aiortc has no decoder queue: the frames of %s go uncounted", name)
            return counters
        waiting = DecoderQueue(counters, drops)
        setattr(receiver, f"{_RECEIVER}decoder_queue", waiting)
        _count_feedback(receiver, counters)
        self._watched[name] = _Watched(counters, waiting, drops)
        return counters

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
            frames_dropped=None if watched.drops is None else watched.drops.frames_dropped,
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
