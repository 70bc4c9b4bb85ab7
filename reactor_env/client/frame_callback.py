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
"""Gets a picture, (H, W, 3) uint8 RGB."""

MetadataCallback = Callable[[NDArray[np.uint8], VideoFrame], Any]
"""Gets the picture and the frame it is of, which knows its metadata, number and times."""

_POLL_S = 0.5


class FrameCallbackThread:
    """Calls a callback with the newest frame, one call at a time.

    Frames that arrive during a call are dropped but for the newest, and counted.

    Args:
        callback: Gets a (H, W, 3) uint8 RGB array. A coroutine function runs on ``loop``.
        loop: The session's event loop.
        metadata: Whether the callback gets the frame as a second argument.

    Attributes:
        frames_dropped: Frames that came and went while the callback was busy.
    """

    def __init__(
        self,
        callback: FrameCallback | MetadataCallback,
        loop: asyncio.AbstractEventLoop,
        *,
        metadata: bool = False,
    ) -> None:
        self._callback: Callable[..., Any] = callback
        self._metadata = metadata
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
                extra = (frame,) if self._metadata else ()
                result = self._callback(frame.rgb, *extra)
                if inspect.isawaitable(result):
                    asyncio.run_coroutine_threadsafe(_await(result), self._loop).result()
            except Exception:
                logger.exception("the frame callback raised")


def _follows(last: int, frame: VideoFrame) -> bool:
    return frame.sequence > last


async def _await(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
