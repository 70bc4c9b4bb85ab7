"""When a picture begins to move: from the change between frames, against what is usual. Pure."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame, one_swscale_thread

SIZE = (64, 36)
"""Width and height of the small gray pictures that are compared."""

FLOOR = 0.5
"""Mean luma that a codec alone may change a small picture by, of 255."""

FACTOR = 2.0
"""How much more than the most usual change counts as a motion that began."""


def small(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return a small gray copy of a frame.

    Args:
        frame: Any frame.

    Returns:
        A uint8 array of :data:`SIZE`, (36, 64).
    """
    image = frame.image
    if isinstance(image, np.ndarray):
        image = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    width, height = SIZE
    scaled = image.reformat(
        width=width, height=height, format="gray", interpolation="AREA", **one_swscale_thread()
    )
    return np.asarray(scaled.to_ndarray(), np.uint8)


class Motion:
    """Follows a stream frame by frame and says by how much the picture changes.

    The change is the mean absolute difference of the luma of two successive small pictures, 0 to
    255. A world that moves by itself has a usual change; only what exceeds it clearly is an onset.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None
        self._usual = 0.0

    @property
    def threshold(self) -> float:
        """The change above which a motion began."""
        return FACTOR * self._usual + FLOOR

    def rest(self) -> None:
        """Forget what is usual; :meth:`learn` says it anew."""
        self._usual = 0.0

    def learn(self, picture: NDArray[np.uint8]) -> float:
        """Take a picture as one of those while nothing was done, and return its change."""
        change = self.change(picture)
        self._usual = max(self._usual, change)
        return change

    def begins(self, picture: NDArray[np.uint8]) -> bool:
        """Tell whether this picture changed by more than is usual."""
        return self.change(picture) > self.threshold

    def change(self, picture: NDArray[np.uint8]) -> float:
        """Return by how much a picture differs from the one before; 0 for the first."""
        last, self._last = self._last, picture
        if last is None:
            return 0.0
        return float(np.abs(picture.astype(np.int16) - last).mean())
