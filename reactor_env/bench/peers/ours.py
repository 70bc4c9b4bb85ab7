"""This package over aiortc, on either wire."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from reactor_env.backends.aiortc import AiortcSession
from reactor_env.backends.base import LoopSession
from reactor_env.bench.clock_exchange import Moments, exchange_clocks
from reactor_env.bench.peers.sessions import SessionPeer
from reactor_env.client.reactor import Reactor
from reactor_env.client.types import WireName
from reactor_env.loop_thread import LoopThread


class Protobuf(SessionPeer):
    """Protocol v1, the default."""

    wire: ClassVar[WireName] = "protobuf"

    def make_session(self) -> LoopSession:
        """Make a session around the client."""
        self._client: Reactor | None = None
        return AiortcSession(self._make_client, "streamed")

    async def connect(self) -> dict[str, float]:
        """Connect; the client tells its phases."""
        await super().connect()
        timings = self._client.get_connection_timings() if self._client is not None else None
        if timings is None:
            return {}
        names = ("session", "offer", "signaling", "ice", "dtls", "channels")
        return {name: getattr(timings, f"{name}_ms") for name in names}

    async def bytes_received(self) -> int | None:
        """Ask the transport."""
        if self._client is None:
            return None
        collecting = LoopThread.shared().start(self._client.get_stats())
        return (await asyncio.wrap_future(collecting)).bytes_received

    async def requests(self) -> dict[str, int]:
        """Ask the track."""
        if self._client is None:
            return {}
        stats = await asyncio.wrap_future(LoopThread.shared().start(self._client.get_stats()))
        track = next(iter(stats.inbound.values()))
        found = {"nacks": track.nacks, "key_frame_requests": track.key_frame_requests}
        return {name: count for name, count in found.items() if count is not None}

    async def exchange_clocks(self) -> list[Moments]:
        """Ask the world for its clock, on the client's own loop."""
        if self._client is None:
            return []
        asking = LoopThread.shared().start(exchange_clocks(self._client))
        return await asyncio.wrap_future(asking)

    def _make_client(self) -> Reactor:
        self._client = Reactor("probe", local=True, api_url=self.url, wire=self.wire)
        return self._client


class Json(Protobuf):
    """Protocol v0, which answers no command."""

    wire: ClassVar[WireName] = "json"

    def _note_answers(self) -> None:
        """The call returns when the command has left, which is no answer."""
