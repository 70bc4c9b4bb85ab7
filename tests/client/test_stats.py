from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import av
import pytest
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.stats import RTCInboundRtpStreamStats

from reactor_env.client import decoder, jitter
from reactor_env.client.stats import StatsCollector
from reactor_env.client.stats_types import (
    ChannelCounters,
    ConnectionStats,
    InboundTrackStats,
    VideoCounters,
)
from tests.udp_path import UdpPath

TIMEOUT_S = 10.0
TRACK = "main_video"
CAMERA = "camera"
VP8 = 97
RTX = 98


def offline() -> RTCPeerConnection:
    return RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )


@dataclass
class Call:
    """A client that receives (and sends) video, a server on the same machine, and the path."""

    path: UdpPath | None = None
    camera: bool = False
    client: RTCPeerConnection = field(default_factory=offline)
    server: RTCPeerConnection = field(default_factory=offline)

    def __post_init__(self) -> None:
        receiving = self.client.addTransceiver("video", direction="recvonly")
        tracks = {TRACK: receiving}
        if self.camera:
            tracks[CAMERA] = self.client.addTransceiver(VideoStreamTrack(), direction="sendonly")
        self.receiver: RTCRtpReceiver = receiving.receiver
        self.channel: RTCDataChannel = self.client.createDataChannel("data")
        self.collector = StatsCollector(self.client, tracks, {"data": self.channel})
        self._frame = asyncio.Event()
        loop = asyncio.get_running_loop()

        def on_picture(_picture: av.VideoFrame, _trailer: object) -> None:
            loop.call_soon_threadsafe(self._frame.set)

        counters, assembler = VideoCounters(), jitter.install(self.receiver)
        waiting = decoder.install(self.receiver, on_picture, counters, assembler)
        self.collector.watch_video(TRACK, counters, waiting, assembler)

    async def connect(self) -> None:
        @self.server.on("track")
        def add(_track: Any) -> None:
            pass

        @self.server.on("datachannel")
        def echo(channel: RTCDataChannel) -> None:
            channel.on("message", channel.send)

        opened = asyncio.Event()
        self.channel.on("open", opened.set)
        await self.client.setLocalDescription(await self.client.createOffer())
        offer = self.client.localDescription.sdp
        if self.path is not None:
            offer = self.path.replace_client(offer)
        await self.server.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        sending = self.server.getTransceivers()[0]
        sending.sender.replaceTrack(VideoStreamTrack())
        sending.direction = "sendonly"
        await self.server.setLocalDescription(await self.server.createAnswer())
        answer = self.server.localDescription.sdp
        if self.path is not None:
            answer = self.path.replace_server(answer)
        await self.client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(TIMEOUT_S):
            await opened.wait()

    async def next_frame(self) -> None:
        self._frame.clear()
        async with asyncio.timeout(TIMEOUT_S):
            await self._frame.wait()

    async def until(self, holds: Callable[[ConnectionStats], bool]) -> ConnectionStats:
        """Collect after every frame until the statistics say something."""
        async with asyncio.timeout(TIMEOUT_S):
            while not holds(stats := await self.collector.collect()):
                await self.next_frame()
        return stats


@asynccontextmanager
async def connected(path: UdpPath | None = None, *, camera: bool = False) -> AsyncIterator[Call]:
    if path is not None:
        await path.open()
    call = Call(path, camera)
    try:
        await call.connect()
        yield call
    finally:
        await call.client.close()
        await call.server.close()
        if path is not None:
            path.close()


def frames(stats: ConnectionStats) -> int:
    return stats.inbound[TRACK].frames_decoded or 0


async def test_before_the_connection_nothing_is_known_and_nothing_is_made_up() -> None:
    call = Call()
    stats = await call.collector.collect()
    await call.client.close()
    assert stats.state == "new"
    assert stats.interval_s is None
    assert stats.rtt_ms is None
    assert stats.local_candidate is None
    assert stats.remote_candidate is None
    assert stats.receive_kbps is None
    track = stats.inbound[TRACK]
    assert track.packets_received is None
    assert track.packets_lost is None
    assert track.jitter_ms is None
    assert track.codec is None
    assert track.decode_ms is None
    assert track.frames_received == 0
    assert stats.channels["data"].state == "connecting"


async def test_the_path_in_use_is_named_with_both_ends() -> None:
    async with connected() as call:
        stats = await call.collector.collect()
        local, remote = stats.local_candidate, stats.remote_candidate
        assert local is not None
        assert remote is not None
        assert (local.type, local.protocol, local.relay_protocol) == ("host", "udp", None)
        assert remote.protocol == "udp"
        ports = {
            c.port
            for c in call.server.getReceivers()[
                0
            ].transport.transport.iceGatherer.getLocalCandidates()
        }
        assert remote.port in ports


