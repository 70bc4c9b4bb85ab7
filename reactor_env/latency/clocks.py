"""The distance of two machines' clocks, by messages there and back. Pure.

Of each exchange four moments are known: when the question left and its answer came, on this side's
clock, and when the other side got the one and sent the other, on its own. RFC 5905, section 8,
takes the middle: the offset is exact where both ways took equally long, and in no case off by more
than half the round trip, since no way takes less than no time. So the exchange with the least
round trip says most (its section 10, the clock filter). Exchanges over a longer time show how much
faster one clock runs: a line is fitted through the best of every eight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILTER = 8
"""Of so many exchanges in a row the one with the least round trip is kept (RFC 5905, 10)."""

_LEAST_FOR_DRIFT = 4
_CONFIDENCE = 1.96
"""Standard errors to each side of a 95 % interval."""

_PPM = 1e6


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer; times in nanoseconds.

    Attributes:
        sent: When the question left, on this side's clock.
        received: When it came, on the other side's clock.
        answered: When the answer left, on the other side's clock.
        returned: When it came, on this side's clock.
    """

    sent: int
    received: int
    answered: int
    returned: int

    @property
    def offset_ns(self) -> float:
        """The other side's clock less this side's, if both ways took equally long."""
        return ((self.received - self.sent) + (self.answered - self.returned)) / 2

    @property
    def round_trip_ns(self) -> int:
        """How long both ways took together, without the time in which it was answered."""
        return (self.returned - self.sent) - (self.answered - self.received)

    @property
    def moment_ns(self) -> float:
        """The middle of the exchange, on this side's clock."""
        return (self.sent + self.returned) / 2


@dataclass(frozen=True, slots=True)
class ClockComparison:
    """How another clock goes beside this side's.

    Attributes:
        moment_ns: The moment that the offset is of, on this side's clock: the middle of the
            exchange with the least round trip.
        offset_ns: The other clock less this one, then.
        bound_ns: It is no further off than that: half the least round trip.
        drift_ppm: By how many millionths the other clock runs faster; 0 where that cannot be told.
        drift_error_ppm: Half of the 95 % interval of the regression; ``None`` of fewer than
            four kept exchanges. Delays that differ more and more in the two directions look like
            drift to it.
        drift_bound_ppm: The drift is no further off than that, whatever the delays: what the
            round trips leave open. ``None`` of one kept exchange.
        kept: How many exchanges were the best of their eight.
        count: Of how many.
        span_s: Seconds from the first to the last of them.
    """

    moment_ns: float
    offset_ns: float
    bound_ns: float
    drift_ppm: float
    drift_error_ppm: float | None
    drift_bound_ppm: float | None
    kept: int
    count: int
    span_s: float

    def offset_at(self, now_ns: float) -> float:
        """Return the other clock less this one at some moment of this side's clock, in ns."""
        return self.offset_ns + self.drift_ppm / _PPM * (now_ns - self.moment_ns)

    def here_ns(self, there_ns: NDArray[np.int64]) -> NDArray[np.floating[Any]]:
        """Return times of the other clock on this side's, in ns."""
        rate = 1 + self.drift_ppm / _PPM
        return self.moment_ns + (there_ns - self.moment_ns - self.offset_ns) / rate


def compare_clocks(exchanges: Iterable[Exchange]) -> ClockComparison | None:
    """Compare two clocks.

    Args:
        exchanges: In any order; those that took less than no time are left out, which only a clock
            that was set does.

    Returns:
        The comparison, ``None`` of nothing.
    """
    valid = sorted(
        (one for one in exchanges if one.round_trip_ns >= 0), key=lambda one: one.moment_ns
    )
    if not valid:
        return None
    kept = [
        min(valid[begin : begin + FILTER], key=lambda one: one.round_trip_ns)
        for begin in range(0, len(valid), FILTER)
    ]
    best = min(kept, key=lambda one: one.round_trip_ns)
    drift_ppm, error_ppm = _regression(kept, best)
    return ClockComparison(
        moment_ns=best.moment_ns,
        offset_ns=best.offset_ns,
        bound_ns=best.round_trip_ns / 2,
        drift_ppm=drift_ppm,
        drift_error_ppm=error_ppm,
        drift_bound_ppm=_drift_bound(kept, drift_ppm),
        kept=len(kept),
        count=len(valid),
        span_s=(valid[-1].moment_ns - valid[0].moment_ns) / 1e9,
    )


def _regression(kept: Sequence[Exchange], best: Exchange) -> tuple[float, float | None]:
    """Return the slope of the offsets and half of its 95 % interval, in ppm."""
    if len(kept) < _LEAST_FOR_DRIFT:
        return 0.0, None
    # Relative to one of them: the difference of two large numbers would lose nanoseconds.
    moments = np.array([one.moment_ns - best.moment_ns for one in kept])
    offsets = np.array([one.offset_ns - best.offset_ns for one in kept])
    away = moments - moments.mean()
    spread = float(away @ away)
    if spread == 0:
        return 0.0, None
    slope = float(away @ offsets) / spread
    residuals = offsets - offsets.mean() - slope * away
    variance = float(residuals @ residuals) / (len(kept) - 2)
    return _PPM * slope, _PPM * _CONFIDENCE * float(np.sqrt(variance / spread))


def _drift_bound(kept: Sequence[Exchange], drift_ppm: float) -> float | None:
    """Return how far off the drift may be at most, in ppm.

    The offset of each exchange is known to half its round trip, so that the slope between two of
    them is known too; the pair counts that leaves least open.
    """
    bounds = []
    for first, last in combinations(kept, 2):
        span = last.moment_ns - first.moment_ns
        if span > 0:
            slope = _PPM * (last.offset_ns - first.offset_ns) / span
            unknown = _PPM * (first.round_trip_ns + last.round_trip_ns) / 2 / span
            bounds.append(abs(slope - drift_ppm) + unknown)
    return min(bounds, default=None)
