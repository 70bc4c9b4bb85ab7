"""The WebRTC connection: tracks, the two data channels, and when they are ready.

aiortc does the transport. This module makes the offer Reactor's runtime understands, frames
the data channels once chunking is negotiated, and hands decoded video on as
:class:`~reactor_env.client.video.VideoFrame`. Everything here runs on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import av
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from reactor_env.client import jitter, sdp
from reactor_env.client.errors import NotReadyError, ProtocolError, ReactorTimeoutError
from reactor_env.client.types import TrackCapability
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire import chunking
from reactor_env.client.wire.messages import CONTROL, DATA, Channel, Outgoing
from reactor_env.client.wire.trailer import FrameTrailer

logger = logging.getLogger(__name__)

MAX_MESSAGE_SIZE = 64 * 1024 * 1024
"""Bytes of one chunked message this side takes, the runtime's own limit."""

_TRAILERS_KEPT = 64


class Peer:
    """One peer connection.

    Args:
        tracks: The model's tracks; each gets a media section, in this order.
        ice_servers: STUN and TURN servers; empty means host candidates only, which is all a
            runtime on this machine needs and spares a five-second look-up offline.
        on_message: Called with channel and message, whole and unframed.
        on_frame: Called with track name and frame.
        on_track: Called with track name and aiortc's track.
        on_lost: Called once, with the reason, when the connection is gone for good.
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
    ) -> None:
        self._on_message = on_message
        self._on_frame = on_frame
        self._on_track = on_track
        self._on_lost = on_lost
        self._reassemblers: dict[Channel, chunking.Reassembler] = {}
        self._pumps: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._closing = False
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.chunked = False
        self._pc = RTCPeerConnection(
            RTCConfiguration(iceServers=list(ice_servers), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._pc.on("connectionstatechange", self._state_changed)
        self._media: list[tuple[TrackCapability, RTCRtpTransceiver]] = []
        self._trailers: dict[str, OrderedDict[int, FrameTrailer]] = {}
        for track in tracks:
            transceiver = self._pc.addTransceiver(track.kind, direction=track.direction)
            self._media.append((track, transceiver))
            if track.direction == "recvonly" and track.kind == "video":
                self._trailers[track.name] = OrderedDict()
                jitter.install(transceiver.receiver, self._file_trailer(track.name))
        # Older runtimes merge the two channels and keep the last one, so the order matters.
        self._channels: dict[Channel, RTCDataChannel] = {
            name: self._open_channel(name) for name in (CONTROL, DATA)
        }

    async def offer(self) -> tuple[str, list[dict[str, str]]]:
        """Make a complete offer.

        Returns:
            The SDP with all candidates, and which track each media section carries.
        """
        await self._pc.setLocalDescription(await self._pc.createOffer())
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
        """Apply the server's answer; the transport connects from here on."""
        limit = sdp.chunking_limit(answer)
        self.chunked = limit is not None
        if limit is not None:
            limit = min(limit, MAX_MESSAGE_SIZE)
            self._reassemblers = {
                DATA: chunking.Reassembler(limit),
                CONTROL: chunking.Reassembler(limit),
            }
        await self._pc.setRemoteDescription(
            RTCSessionDescription(sdp=sdp.repair_answer(answer), type="answer")
        )
        for track, transceiver in self._media:
            if track.direction == "recvonly" and transceiver.receiver.track is not None:
                self._receive(track, transceiver.receiver.track)

    async def wait_open(self, timeout_s: float) -> None:
        """Wait until the transport is connected and both channels are open.

        Raises:
            ReactorTimeoutError: If that does not happen in time; the text says how far it got.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self._open():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            channels = ", ".join(f"{n} {c.readyState}" for n, c in self._channels.items())
            raise ReactorTimeoutError(
                f"the WebRTC connection was not ready in {timeout_s:g} s: ICE "
                f"{self._pc.iceConnectionState}, connection {self._pc.connectionState}, "
                f"channels: {channels}"
            ) from None

    def send(self, message: Outgoing) -> None:
        """Send one message.

        Raises:
            NotReadyError: If its channel is not open.
        """
        channel = self._channels[message.channel]
        if channel.readyState != "open":
            raise NotReadyError(
                f"channel {message.channel!r} is {channel.readyState}, so nothing can be sent"
            )
        if not self.chunked:
            channel.send(message.payload)
            return
        for frame in chunking.encode(message.payload):
            channel.send(frame)

    async def close(self) -> None:
        """Close the connection and wait for its tasks. Safe to call twice."""
        self._closing = True
        await self._pc.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def _open(self) -> bool:
        return self._pc.connectionState == "connected" and all(
            channel.readyState == "open" for channel in self._channels.values()
        )

    def _state_changed(self) -> None:
        self._changed.set()
        state = self._pc.connectionState
        if state in ("failed", "closed", "disconnected") and not self._closing:
            self._lose(f"the WebRTC connection is {state}")

    def _lose(self, reason: str) -> None:
        if not self._closing:
            self._closing = True
            self._on_lost(reason)

    def _open_channel(self, name: Channel) -> RTCDataChannel:
        channel = self._pc.createDataChannel(name)
        channel.on("open", self._changed.set)
        channel.on("close", lambda: self._lose(f"the server closed data channel {name!r}"))
        channel.on("message", lambda payload: self._received(name, payload))
        return channel

    def _received(self, name: Channel, payload: bytes | str) -> None:
        if not self.chunked:
            self._on_message(name, payload)
            return
        try:
            message = self._reassemblers[name].feed(payload)
        except ProtocolError as error:
            self._lose(f"channel {name!r} cannot be trusted any more: {error}")
            return
        if message is not None:
            self._on_message(name, message)

    def _receive(self, track: TrackCapability, media: MediaStreamTrack) -> None:
        self.tracks[track.name] = media
        if track.kind == "video":
            self._pumps.append(asyncio.ensure_future(self._pump(track.name, media)))
        self._on_track(track.name, media)

    def _file_trailer(self, name: str) -> Callable[[int, FrameTrailer], None]:
        trailers = self._trailers[name]

        def file(pts: int, trailer: FrameTrailer) -> None:
            trailers[pts] = trailer
            if len(trailers) > _TRAILERS_KEPT:
                trailers.popitem(last=False)

        return file

    async def _pump(self, name: str, media: MediaStreamTrack) -> None:
        """Take every decoded frame off aiortc's queue at once, so that none grows old in it."""
        trailers = self._trailers[name]
        sequence = 0
        while True:
            try:
                image = await media.recv()
            except MediaStreamError:
                return
            if not isinstance(image, av.VideoFrame):
                continue
            sequence += 1
            trailer = trailers.pop(image.pts, None) if image.pts is not None else None
            self._on_frame(name, VideoFrame(image, trailer, time.monotonic_ns(), sequence))
