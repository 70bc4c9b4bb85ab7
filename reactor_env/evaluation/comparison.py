"""Which of two agents is better, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reactor_env.evaluation.aggregates import Scores, as_scores, mean
from reactor_env.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Interval, interval


def probability_of_improvement(first: Scores, second: Scores) -> Any:
    """Return how likely a run of one agent scores higher than one of another, mean over tasks.

    Agarwal et al. (NeurIPS 2021, arXiv:2108.13264), section 4.3: of all pairs of a run of the one
    and a run of the other on a task, the share that the first one wins, an equal pair counting
    half, which is the statistic of Mann and Whitney over the number of pairs. 0.5 when neither is
    better. Runs are taken as independent; for the same seeds :func:`paired` says more.

    Args:
        first: (..., runs, tasks).
        second: (..., runs of its own, tasks).
    """
    won = np.zeros((*second.shape[:-2], second.shape[-1]))
    for run in range(first.shape[-2]):  # all pairs at once would be too many
        one = first[..., run : run + 1, :]
        won += ((one > second) + 0.5 * (one == second)).mean(-2)
    return won.mean(-1) / first.shape[-2]


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """Two agents on the same seeds.

    Attributes:
        difference: Mean of first minus second, pair by pair.
        win_rate: Share of the pairs that the first one wins, an equal pair counting half.
        wins: Pairs in which the first one scores higher.
        ties: Pairs of equal scores.
        losses: Pairs in which the second one scores higher.
    """

    difference: Interval
    win_rate: Interval
    wins: int
    ties: int
    losses: int

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return self.wins + self.ties + self.losses


def paired(
    first: Any,
    second: Any,
    *,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> PairedComparison:
    """Compare two agents that played the same seeds.

    Pairs are resampled as pairs (the paired bootstrap: Efron and Tibshirani, "An Introduction to
    the Bootstrap", 1993, chapter 8), so that what a seed does to both cancels out.

    Args:
        first: Scores (runs, tasks), or (runs,) of one task.
        second: The other agent's, in the same order of seeds.
        resamples: How many tables are drawn.
        confidence: Of the intervals, between 0 and 1.
        seed: Of the draws.

    Raises:
        ValueError: If the shapes differ, or an argument is out of range.
    """
    one, other = as_scores(first), as_scores(second)
    if one.shape != other.shape:
        raise ValueError(
            f"`first` and `second` must have the same seeds, got {one.shape} and {other.shape} "
            "runs and tasks"
        )
    differences = one - other
    settings: dict[str, Any] = {"resamples": resamples, "confidence": confidence, "seed": seed}
    return PairedComparison(
        interval(mean, differences, **settings),
        interval(_won, differences, **settings),
        int((differences > 0).sum()),
        int((differences == 0).sum()),
        int((differences < 0).sum()),
    )


def _won(differences: Scores) -> Any:
    return ((differences > 0) + 0.5 * (differences == 0)).mean((-2, -1))
