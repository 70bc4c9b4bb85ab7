"""The WebRTC connection: tracks, the two data channels, and when they are ready.

aiortc does the transport. This module makes the offer Reactor's runtime understands, frames
the data channels once chunking is negotiated, and hands decoded video on as
:class:`~reactor_env.client.video.VideoFrame`. Everything here runs on the event loop, but for
decoded frames, which come on their decoder's thread.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Sequence

import av
from aiortc import (
    MediaStreamTrack,
    RTCDataChannel,
    RTCIceServer,
    RTCRtpReceiver,
)
from aiortc.mediastreams import MediaStreamError

from reactor_env.client import batches, decoder, jitter, network, sdp
from reactor_env.client.errors import (
    ConnectionFailedError,
    NotReadyError,
    ProtocolError,
    ReactorTimeoutError,
)
from reactor_env.client.network import IceTransportPolicy
from reactor_env.client.peer_connection import PeerConnection
from reactor_env.client.remote_track import RemoteTrack
from reactor_env.client.stats import StatsCollector
from reactor_env.client.stats_types import VideoCounters
from reactor_env.client.types import TrackCapability
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire import chunking
from reactor_env.client.wire.messages import CONTROL, DATA, Channel, Outgoing
from reactor_env.client.wire.trailer import FrameTrailer

logger = logging.getLogger(__name__)

MAX_MESSAGE_SIZE = 64 * 1024 * 1024
"""Bytes of one chunked message this side takes, the runtime's own limit."""


