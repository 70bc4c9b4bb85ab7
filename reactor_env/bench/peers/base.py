"""What a client must do to be measured."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import SMALL
from reactor_env.bench.trace import Integers


class Peer(ABC):
    """One client, used as its users use it.

    It gives every frame to :meth:`Recorder.frame` at the moment when its user has an RGB array of
    it; once :attr:`small` is set it makes 84x84 observations and gives them to
    :meth:`Recorder.observation` instead.

    Args:
        url: Where the runtime of ``probe`` listens.
        recorder: Takes the frames.

    Attributes:
        small: Which of the two; set from outside.
        pause_s: How long its user takes for each full-size frame; set from outside. The user does
            that where the client lets it: on its own thread, or between two calls of a coroutine.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        self.url = url
        self.recorder = recorder
        self.small = False
        self.pause_s = 0.0

    @abstractmethod
    async def connect(self) -> dict[str, float]:
        """Connect, and return when commands can be sent.

        Returns:
            The phases of connecting in milliseconds, as far as the client tells them.
        """

    @abstractmethod
    async def act(self, action: int, sequence: int) -> None:
        """Send the command ``act``; tells :meth:`Recorder.acknowledged` when it is answered."""

    @abstractmethod
    async def close(self) -> None:
        """End the session."""

    def actions(self, shown: Integers) -> Integers:
        """Return the numbers of the commands that frames show.

        Args:
            shown: The numbers that their stamps have: the same, unless a client numbers itself.
        """
        return shown

    async def bytes_received(self) -> int | None:
        """Return how many bytes came so far, ``None`` where the client does not say."""
        return None

    async def requests(self) -> dict[str, int]:
        """Return what it has asked the sender for so far, where the client says.

        Returns:
            ``nacks`` and ``key_frame_requests``.
        """
        return {}


def shrink(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make a small observation as Gymnasium's ``ResizeObservation`` does, by area averaging.

    Args:
        picture: (H, W, 3) uint8 RGB.
    """
    import cv2

    return np.asarray(cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), np.uint8)
