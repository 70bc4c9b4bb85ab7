"""aiortc alone, as its examples use it, with the signalling of a local runtime.

Protocol v0 (``platform.md`` B7, B14): JSON on two data channels, and no answers to commands.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import av
import httpx
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
from reactor_env.bench.recorder import Recorder
from reactor_env.client.sdp import repair_answer

TRACK = "main_video"
_SESSION = "00000000-0000-0000-0000-000000000000"
_BASE = f"/sessions/{_SESSION}/transport/webrtc/connections"
_HEADERS = {"Authorization": "Bearer local", "Reactor-WebRTC-Version": "1.0"}
_POLL_S = 0.02
_TIMEOUT_S = 30.0


class PlainAiortc(Peer):
    """A peer connection, a loop around ``recv()``, and ``to_ndarray()``."""

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._http = httpx.AsyncClient(base_url=url, headers=_HEADERS, trust_env=False)
        # Without this the STUN server of aiortc's default would be waited for.
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._control = self._pc.createDataChannel("control")
        self._data = self._pc.createDataChannel("data")
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> dict[str, float]:
        """Start a session, exchange offer and answer, wait for the channels, ask for frames."""
        async with asyncio.timeout(_TIMEOUT_S):
            await self._post("/start_session", {})
            self._pc.on("track", self._track)
            mid = self._pc.addTransceiver("video", direction="recvonly")
            await self._pc.setLocalDescription(await self._pc.createOffer())
            connection = (await self._post(_BASE, {}))["connection_id"]
            place = f"{_BASE}/{connection}/sdp_params"
            track = {"mid": mid.mid, "name": TRACK, "kind": "video", "direction": "recvonly"}
            offer = {"sdp_offer": self._pc.localDescription.sdp, "track_mapping": [track]}
            await self._post(place, offer)
            while (answer := await self._http.get(place)).status_code == 202:  # noqa: ASYNC110 - polls another process
                await asyncio.sleep(_POLL_S)
            sdp = repair_answer(answer.raise_for_status().json()["sdp_answer"])
            opened = [self._opened(channel) for channel in (self._control, self._data)]
            await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
            await asyncio.gather(*opened)
        resume = {"type": "notification", "event": "resume_track", "data": {"name": TRACK}}
        self._control.send(json.dumps(resume))
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Send the command; nothing answers."""
        data = {"action": action, "action_seq": sequence}
        message = {"scope": "application", "data": {"type": "act", "data": data}}
        self._data.send(json.dumps(message))

    async def bytes_received(self) -> int | None:
        """Ask the transport."""
        found = (await self._pc.getStats()).values()
        return sum(one.bytesReceived for one in found if isinstance(one, RTCTransportStats))

    async def close(self) -> None:
        """Close the connection and end the session."""
        await self._pc.close()
        if self._reading is not None:
            await self._reading
        await self._post("/stop_session", {})
        await self._http.aclose()

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

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = (await self._http.post(path, json=body)).raise_for_status()
        found: dict[str, Any] = response.json() if response.content else {}
        return found

    def _opened(self, channel: Any) -> asyncio.Future[None]:
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        channel.on("open", lambda: opened.set_result(None))
        return opened
