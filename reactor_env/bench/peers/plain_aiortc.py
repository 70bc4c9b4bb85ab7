"""aiortc alone, as its examples use it, with the signalling of a local runtime."""

from __future__ import annotations

import asyncio
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.stats import RTCTransportStats

from reactor_env.bench.peers.base import Peer, shrink
from reactor_env.bench.peers.local_v0 import (
    CHANNELS,
    CONNECT_TIMEOUT_S,
    RESUME,
    LocalSession,
    command_text,
)
from reactor_env.bench.recorder import Recorder
from reactor_env.client.sdp import repair_answer


class PlainAiortc(Peer):
    """A peer connection, a loop around ``recv()``, and ``to_ndarray()``."""

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._session = LocalSession(url)
        # Without this the STUN server of aiortc's default would be waited for.
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._control, self._data = (self._pc.createDataChannel(name) for name in CHANNELS)
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> dict[str, float]:
        """Start a session, exchange offer and answer, wait for the channels, ask for frames."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._session.start()
            self._pc.on("track", self._track)
            transceiver = self._pc.addTransceiver("video", direction="recvonly")
            await self._pc.setLocalDescription(await self._pc.createOffer())
            mid = transceiver.mid
            assert mid is not None  # it has one since the description is set
            answer = await self._session.answer(self._pc.localDescription.sdp, mid)
            opened = [self._opened(channel) for channel in (self._control, self._data)]
            description = RTCSessionDescription(repair_answer(answer), "answer")
            await self._pc.setRemoteDescription(description)
            await asyncio.gather(*opened)
        self._control.send(RESUME)
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Send the command; nothing answers."""
        self._data.send(command_text(action, sequence))

    async def bytes_received(self) -> int | None:
        """Ask the transport."""
        found = (await self._pc.getStats()).values()
        return sum(one.bytesReceived for one in found if isinstance(one, RTCTransportStats))

    async def close(self) -> None:
        """Close the connection and end the session."""
        await self._pc.close()
        if self._reading is not None:
            await self._reading
        await self._session.stop()

    def _track(self, track: MediaStreamTrack) -> None:
        self._reading = asyncio.ensure_future(self._read(track))

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, av.VideoFrame)
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if self.small:
                shrink(picture)
                self.recorder.observation()
            else:
                self.recorder.frame(picture)
                if self.pause_s:
                    await asyncio.sleep(self.pause_s)

    def _opened(self, channel: Any) -> asyncio.Future[None]:
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel.on("open", lambda: opened.set_result(None))
        return opened
