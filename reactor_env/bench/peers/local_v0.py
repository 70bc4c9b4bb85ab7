"""The signalling of a local runtime and the texts of protocol v0, for bare WebRTC clients.

HTTP as in ``platform.md`` B4 and B5; JSON on two data channels, and no answers to commands (B7).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

TRACK = "main_video"
CHANNELS = ("control", "data")
"""Both are to be open before anything is sent; made in this order."""

CONNECT_TIMEOUT_S = 30.0
_SESSION = "00000000-0000-0000-0000-000000000000"
_BASE = f"/sessions/{_SESSION}/transport/webrtc/connections"
_HEADERS = {"Authorization": "Bearer local", "Reactor-WebRTC-Version": "1.0"}
_POLL_S = 0.02

RESUME = json.dumps({"type": "notification", "event": "resume_track", "data": {"name": TRACK}})
"""Goes over ``control`` once: the runtime sends no frame before."""


def command_text(action: int, sequence: int) -> str:
    """Return the command ``act``; it goes over ``data``."""
    data = {"action": action, "action_seq": sequence}
    return json.dumps({"scope": "application", "data": {"type": "act", "data": data}})


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ICE candidate that is no part of its offer.

    Attributes:
        candidate: As in SDP, without ``a=``.
        sdp_mid: The media section that it is of.
        sdp_mline_index: The same, counted from 0.
    """

    candidate: str
    sdp_mid: str | None
    sdp_mline_index: int | None


class LocalSession:
    """The one session of a local runtime, and a connection to it.

    Args:
        url: Where the runtime listens.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers=_HEADERS, trust_env=False)

    async def start(self) -> None:
        """Start it."""
        await self._post("/start_session", {})

    async def answer(self, offer: str, mid: str, candidates: Sequence[Candidate] = ()) -> str:
        """Offer a connection.

        Args:
            offer: SDP, with a media section for the video track.
            mid: That section.
            candidates: All that the offer has not.

        Returns:
            The runtime's answer, SDP with all its candidates.

        Raises:
            httpx.HTTPError: If the runtime refuses.
        """
        connection = f"{_BASE}/{(await self._post(_BASE, {}))['connection_id']}"
        track = {"mid": mid, "name": TRACK, "kind": "video", "direction": "recvonly"}
        place = f"{connection}/sdp_params"
        await self._post(place, {"sdp_offer": offer, "track_mapping": [track]})
        if candidates:
            found = {"candidates": [asdict(one) for one in candidates], "is_final": True}
            await self._post(f"{connection}/ice_candidates", found)
        while (answer := await self._http.get(place)).status_code == 202:  # noqa: ASYNC110 - polls another process
            await asyncio.sleep(_POLL_S)
        sdp: str = answer.raise_for_status().json()["sdp_answer"]
        return sdp

    async def stop(self) -> None:
        """End it."""
        await self._post("/stop_session", {})
        await self._http.aclose()

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = (await self._http.post(path, json=body)).raise_for_status()
        found: dict[str, Any] = response.json() if response.content else {}
        return found
