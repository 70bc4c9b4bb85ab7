"""aiortc's peer connection, closed for certain."""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import RTCPeerConnection


class PeerConnection(RTCPeerConnection):
    """A peer connection that can be closed while it gathers candidates or connects.

    aiortc 1.16 connects in a task of its own, which :meth:`RTCPeerConnection.close` leaves alone.
    It then raises where nobody looks, or finds a path on a connection that is closed: aioice 0.13
    goes on to check that path's consent, for ever. Gathering that is cancelled leaves its questions
    to the servers alone, too: an address that a TURN server gives then is kept up, for ever.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connecting: set[asyncio.Task[Any]] = set()
        self._gathering: asyncio.Future[Any] | None = None
        self._closing: asyncio.Future[Any] | None = None

    async def _RTCPeerConnection__connect(self) -> None:  # noqa: N802 - what aiortc calls
        task = asyncio.current_task()
        assert task is not None
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        await super()._RTCPeerConnection__connect()  # type: ignore[misc]

    async def _RTCPeerConnection__gather(self) -> None:  # noqa: N802 - what aiortc calls
        self._gathering = asyncio.ensure_future(
            super()._RTCPeerConnection__gather()  # type: ignore[misc]
        )
        await asyncio.shield(self._gathering)

    async def close(self) -> None:
        """Stop connecting, then close. Safe to call twice.

        Where candidates are still being gathered, that is waited for in the background: servers
        that do not answer hold it up for 5 s.
        """
        connecting = set(self._connecting)
        for task in connecting:
            task.cancel()
        if connecting:
            await asyncio.wait(connecting)
        if self._gathering is None or self._gathering.done():
            await super().close()
        elif self._closing is None:
            self._closing = asyncio.ensure_future(self._close_after(self._gathering))

    async def _close_after(self, gathering: asyncio.Future[Any]) -> None:
        await asyncio.gather(gathering, return_exceptions=True)
        await super().close()
