"""How good a probability is. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def auc(scores: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """Return how often a positive has a higher score than a negative; equal ones count half."""
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]  # from 1, the mean one among equals
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        raise ValueError(f"`positive` must have both, got {ones} of {len(positive)}")
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))