class Peer:
    """One peer connection.

    Args:
        tracks: The model's tracks; each gets a media section, in this order.
        ice_servers: STUN and TURN servers; empty means host candidates only, which is all a
            runtime on this machine needs and spares a five-second look-up offline.
        on_message: Called with channel and message, whole and unframed.
        on_frame: Called with track name and frame, on the thread of the track's decoder.
        on_track: Called with track name and track, a :class:`RemoteTrack`.
        on_lost: Called once, with the reason, when the connection is gone for good.
        ice_transport_policy: ``"all"``, or ``"relay"`` to use TURN servers only.

    Raises:
        ConnectionFailedError: If only TURN servers may be used and there is none.

    Attributes:
        tracks: The model's output tracks by name, once the answer is accepted.
        chunked: Whether both sides frame the data channels, so that messages may be large.
        ice_done: When ICE had found a path, on :func:`time.perf_counter`.
        dtls_done: When the DTLS handshake was done, likewise.
        stats: Measures this connection.
    """

    def __init__(
        self,
        tracks: Sequence[TrackCapability],
        ice_servers: Sequence[RTCIceServer],
        *,
        on_message: Callable[[Channel, bytes | str], None],
        on_frame: Callable[[str, VideoFrame], None],
        on_track: Callable[[str, MediaStreamTrack], None],
        on_lost: Callable[[str], None],
        ice_transport_policy: IceTransportPolicy = "all",
    ) -> None:
        self._on_message = on_message
        self._on_frame = on_frame
        self._on_track = on_track
        self._on_lost = on_lost
        self._reassemblers: dict[Channel, chunking.Reassembler] = {}
        self._pumps: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._closing = False
        self._lost: str | None = None
        self.tracks: dict[str, RemoteTrack] = {}
        self.chunked = False
        self._send_limit: int | None = None
        self.ice_done: float | None = None
        self.dtls_done: float | None = None
        self._configuration = network.configuration(ice_servers, ice_transport_policy)
        self._pc = PeerConnection(self._configuration)
        self._pc.on("connectionstatechange", self._state_changed)
        self._pc.on("iceconnectionstatechange", self._ice_state_changed)
        self._media = [
            (track, self._pc.addTransceiver(track.kind, direction=track.direction))
            for track in tracks
        ]
        # Older runtimes merge the two channels and keep the last one, so the order matters.
        self._channels: dict[Channel, RTCDataChannel] = {
            name: self._open_channel(name) for name in (CONTROL, DATA)
        }
        self.stats = StatsCollector(
            self._pc,
            {track.name: media for track, media in self._media},
            {str(name): channel for name, channel in self._channels.items()},
        )
        for track, transceiver in self._media:
            if track.direction == "recvonly" and track.kind == "video":
                self._decode(track.name, transceiver.receiver)

    async def offer(self) -> tuple[str, list[dict[str, str]]]:
        """Make a complete offer.

        Returns:
            The SDP with all candidates, and which track each media section carries.

        Raises:
            ConnectionFailedError: If this side has no address to be reached at.
        """
        await self._pc.setLocalDescription(await self._pc.createOffer())
        network.check_gathered(self._pc.localDescription.sdp, self._configuration)
        batches.install(self._pc)
        text = sdp.add_session_attributes(
            self._pc.localDescription.sdp,
            {
                sdp.FRAME_METADATA_ATTRIBUTE: "1",
                sdp.CHUNKING_ATTRIBUTE: f"1 max-message-size={MAX_MESSAGE_SIZE}",
            },
        )
        mapping = [
            {
                "mid": transceiver.mid or "",
                "name": track.name,
                "kind": track.kind,
                "direction": track.direction,
            }
            for track, transceiver in self._media
        ]
        return text, mapping

    async def accept(self, answer: str) -> None:
        """Apply the server's answer; the transport connects from here on.

        Raises:
            ConnectionFailedError: If none of the server's addresses can be used.
            ProtocolError: If it does not answer the offer.
        """
        limit = sdp.chunking_limit(answer)
        self.chunked = limit is not None
        if limit is not None:
            limit = self._send_limit = min(limit, MAX_MESSAGE_SIZE)
            self._reassemblers = {
                DATA: chunking.Reassembler(limit),
                CONTROL: chunking.Reassembler(limit),
            }
        await network.apply_answer(self._pc, answer)
        for track, transceiver in self._media:
            if track.direction == "recvonly" and transceiver.receiver.track is not None:
                self._receive(track, transceiver.receiver.track)

    async def wait_open(self, timeout_s: float) -> None:
        """Wait until the transport is connected and both channels are open.

        Raises:
            ConnectionFailedError: If it cannot happen any more.
            ReactorTimeoutError: If that does not happen in time; the text says how far it got.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self._open():
                    if self._lost is not None:
                        raise ConnectionFailedError(f"no WebRTC connection: {self._lost}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            channels = ", ".join(f"{n} {c.readyState}" for n, c in self._channels.items())
            raise ReactorTimeoutError(
                f"the WebRTC connection was not ready in {timeout_s:g} s: ICE "
                f"{self._pc.iceConnectionState}, connection {self._pc.connectionState}, "
                f"channels: {channels}"
            ) from None

    def abandon(self, reason: str) -> None:
        """Let :meth:`wait_open` raise: somebody knows that the other side is gone."""
        self._lost = self._lost or reason
        self._changed.set()

    def send(self, message: Outgoing) -> None:
        """Send one message.

        Raises:
            NotReadyError: If its channel is not open.
            ValueError: If it is larger than the server takes, which would drop it in silence.
        """
        size = len(message.payload)
        if self._send_limit is not None and size > self._send_limit:
            raise ValueError(f"a message may have {self._send_limit} bytes, this one has {size}")
        channel = self._channels[message.channel]
        if channel.readyState != "open":
            raise NotReadyError(
                f"channel {message.channel!r} is {channel.readyState}, so nothing can be sent"
            )
        self.stats.channel_counters[message.channel].sent(message.payload)
        if not self.chunked:
            channel.send(message.payload)
            return
        for frame in chunking.encode(message.payload):
            channel.send(frame)

    def feed(self, name: str, track: MediaStreamTrack | None) -> None:
        """Send ``track`` on the model's input track ``name``; ``None`` sends nothing.

        Raises:
            ValueError: If the model has no such input track, or ``track`` is of another kind.
        """
        inputs = {t.name: (t, media) for t, media in self._media if t.direction == "sendonly"}
        if name not in inputs:
            raise ValueError(f"`name` must be an input track, one of {list(inputs)}, got {name!r}")
        wanted, transceiver = inputs[name]
        if track is not None and track.kind != wanted.kind:
            raise ValueError(
                f"`track` must be of kind {wanted.kind} for {name!r}, got {track.kind}"
            )
        transceiver.sender.replaceTrack(track)

    async def close(self) -> None:
        """Close the connection and wait for its tasks. Safe to call twice."""
        self._closing = True
        await self._pc.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for track in self.tracks.values():
            track.stop()

    def _open(self) -> bool:
        return self._pc.connectionState == "connected" and all(
            channel.readyState == "open" for channel in self._channels.values()
        )

    def _ice_state_changed(self) -> None:
        if self._pc.iceConnectionState == "completed" and self.ice_done is None:
            self.ice_done = time.perf_counter()

    def _state_changed(self) -> None:
        self._changed.set()
        state = self._pc.connectionState
        if state == "connected" and self.dtls_done is None:
            self.dtls_done = time.perf_counter()
        if state in ("failed", "closed", "disconnected") and not self._closing:
            self._lose(f"the WebRTC connection is {state}")

    def _lose(self, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self.abandon(reason)
            self._on_lost(reason)

    def _open_channel(self, name: Channel) -> RTCDataChannel:
        channel = self._pc.createDataChannel(name)
        channel.on("open", self._changed.set)
        channel.on("close", lambda: self._lose(f"the server closed data channel {name!r}"))
        channel.on("message", lambda payload: self._received(name, payload))
        return channel

    def _received(self, name: Channel, payload: bytes | str) -> None:
        message: bytes | str | None = payload
        if self.chunked:
            try:
                message = self._reassemblers[name].feed(payload)
            except ProtocolError as error:
                self._lose(f"channel {name!r} cannot be trusted any more: {error}")
                return
        if message is not None:
            self.stats.channel_counters[name].received(message)
            self._on_message(name, message)

    def _receive(self, track: TrackCapability, media: MediaStreamTrack) -> None:
        remote = RemoteTrack(track.name, track.kind)
        self.tracks[track.name] = remote
        self._pumps.append(asyncio.ensure_future(self._follow(remote, media)))
        self._on_track(track.name, remote)

    def _decode(self, name: str, receiver: RTCRtpReceiver) -> None:
        """Have a video track's pictures come from its decoder's thread."""
        counters = VideoCounters()
        sequence = itertools.count(1)
        loop = asyncio.get_running_loop()

        def on_picture(picture: av.VideoFrame, trailer: FrameTrailer | None) -> None:
            frame = VideoFrame(picture, trailer, time.monotonic_ns(), next(sequence))
            self._on_frame(name, frame)
            remote = self.tracks.get(name)
            if remote is not None and remote.wanted:
                loop.call_soon_threadsafe(remote.put, picture)

        assembler = jitter.install(receiver)
        waiting = decoder.install(receiver, on_picture, counters, assembler)
        self.stats.watch_video(name, counters, waiting, assembler)

    async def _follow(self, remote: RemoteTrack, media: MediaStreamTrack) -> None:
        """Hand the frames of an audio track on, and end a track when aiortc's ends."""
        try:
            while True:
                frame = await media.recv()
                if isinstance(frame, av.AudioFrame):
                    remote.put(frame)
        except MediaStreamError:
            remote.stop()
