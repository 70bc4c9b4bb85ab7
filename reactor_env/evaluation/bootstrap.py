"""How sure a number is: percentile intervals from stratified resampling.

The method is that of Agarwal et al. (NeurIPS 2021, arXiv:2108.13264), section 4.1: in every
resampled table each task has as many runs as before, drawn with replacement from its own runs;
the interval is between two percentiles of what comes out. It covers the chance in the runs, not
that in the choice of the tasks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.evaluation.aggregates import Scores, as_scores

RESAMPLES = 10_000
CONFIDENCE = 0.95

Statistic = Callable[..., Any]
"""Takes one (..., runs, tasks) for each table of scores; returns (...) or (..., k)."""

_AT_ONCE = 1_000_000
"""Scores resampled at a time, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and its confidence interval."""

    value: float
    low: float
    high: float

    def text(self) -> str:
        """Return ``value [low, high]``, with three decimals below 10 and fewer above."""
        largest = max(abs(self.value), abs(self.low), abs(self.high))
        digits = max(3 - int(math.log10(max(largest, 1))), 0)
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers and their pointwise confidence intervals, (k,) float64 each."""

    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def interval(
    statistic: Statistic,
    *scores: Any,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Interval:
    """Compute a statistic of scores, and its confidence interval.

    Args:
        statistic: One of :mod:`~reactor_env.evaluation.aggregates`, for example.
        *scores: A table (runs, tasks), or (runs,) of one task, for each argument of the statistic;
            tables are resampled independently of each other.
        resamples: How many tables are drawn.
        confidence: Of the interval, between 0 and 1.
        seed: Of the draws: equal arguments give equal intervals.

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> interval(iqm, [0.1, 0.4, 0.5, 0.6, 0.9, 3.0], seed=1).value
        0.6
    """
    found = band(statistic, *scores, resamples=resamples, confidence=confidence, seed=seed)
    return Interval(float(found.values), float(found.low), float(found.high))


def band(
    statistic: Statistic,
    *scores: Any,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Band:
    """Compute a statistic that is several numbers; the arguments are those of :func:`interval`.

    Raises:
        ValueError: If an argument is out of range.
    """
    if resamples < 1:
        raise ValueError(f"`resamples` must be at least 1, got {resamples}")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be between 0 and 1, got {confidence}")
    tables = [as_scores(table) for table in scores]
    drawn = np.concatenate(
        [statistic(*parts) for parts in _resampled(tables, resamples, np.random.default_rng(seed))]
    )
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(drawn, (tail, 100 - tail), axis=0)
    return Band(np.asarray(statistic(*tables), np.float64), low, high)


def _resampled(
    tables: list[Scores], resamples: int, random: np.random.Generator
) -> Iterator[list[Scores]]:
    """Yield resampled tables, a number of them at a time: (number, runs, tasks) each."""
    at_once = max(_AT_ONCE // sum(table.size for table in tables), 1)
    for begin in range(0, resamples, at_once):
        number = min(at_once, resamples - begin)
        yield [
            np.take_along_axis(
                table[None], random.integers(len(table), size=(number, *table.shape)), axis=1
            )
            for table in tables
        ]
