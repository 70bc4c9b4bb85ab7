"""Medians over rounds, with bootstrap intervals. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
_SEED = 7


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median with its interval.

    Attributes:
        value: The median.
        low: Lower end of the 95 % interval, by the percentile bootstrap.
        high: Upper end.
        count: Of how many values.
    """

    value: float
    low: float
    high: float
    count: int

    def as_dict(self) -> dict[str, float]:
        """Return it for JSON."""
        return asdict(self)


def estimate(values: Sequence[float]) -> Estimate | None:
    """Return the median of a round's values and how sure it is.

    Args:
        values: One for each round. Of five rounds the interval is about their range, and cannot be
            narrower: there is no more in five values.

    Returns:
        The estimate; ``None`` of nothing.
    """
    if not values:
        return None
    low, high = np.percentile(_medians(values, _SEED), (2.5, 97.5))
    return Estimate(float(np.median(values)), float(low), float(high), len(values))


def change(old: Sequence[float], new: Sequence[float]) -> Estimate | None:
    """Return the ratio of two medians, new to old, of rounds that were not played together.

    Returns:
        The estimate; ``None`` where one of them has no values, or has zeros among the old.
    """
    if not old or not new or min(old) <= 0:
        return None
    ratios = _medians(new, _SEED) / _medians(old, _SEED + 1)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return Estimate(
        float(np.median(new) / np.median(old)), float(low), float(high), min(len(old), len(new))
    )


def _medians(values: Sequence[float], seed: int) -> NDArray[np.float64]:
    """Return the medians of resamples."""
    array = np.asarray(values, np.float64)
    chosen = np.random.default_rng(seed).integers(0, array.size, (RESAMPLES, array.size))
    medians: NDArray[np.float64] = np.median(array[chosen], axis=1)
    return medians
