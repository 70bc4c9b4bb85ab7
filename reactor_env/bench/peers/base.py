"""What a client must do to be measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import SMALL
from reactor_env.bench.trace import Integers, Trace

if TYPE_CHECKING:
    from reactor_env.bench.clock_exchange import Moments


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

    async def prepare(self) -> None:  # noqa: B027 - most clients need nothing
        """Start what runs before its user connects; connecting is timed from after it."""

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

    def processes(self) -> list[int]:
        """Return the processes beside this one whose CPU time and memory are the client's."""
        return []

    def complete(self, trace: Trace) -> None:  # noqa: B027 - most clients are recorded here
        """Put into the trace what the client has noted elsewhere; called after :meth:`close`.

        Args:
            trace: What the recorder has; changed.
        """

    async def bytes_received(self) -> int | None:
        """Return how many bytes came so far, ``None`` where the client does not say."""
        return None

    async def exchange_clocks(self) -> list[Moments]:
        """Ask the world for its clock a few times, where the client can.

        Returns:
            The exchanges, as :func:`~reactor_env.bench.clock_exchange.exchange_clocks` has them.
        """
        return []

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
