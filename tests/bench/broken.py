"""A peer that begins a session and leaves it."""

from __future__ import annotations

import httpx

from reactor_env.bench.peers.base import Peer


class Broken(Peer):
    """Fails."""

    async def connect(self) -> dict[str, float]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            (await http.post("/start_session", json={})).raise_for_status()
        raise ConnectionError("nobody is there")

    async def act(self, action: int, sequence: int) -> None: ...

    async def close(self) -> None: ...
