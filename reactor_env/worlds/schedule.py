"""When the next frames of a streamed session are due. Pure.

A world that emits faster than its frames are played waits in the pacer's queue, and every frame is
as old as that queue is long (``webrtc.md`` E1). So a world paces itself: it refuses a step that is
not due, which lets commands in meanwhile, and has the runtime play out faster than it emits.
"""

from __future__ import annotations

_FASTER = 2.0
_SPINS_FROM = 200.0
_LEAST_FASTER = 1.25


def chosen_rate(fps: float | None, default: float) -> float:
    """Return the rate of a world.

    Args:
        fps: As asked for; ``None`` for the world's own.
        default: The world's own.

    Raises:
        ValueError: If it is not positive.
    """
    rate = float(fps if fps is not None else default)
    if not rate > 0:
        raise ValueError(f"`fps` must be positive, got {rate}")
    return rate


def playout_fps(rate: float) -> float:
    """Return the rate at which the runtime shall play the frames of a world.

    Twice the world's own (``webrtc.md`` E2). Less for a very fast one: from 200 on the pacer keeps
    a core busy with waiting.

    Args:
        rate: How many frames a second the world emits, one by one.
    """
    return min(_FASTER * rate, max(_SPINS_FROM - 1, _LEAST_FASTER * rate))


class Schedule:
    """Keeps a rate on average: a step that is late does not make the ones after it late.

    Args:
        rate: Steps per second.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._due = 0.0

    def due(self, now: float) -> bool:
        """Tell whether the next step is due.

        Args:
            now: The time in seconds, :func:`time.monotonic`, like every time here.
        """
        return now >= self._due

    def begin(self, now: float) -> None:
        """Note the first step: the next one is due an interval after it."""
        self._due = now + self._interval

    def advance(self, now: float) -> None:
        """Note a step; one that is late by more than an interval shifts the schedule."""
        self._due = max(self._due + self._interval, now)
