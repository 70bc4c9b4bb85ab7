"""What share of the runs scores more than this or that."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.evaluation.aggregates import Scores
from reactor_env.evaluation.bootstrap import CONFIDENCE, Band, band

PROFILE_RESAMPLES = 2000


def performance_profile(
    scores: Any,
    thresholds: Any,
    *,
    resamples: int = PROFILE_RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> Band:
    """Compute a performance profile: for each threshold the share of all runs that score more.

    The score distribution of Agarwal et al. (NeurIPS 2021, arXiv:2108.13264), section 4.2. The
    intervals hold for each threshold by itself, not for the whole curve at once.

    Args:
        scores: (runs, tasks), or (runs,) of one task.
        thresholds: Scores, (k,); tau in the paper.
        resamples: How many tables are drawn.
        confidence: Of the intervals, between 0 and 1.
        seed: Of the draws.

    Returns:
        The shares, (k,).

    Raises:
        ValueError: If an argument is out of range.
    """
    taus = np.asarray(thresholds, np.float64)
    if taus.ndim != 1 or not taus.size:
        raise ValueError(f"`thresholds` must have shape (k,), k at least 1, got {taus.shape}")

    def shares(table: Scores) -> NDArray[np.float64]:
        return np.stack([(table > tau).mean((-2, -1)) for tau in taus], axis=-1)

    return band(shares, scores, resamples=resamples, confidence=confidence, seed=seed)
