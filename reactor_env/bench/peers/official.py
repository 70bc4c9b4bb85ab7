"""``reactor-sdk`` used directly: its own handler of frames, on its own thread."""

from __future__ import annotations

import time

import numpy as np
import reactor_sdk
from numpy.typing import NDArray

from reactor_env.bench.peers.base import Peer, shrink
from reactor_env.bench.recorder import Recorder

TRACK = "main_video"


class Official(Peer):
    """The SDK's ``Reactor``.

    Its handler gets an RGB view of BGRA pixels, which is taken for an observation as it is: a
    user who gives it to torch pays for a copy on top.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._client = reactor_sdk.Reactor("probe", local=True, api_url=url)

    async def connect(self) -> dict[str, float]:
        """Connect; it tells no phases."""
        self._client.track(TRACK).on_frame(self._frame)
        await self._client.connect()
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Send the command and wait for its answer."""
        await self._client.send_command("act", {"action": action, "action_seq": sequence})
        self.recorder.acknowledged(sequence)

    async def bytes_received(self) -> int | None:
        """Ask the engine."""
        return (await self._client.get_stats()).bytes_received

    async def close(self) -> None:
        """End the session."""
        await self._client.disconnect()
        self._client.close()

    def _frame(
        self, frame: NDArray[np.uint8], frame_id: int, timestamp_us: int, user_data: bytes
    ) -> None:
        if self.small:
            shrink(frame)
            self.recorder.observation()
        else:
            self.recorder.frame(frame, user_data)
            time.sleep(self.pause_s)