async def test_the_round_trip_is_the_paths_own() -> None:
    path = UdpPath()
    async with connected(path) as call:
        quick = (await call.collector.collect()).rtt_ms
        path.delay_s = 0.06
        slow = (await call.collector.collect()).rtt_ms
    assert quick is not None
    assert slow is not None
    assert 0 < quick < 100
    assert 120 <= slow < quick + 300


async def test_a_path_that_is_cut_has_no_round_trip_and_delays_nobody_for_long() -> None:
    path = UdpPath()
    async with connected(path) as call:
        path.cut = True
        begin = time.perf_counter()
        stats = await call.collector.collect()
        assert time.perf_counter() - begin < 2
        assert stats.rtt_ms is None
        assert stats.local_candidate is not None


async def test_received_video_is_counted_in_packets_bytes_and_frames() -> None:
    async with connected() as call:
        first = await call.until(lambda stats: frames(stats) >= 2)
        second = await call.until(lambda stats: frames(stats) >= frames(first) + 3)
        track = second.inbound[TRACK]
        assert track.kind == "video"
        assert track.codec == "VP8"
        assert track.packets_received is not None
        assert track.packets_received >= 5
        assert track.packets_lost == 0
        assert track.jitter_ms is not None
        assert 0 <= track.jitter_ms < 1000
        assert track.frames_received is not None
        assert track.frames_received >= frames(second)
        assert track.frames_waiting == 0 or track.frames_received > frames(second)
        before = first.inbound[TRACK]
        assert track.frames_dropped == before.frames_dropped
        assert track.key_frame_requests == before.key_frame_requests
        assert track.nacks == 0
        assert track.bytes_received is not None
        assert second.bytes_received is not None
        assert 100 < track.bytes_received < second.bytes_received


async def test_rates_and_decode_time_are_those_since_the_collection_before() -> None:
    async with connected() as call:
        first = await call.collector.collect()
        assert first.interval_s is None
        assert first.receive_kbps is None
        assert first.inbound[TRACK].bitrate_kbps is None
        before = await call.until(lambda stats: frames(stats) >= 5)
        # A frame's decode is booked when its thread comes back for the next one.
        after = await call.until(lambda stats: stats.inbound[TRACK].decode_ms is not None)
        decode_ms = after.inbound[TRACK].decode_ms
        assert decode_ms is not None
        assert 0 < decode_ms < 200
        assert after.interval_s is not None
        assert 0 < after.interval_s < after.timestamp - before.timestamp + 0.5

        begin = await call.collector.collect()
        await call.next_frame()
        end = await call.collector.collect()
        assert end.interval_s is not None
        assert begin.bytes_received is not None
        assert end.bytes_received is not None
        bits = 8 * (end.bytes_received - begin.bytes_received)
        assert end.receive_kbps == pytest.approx(bits / end.interval_s / 1e3)


async def test_without_a_frame_since_the_collection_before_there_is_no_rate_to_tell() -> None:
    async with connected() as call:
        await call.until(lambda stats: frames(stats) >= 2)

        async def between_two_frames() -> InboundTrackStats:
            await call.next_frame()
            await call.collector.collect()
            return (await call.collector.collect()).inbound[TRACK]

        async with asyncio.timeout(TIMEOUT_S):
            # A frame may have arrived and not be decoded yet, or the other way round.
            while (track := await between_two_frames()).decode_ms is not None or track.bitrate_kbps:
                pass
        assert track.codec == "VP8"


def rtp(datagram: bytes) -> tuple[int, int] | None:
    """Return payload type and sequence number of an RTP packet (RFC 3550, 5.1; RFC 5761, 4)."""
    if not 128 <= datagram[0] < 192 or 192 <= datagram[1] <= 223:
        return None
    return datagram[1] & 0x7F, int.from_bytes(datagram[2:4])


@dataclass
class Loss:
    """Loses the next media packet once it is armed, and with it what would repair it or not."""

    repairs: bool
    armed: bool = False

    def __call__(self, datagram: bytes) -> float | None:
        packet = rtp(datagram)
        if packet is None:
            return 0.0
        if packet[0] == RTX:
            return 0.0 if self.repairs else None
        lost, self.armed = self.armed, False
        return None if lost else 0.0


async def test_a_lost_packet_is_counted_and_asked_for() -> None:
    loss = Loss(repairs=True)
    async with connected(UdpPath(towards_client=loss)) as call:
        before = (await call.until(lambda stats: frames(stats) >= 2)).inbound[TRACK]
        loss.armed = True
        stats = await call.until(lambda stats: (stats.inbound[TRACK].nacks or 0) > 0)
        enough = frames(stats) + 10
        track = (await call.until(lambda stats: frames(stats) >= enough)).inbound[TRACK]
        assert track.packets_lost == 1
        assert track.frames_dropped == before.frames_dropped
        assert track.key_frame_requests == before.key_frame_requests
        # The reason for reading aiortc's streams one by one.
        public = [
            report
            for report in (await call.client.getStats()).values()
            if isinstance(report, RTCInboundRtpStreamStats)
        ]
        assert [report.packetsReceived for report in public] == [1]
        assert track.packets_received is not None
        assert track.packets_received >= enough - 1  # all but the one that was repaired


