"""aiortc's peer connection, closed for certain."""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import RTCPeerConnection


class PeerConnection(RTCPeerConnection):
    """A peer connection that can be closed while it connects.

    aiortc 1.16 connects in a task of its own, which :meth:`RTCPeerConnection.close` leaves alone.
    It then raises where nobody looks, or finds a path on a connection that is closed: aioice 0.13
    goes on to check that path's consent, for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connecting: set[asyncio.Task[Any]] = set()

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802 - what aiortc calls
        task = asyncio.current_task()
        assert task is not None
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        await super()._RTCPeerConnection__connect()  # type: ignore[misc]

    async def close(self) -> None:
        """Stop connecting, then close. Safe to call twice."""
        connecting = set(self._connecting)
        for task in connecting:
            task.cancel()
        if connecting:
            await asyncio.wait(connecting)
        await super().close()
