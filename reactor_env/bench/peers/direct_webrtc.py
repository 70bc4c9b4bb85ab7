"""``reactor-webrtc``, the binding of libwebrtc below ``reactor-sdk``, at zero playout delay.

A receiver of libwebrtc holds each decoded frame back, to show it at a smooth rate.
``PeerConnectionFactoryBuilder.with_receive_playout_delay(0, 0)`` of reactor-webrtc 0.24.2 bounds
that by 0 to 0 s for all streams of a factory, whatever the sender asks for, so that a frame goes
to the decoder as soon as it is complete, and from there to its user: over loopback it stays less
than 1 ms in the jitter buffer instead of 20. ``reactor-sdk`` 1.13 does not offer it. The price is
that frames come as irregularly as the network brings them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from reactor_webrtc import (
    BundlePolicy,
    DataChannel,
    DataChannelState,
    FrameMetadata,
    IceCandidate,
    IceGatheringState,
    InboundRtpStats,
    MediaKind,
    PeerConnectionFactory,
    PeerConnectionFactoryBuilder,
    PeerConnectionObserver,
    RtcConfiguration,
    SessionDescription,
    StreamKind,
    Track,
    TransceiverDirection,
)

from reactor_env.bench.peers.base import Peer, shrink
from reactor_env.bench.peers.local_v0 import (
    CHANNELS,
    CONNECT_TIMEOUT_S,
    RESUME,
    Candidate,
    LocalSession,
    command_text,
)
from reactor_env.bench.recorder import Recorder

CLOSE_TIMEOUT_S = 10.0


class ZeroPlayout(Peer):
    """A peer connection, and a handler of its frames on libwebrtc's own thread.

    The binding hands out BGRA pixels as ``bytes``, of which an RGB view is taken, as
    ``reactor-sdk`` does. Commands go as protocol v0, which answers none.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._session = LocalSession(url)
        self._candidates: list[Candidate] = []
        self._gathered = asyncio.Event()
        observer = PeerConnectionObserver()
        observer.on_ice_candidate = self._candidate
        observer.on_ice_gathering_change = self._gathering
        observer.on_track = self._track
        # It takes the handlers that the observer has now.
        self._pc = make_factory().create_peer_connection(
            RtcConfiguration(bundle_policy=BundlePolicy.MaxBundle), observer
        )
        self._control, self._data = (self._pc.create_data_channel(name) for name in CHANNELS)

    async def connect(self) -> dict[str, float]:
        """Start a session, exchange offer and answer, wait for the channels, ask for frames."""
        self._loop = asyncio.get_running_loop()
        opened = [self._opened(channel) for channel in (self._control, self._data)]
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._session.start()
            video = self._pc.add_transceiver(MediaKind.Video, TransceiverDirection.RecvOnly)
            offer = await self._pc.create_offer()
            await self._pc.set_local_description(offer)
            await self._gathered.wait()
            mid = video.mid()
            assert mid is not None  # it has one since the description is set
            answer = await self._session.answer(offer.sdp, mid, self._candidates)
            await self._pc.set_remote_description(SessionDescription("answer", answer))
            for event in opened:
                await event.wait()
        self._control.send(RESUME.encode(), binary=False)
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Send the command; nothing answers."""
        self._data.send(command_text(action, sequence).encode(), binary=False)

    async def bytes_received(self) -> int | None:
        """Ask the engine what its connection carried.

        It has no answer while a slow user holds up the thread that would give it.
        """
        if self.pause_s:
            return None
        pairs = (await self._pc.get_stats()).candidate_pairs
        return sum(pair.bytes_received for pair in pairs)

    async def requests(self) -> dict[str, int]:
        """Ask the engine, as far as it answers."""
        video = None if self.pause_s else await self.video_stats()
        if video is None:
            return {}
        return {"nacks": video.nack_count, "key_frame_requests": video.pli_count + video.fir_count}

    async def video_stats(self) -> InboundRtpStats | None:
        """Return what the engine knows of the stream, ``None`` before there is one."""
        streams = (await self._pc.get_stats()).inbound_rtp
        return next((one for one in streams if one.kind == StreamKind.Video), None)

    async def close(self) -> None:
        """End the session, and wait until the runtime has closed the connection.

        The binding cannot, and a frame that came while Python ends would crash the process.
        """
        closed = asyncio.Event()
        self._data.on_close(partial(_call, asyncio.get_running_loop(), closed.set))
        await self._session.stop()
        if self._data.state() != DataChannelState.Closed:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await closed.wait()

    def _candidate(self, found: IceCandidate) -> None:
        if found.candidate:
            one = Candidate(found.candidate, found.sdp_mid, found.sdp_mline_index)
            self._candidates.append(one)

    def _gathering(self, state: IceGatheringState) -> None:
        if state == IceGatheringState.Complete:
            self._loop.call_soon_threadsafe(self._gathered.set)

    def _opened(self, channel: DataChannel) -> asyncio.Event:
        event = asyncio.Event()
        channel.on_open(partial(_call, self._loop, event.set))
        return event

    def _track(self, kind: MediaKind, track: Track) -> None:
        if kind == MediaKind.Video:
            self._video = track  # without a reference to it nothing is decoded
            track.on_video_frame(self._frame)

    def _frame(self, bgra: bytes, width: int, height: int, metadata: FrameMetadata | None) -> None:
        picture = np.frombuffer(bgra, np.uint8).reshape(height, width, 4)[..., 2::-1]
        if self.small:
            shrink(picture)
            self.recorder.observation()
        else:
            self.recorder.frame(picture, b"" if metadata is None else metadata.user_data)
            time.sleep(self.pause_s)


def make_factory() -> PeerConnectionFactory:
    """Make what connections are made with; a process can have one at a time."""
    builder = PeerConnectionFactoryBuilder()
    builder.with_receive_playout_delay(0.0, 0.0)
    return builder.build()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    """Have a loop make a call; from the engine's threads."""
    loop.call_soon_threadsafe(function)