async def test_a_loss_beyond_repair_shows_in_dropped_frames_and_key_frame_requests() -> None:
    loss = Loss(repairs=False)
    async with connected(UdpPath(towards_client=loss)) as call:
        before = (await call.until(lambda stats: frames(stats) >= 2)).inbound[TRACK]
        assert before.key_frame_requests is not None
        assert before.frames_dropped is not None
        loss.armed = True
        while True:
            await call.next_frame()
            track = (await call.collector.collect()).inbound[TRACK]
            if (track.key_frame_requests or 0) > before.key_frame_requests:
                break
        enough = (track.frames_decoded or 0) + 5
        track = (await call.until(lambda stats: frames(stats) >= enough)).inbound[TRACK]
        assert track.packets_lost == 1
        assert track.nacks is not None
        assert track.nacks >= 1
        assert track.frames_dropped is not None
        assert track.frames_dropped > before.frames_dropped


async def test_sent_video_is_counted_and_the_other_sides_reports_are_told() -> None:
    async with connected(camera=True) as call:
        assert set((await call.collector.collect()).outbound) == {CAMERA}
        stats = await call.until(lambda stats: stats.outbound[CAMERA].rtt_ms is not None)
        track = stats.outbound[CAMERA]
        assert track.rtt_ms is not None
        assert 0 <= track.rtt_ms < 200
        assert track.packets_sent is not None
        assert track.packets_sent > 0
        assert track.bytes_sent is not None
        assert stats.bytes_sent is not None
        assert 0 < track.bytes_sent < stats.bytes_sent
        assert track.packets_lost == 0
        assert track.jitter_ms is not None
        assert track.bitrate_kbps is not None


async def test_messages_are_counted_by_channel() -> None:
    async with connected() as call:
        back: asyncio.Queue[bytes | str] = asyncio.Queue()
        call.channel.on("message", back.put_nowait)
        counters = call.collector.channel_counters["data"]
        for payload in ("é", b"12345"):
            call.channel.send(payload)
            counters.sent(payload)
        async with asyncio.timeout(TIMEOUT_S):
            for _ in range(2):
                counters.received(await back.get())
        channel = (await call.collector.collect()).channels["data"]
        assert channel.state == "open"
        assert (channel.messages_sent, channel.bytes_sent) == (2, 7)
        assert (channel.messages_received, channel.bytes_received) == (2, 7)
        assert channel.buffered_bytes == 0


async def test_what_waits_in_a_channel_is_told() -> None:
    path = UdpPath()
    async with connected(path) as call:
        path.cut = True
        for size in (50_000, 700, 50):
            call.channel.send(b"x" * size)
        # The first one is with SCTP already, unacknowledged.
        assert (await call.collector.collect()).channels["data"].buffered_bytes == 750


async def test_a_closed_connection_still_has_its_counters() -> None:
    async with connected() as call:
        await call.until(lambda stats: frames(stats) >= 2)
    stats = await call.collector.collect()
    assert stats.state == "closed"
    assert stats.rtt_ms is None
    assert stats.local_candidate is None
    assert frames(stats) >= 2
    assert (stats.inbound[TRACK].packets_received or 0) > 0


async def test_a_track_nobody_watches_has_packets_and_no_frames() -> None:
    async with connected() as call:
        await call.until(lambda stats: frames(stats) >= 2)
        plain = StatsCollector(call.client, {TRACK: call.client.getTransceivers()[0]}, {})
        track = (await plain.collect()).inbound[TRACK]
        assert (track.packets_received or 0) > 0
        assert track.frames_received is None
        assert track.decode_ms is None


async def test_an_aiortc_with_other_private_names_leaves_values_unknown() -> None:
    client = offline()
    transceiver = client.addTransceiver("video", direction="recvonly")
    delattr(transceiver.receiver, "_RTCRtpReceiver__rtx_ssrc")
    delattr(transceiver.receiver.transport.transport._connection, "_nominated")
    collector = StatsCollector(client, {TRACK: transceiver}, {})
    stats = await collector.collect()
    assert stats.inbound[TRACK] == InboundTrackStats("video")
    assert stats.rtt_ms is None


def test_text_counts_as_the_bytes_it_is_sent_as() -> None:
    counters = ChannelCounters()
    counters.sent("é")
    counters.received(b"abc")
    assert counters == ChannelCounters(1, 1, 2, 3)
