"""The values of connection statistics: what is handed out, and what the receive path counts on.

:class:`~reactor_env.client.stats.StatsCollector` fills them. A value nobody measured is ``None``;
nothing is estimated from something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CandidateStats:
    """One end of the network path in use.

    Attributes:
        type: ``host``, ``srflx``, ``prflx`` or ``relay`` (RFC 8445, 5.1.1). aioice sends from
            the base of a reflexive candidate, so this side's is ``host`` or ``relay``.
        protocol: ``udp``, the only one aioice speaks between peers.
        address: IP address; of an mDNS candidate its ``.local`` name.
        port: Port number.
        relay_protocol: How this side talks to its TURN server, ``udp``, ``tcp`` or ``tls``;
            ``None`` unless its candidate is a relayed one.
    """

    type: str
    protocol: str
    address: str
    port: int
    relay_protocol: str | None = None


@dataclass(frozen=True, slots=True)
class InboundTrackStats:
    """One track this side receives. Counters run from the beginning of the connection.

    Attributes:
        kind: ``video`` or ``audio``.
        codec: Name of the codec in use, for example ``VP8``; ``None`` before the first frame.
        packets_received: RTP packets, retransmissions not among them.
        packets_lost: Packets that did not come at the first attempt (RFC 3550, A.3); one that
            a retransmission replaced still counts.
        jitter_ms: Interarrival jitter (RFC 3550, 6.4.1).
        bytes_received: Bytes of encoded frames given to the decoder: no headers, no
            metadata trailers, no frames that were lost or dropped.
        bitrate_kbps: The same, as kilobits per second since the previous collection.
        frames_received: Complete frames given to the decoder.
        frames_decoded: Pictures that came out of it.
        frames_dropped: Complete frames thrown away because one they build on was lost.
        frames_waiting: Frames the decoder has not begun with.
        decode_ms: Mean time the decoder's thread spent on a frame since the previous
            collection: decoding, waiting for the interpreter, handing the picture on.
        key_frame_requests: Picture loss indications sent (RFC 4585, 6.3.1).
        nacks: Retransmission requests sent (RFC 4585, 6.2.1).
    """

    kind: str
    codec: str | None = None
    packets_received: int | None = None
    packets_lost: int | None = None
    jitter_ms: float | None = None
    bytes_received: int | None = None
    bitrate_kbps: float | None = None
    frames_received: int | None = None
    frames_decoded: int | None = None
    frames_dropped: int | None = None
    frames_waiting: int | None = None
    decode_ms: float | None = None
    key_frame_requests: int | None = None
    nacks: int | None = None


@dataclass(frozen=True, slots=True)
class OutboundTrackStats:
    """One track this side sends. Counters run from the beginning of the connection.

    Attributes:
        kind: ``video`` or ``audio``.
        packets_sent: RTP packets.
        bytes_sent: Their payload.
        bitrate_kbps: The payload, as kilobits per second since the previous collection.
        packets_lost: Packets the other side missed, by its last RTCP report.
        jitter_ms: Jitter the other side saw, by its last RTCP report.
        rtt_ms: Round trip by RTCP reports, smoothed by aiortc.
    """

    kind: str
    packets_sent: int | None = None
    bytes_sent: int | None = None
    bitrate_kbps: float | None = None
    packets_lost: int | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class DataChannelStats:
    """One data channel.

    Attributes:
        state: ``connecting``, ``open``, ``closing`` or ``closed``.
        buffered_bytes: Bytes of the messages that wait their turn; the one that SCTP has begun
            to send is not among them, acknowledged or not.
        messages_sent: Whole messages, however many frames they were cut into.
        messages_received: Whole messages.
        bytes_sent: Bytes of the messages sent, without framing.
        bytes_received: Bytes of the messages received, without framing.
    """

    state: str
    buffered_bytes: int
    messages_sent: int
    messages_received: int
    bytes_sent: int
    bytes_received: int


@dataclass(frozen=True, slots=True)
class ConnectionStats:
    """What a connection measured about itself at one moment.

    Attributes:
        timestamp: When it was collected, in seconds since the epoch.
        interval_s: Seconds since the previous collection, over which the rates are taken;
            ``None`` the first time, when there are no rates.
        state: ``new``, ``connecting``, ``connected``, ``failed`` or ``closed``.
        rtt_ms: Round trip of a STUN binding request on the path in use, both event loops
            included; ``None`` when no path is selected or no answer came in half a second.
        local_candidate: This side's end of the path, ``None`` while none is selected.
        remote_candidate: The other side's end.
        bytes_sent: Bytes of the encrypted transport: media, data and control, without UDP
            headers and connectivity checks.
        bytes_received: The same, received.
        send_kbps: ``bytes_sent`` as kilobits per second since the previous collection.
        receive_kbps: ``bytes_received`` as kilobits per second since the previous collection.
        inbound: The tracks this side receives, by name.
        outbound: The tracks this side sends, by name.
        channels: The data channels, by name.
    """

    timestamp: float
    interval_s: float | None
    state: str
    rtt_ms: float | None
    local_candidate: CandidateStats | None
    remote_candidate: CandidateStats | None
    bytes_sent: int | None
    bytes_received: int | None
    send_kbps: float | None
    receive_kbps: float | None
    inbound: Mapping[str, InboundTrackStats]
    outbound: Mapping[str, OutboundTrackStats]
    channels: Mapping[str, DataChannelStats]


@dataclass(slots=True)
class VideoCounters:
    """What the receive path counts on one video track. Each field has one writing thread."""

    codec: str | None = None
    bytes_received: int = 0
    frames_received: int = 0
    frames_decoded: int = 0
    decodes: int = 0
    decode_ns: int = 0
    key_frame_requests: int = 0
    nacks: int = 0


@dataclass(slots=True)
class ChannelCounters:
    """What was sent and received on one data channel, counted by whoever does it."""

    messages_sent: int = 0
    messages_received: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def sent(self, payload: bytes | str) -> None:
        """Count a message given to the channel, whole and before framing."""
        self.messages_sent += 1
        self.bytes_sent += _size(payload)

    def received(self, payload: bytes | str) -> None:
        """Count a message from the channel, whole and without framing."""
        self.messages_received += 1
        self.bytes_received += _size(payload)


def _size(payload: bytes | str) -> int:
    return len(payload.encode() if isinstance(payload, str) else payload)
