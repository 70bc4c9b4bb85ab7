"""``reactor-sdk`` 0.8, its last line in Python alone, over aiortc and protocol v0.

It cannot be installed beside 1.x, so that its process runs another Python
(:mod:`reactor_env.bench.peers.interpreters`). With ``local=True`` it knows one runtime only,
``http://localhost:8080`` (``platform.md`` A2), and there is no way to tell it another: the
constant in its module is replaced.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.peers.base import Peer, shrink
from reactor_env.bench.recorder import Recorder
from reactor_env.errors import MissingDependencyError

VERSION = "0.8."
_READY_TIMEOUT_S = 30.0


class Sdk08(Peer):
    """The SDK's ``Reactor`` with its one callback for frames.

    The callback is called on the event loop, with an RGB array: a user who takes long for a frame
    holds up everything else there.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        version = importlib.metadata.version("reactor-sdk")
        if not version.startswith(VERSION):
            raise MissingDependencyError(f"this peer needs reactor-sdk {VERSION}x, got {version}")
        # Types of 1.x would be found for it.
        sdk: Any = importlib.import_module("reactor_sdk")
        importlib.import_module("reactor_sdk.reactor").__dict__["LOCAL_API_URL"] = url
        self._ready = sdk.ReactorStatus.READY
        self._client: Any = sdk.Reactor("probe", local=True)

    async def connect(self) -> dict[str, float]:
        """Connect, and wait until it says it is ready; ``connect()`` returns before that."""
        ready = asyncio.Event()
        self._client.on_status(self._ready)(lambda *_: ready.set())
        self._client.set_frame_callback(self._frame)
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await self._client.connect()
            await ready.wait()
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Send the command; nothing answers."""
        await self._client.send_command("act", {"action": action, "action_seq": sequence})

    async def close(self) -> None:
        """End the session."""
        await self._client.disconnect()

    def _frame(self, picture: NDArray[np.uint8]) -> None:
        if self.small:
            shrink(picture)
            self.recorder.observation()
        else:
            self.recorder.frame(picture)
            time.sleep(self.pause_s)
