"""One number for a table of scores.

Every function takes scores of shape (..., runs, tasks) and returns (...), so that a bootstrap
computes it for many resampled tables at once. The definitions are those of Agarwal et al., "Deep
Reinforcement Learning at the Edge of the Statistical Precipice" (NeurIPS 2021, arXiv:2108.13264),
section 4.3; scores of several tasks must be on one scale, as human-normalised Atari scores are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
"""(runs, tasks), or many of them: (..., runs, tasks)."""

Aggregate = Callable[[Scores], Any]
"""Takes (..., runs, tasks) and returns (...)."""

_TRIMMED = 0.25


def as_scores(scores: Any) -> Scores:
    """Return scores as a table.

    Args:
        scores: Numbers of shape (runs,), all of one task, or (runs, tasks).

    Returns:
        (runs, tasks) float64.

    Raises:
        ValueError: If they have another shape, there are none, or one is not finite.
    """
    table = np.asarray(scores, np.float64)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or not table.size:
        raise ValueError(
            "`scores` must have shape (runs,) or (runs, tasks), at least one of each, got "
            f"{np.shape(scores)}"
        )
    if not np.isfinite(table).all():
        raise ValueError("`scores` must be finite, got at least one that is not")
    return table


def mean(scores: Scores) -> Any:
    """Return the mean over runs and tasks."""
    return scores.mean((-2, -1))


def median(scores: Scores) -> Any:
    """Return the median over tasks of the mean over runs: of one task it is the mean."""
    return np.median(scores.mean(-2), -1)


def iqm(scores: Scores) -> Any:
    """Return the interquartile mean: of the middle half of all runs of all tasks.

    A quarter of the scores, rounded down, is left out at either end. Less moved by outliers than
    the mean, and by chance than the median.
    """
    flat = np.sort(scores.reshape(*scores.shape[:-2], -1), -1)
    cut = int(_TRIMMED * flat.shape[-1])
    return flat[..., cut : flat.shape[-1] - cut].mean(-1)


def optimality_gap(scores: Scores, target: float = 1.0) -> Any:
    """Return by how much the scores miss a target on average; those above it count as it.

    Args:
        scores: (..., runs, tasks).
        target: The score to be reached, gamma in the paper.
    """
    return target - np.minimum(scores, target).mean((-2, -1))
