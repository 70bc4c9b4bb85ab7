"""A peer that never connects."""

from __future__ import annotations

from reactor_env.bench.peers.base import Peer


class Broken(Peer):
    """Fails."""

    async def connect(self) -> dict[str, float]:
        raise ConnectionError("nobody is there")

    async def act(self, action: int, sequence: int) -> None: ...

    async def close(self) -> None: ...
