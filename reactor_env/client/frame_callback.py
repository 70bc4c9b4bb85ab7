"""The thread that calls a user's frame callback, so that a slow one delays nobody else."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.video import FrameSlot, VideoFrame

logger = logging.getLogger(__name__)

FrameCallback = Callable[[NDArray[np.uint8]], Any]

_POLL_S = 0.5


class FrameCallbackThread:
    """Calls a callback with the newest frame, one call at a time.

    Frames that arrive during a call are dropped but for the newest, and counted.

    Args:
        callback: Gets a (H, W, 3) uint8 RGB array. A coroutine function runs on ``loop``.
        loop: The session's event loop.
    """

    def __init__(self, callback: FrameCallback, loop: asyncio.AbstractEventLoop) -> None:
        self._callback = callback
        self._loop = loop
        self._slot = FrameSlot()
        self._stopping = False
        self.frames_dropped = 0
        self._thread = threading.Thread(target=self._run, name="reactor-frames", daemon=True)
        self._thread.start()

    def put(self, frame: VideoFrame) -> None:
        """Offer a frame; never blocks."""
        self._slot.put(frame)

    def stop(self) -> None:
        """Let the thread end after the call it is in; does not wait for it."""
        self._stopping = True
        self._slot.close(ReactorClientError("the frame callback was removed"))

    def _run(self) -> None:
        last = 0
        while not self._stopping:
            try:
                frame = self._slot.wait(partial(_follows, last), _POLL_S, newest=True)
            except ReactorClientError:
                return
            if frame is None or self._stopping:
                continue
            if last:
                self.frames_dropped += frame.sequence - last - 1
            last = frame.sequence
            try:
                result = self._callback(frame.rgb)
                if inspect.isawaitable(result):
                    asyncio.run_coroutine_threadsafe(_await(result), self._loop).result()
            except Exception:
                logger.exception("the frame callback raised")


def _follows(last: int, frame: VideoFrame) -> bool:
    return frame.sequence > last


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
