"""Reads a session's frames as an environment does: the newest each time, converted once."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame
from reactor_env.observations import Converter, Observation
from reactor_env.session import Session


class Reader:
    """Reads the newest frames of a session at full size, those that were sent again left out.

    Args:
        session: A streamed session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = 0
        self._convert: Converter | None = None
        self._size = (0, 0)
        self._luma: NDArray[np.uint8] | None = None
        self._user_data = b""

    def next(self, timeout_s: float) -> tuple[int, ...] | None:
        """Wait for a new frame and convert it.

        Returns:
            As :data:`~reactor_env.bench.any_model.trace.READ_COLUMNS`; ``None`` when the time is
            over.
        """
        frame = self._session.frames.wait(self._is_new, timeout_s, newest=True)
        if frame is None:
            return None
        taken_ns = time.monotonic_ns()
        self._seen, self._user_data = frame.sequence, frame.user_data
        size = (frame.height, frame.width)
        if self._convert is None or size != self._size:
            self._size = size
            self._convert = Converter(Observation(size=None), size)
        self._convert(frame)
        converted_ns = time.monotonic_ns()
        before, self._luma = self._luma, luma(frame)
        equal = before is not None and np.array_equal(before, self._luma)
        return frame.sequence, taken_ns, converted_ns, equal

    def _is_new(self, frame: VideoFrame) -> bool:
        if frame.sequence <= self._seen:
            return False
        return not frame.user_data or frame.user_data != self._user_data


def luma(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return what makes frames equal: the luma as the decoder gave it, or the whole picture."""
    image = frame.image
    if isinstance(image, np.ndarray):
        return image
    plane = image.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return lines[: image.height, : image.width]
