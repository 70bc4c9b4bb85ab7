"""Received video: one decoded frame with what is known about it, and the slot it waits in.

Frames stay in the decoder's own pixel format until somebody asks for an array: a frame that
nobody reads costs its decode and nothing else.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from reactor_env.client.wire.trailer import FrameTrailer

SLOT_DEPTH = 8
"""Frames a slot keeps, newest last; older ones are dropped and counted."""


def parse_metadata(user_data: bytes) -> dict[str, Any]:
    """Read a frame's metadata as the JSON object that most models attach.

    Returns:
        The object, or ``{}`` when the bytes are empty or something else.
    """
    if not user_data.startswith(b"{"):
        return {}
    try:
        value = json.loads(user_data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


@cache
def one_swscale_thread() -> dict[str, Any]:
    """Return the argument of a conversion for one swscale thread, where PyAV has it.

    By default each context would start one per core, which is slower at the sizes of observations
    and one more thread per core for every slot of a vector. A forked process would hang when it
    frees such a context, as it does when it exits: the threads are in its parent.
    """
    try:
        VideoReformatter().reformat(av.VideoFrame(16, 16, "rgb24"), format="gray", threads=1)
    except TypeError:
        return {}
    return {"threads": 1}


class VideoFrame:
    """One decoded frame.

    Args:
        image: The picture as the decoder gave it, or a (H, W, 3) uint8 RGB array.
        trailer: What the sender said about it; ``None`` without metadata trailers.
        arrival_ns: When it was decoded and ready, on :func:`time.monotonic_ns`.
        sequence: Counts the frames received on its track, repeats included, from 1.

    Attributes:
        image: As given.
        trailer: As given.
        arrival_ns: As given.
        sequence: As given.
    """

    def __init__(
        self,
        image: av.VideoFrame | NDArray[np.uint8],
        trailer: FrameTrailer | None,
        arrival_ns: int,
        sequence: int,
    ) -> None:
        self.image = image
        self.trailer = trailer
        self.arrival_ns = arrival_ns
        self.sequence = sequence

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.image.shape[1] if isinstance(self.image, np.ndarray) else self.image.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.image.shape[0] if isinstance(self.image, np.ndarray) else self.image.height

    @property
    def user_data(self) -> bytes:
        """The model's metadata bytes, empty when it sent none."""
        return self.trailer.user_data if self.trailer is not None else b""

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """The model's metadata as a JSON object, ``{}`` when it is none."""
        return parse_metadata(self.user_data)

    @property
    def capture_time_us(self) -> int | None:
        """The sender's clock when the frame was captured, in microseconds, if it said."""
        return self.trailer.capture_time_us if self.trailer is not None else None

    @cached_property
    def rgb(self) -> NDArray[np.uint8]:
        """The picture as (H, W, 3) uint8 RGB, converted at the first access."""
        if isinstance(self.image, np.ndarray):
            return self.image
        converted = self.image.to_ndarray(format="rgb24", **one_swscale_thread())
        return np.asarray(converted, dtype=np.uint8)


class FrameSlot:
    """The newest frames of a track, shared between the receiving and the reading thread.

    A reader that is slower than the stream finds the newest frames and never a queue:
    only :data:`SLOT_DEPTH` are kept.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frames: deque[VideoFrame] = deque(maxlen=SLOT_DEPTH)
        self._closed: Exception | None = None
        self.received = 0
        """Frames put in so far."""

    def put(self, frame: VideoFrame) -> None:
        """Store a frame and wake whoever waits."""
        with self._changed:
            self._frames.append(frame)
            self.received += 1
            self._changed.notify_all()

    def close(self, reason: Exception) -> None:
        """Let every present and later :meth:`wait` raise ``reason``."""
        with self._changed:
            self._closed = self._closed or reason
            self._changed.notify_all()

    def newest(self) -> VideoFrame | None:
        """Return the newest frame, or ``None`` before the first."""
        with self._changed:
            return self._frames[-1] if self._frames else None

    def wait(
        self, accept: Callable[[VideoFrame], bool], timeout_s: float, *, newest: bool = False
    ) -> VideoFrame | None:
        """Wait for a frame.

        Args:
            accept: Tells whether a frame is the one waited for. Called with the lock held,
                so it must be quick.
            timeout_s: Seconds to wait.
            newest: Take the newest frame that is accepted instead of the oldest.

        Returns:
            The frame, or ``None`` when the time is over.

        Raises:
            Exception: What the slot was closed with, when no stored frame is accepted.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                order = reversed(self._frames) if newest else iter(self._frames)
                for frame in order:
                    if accept(frame):
                        return frame
                if self._closed is not None:
                    raise self._closed
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    return None
                self._changed.wait(remaining)
