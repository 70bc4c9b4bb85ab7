"""Percentiles of a set of measurements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Summary:
    """Count, mean and percentiles; in the unit of the measurements."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float
    max: float


def summarize(values: Iterable[float | None]) -> Summary | None:
    """Summarize measurements.

    Args:
        values: Measurements; ``None`` stands for a missing one and is left out.

    Returns:
        The summary, or ``None`` when there is nothing to summarize. Percentiles are NumPy's
        default (linear interpolation between closest ranks).
    """
    present = np.array([value for value in values if value is not None], dtype=np.float64)
    if not present.size:
        return None
    p50, p95, p99 = np.percentile(present, (50, 95, 99))
    return Summary(
        int(present.size),
        float(present.mean()),
        float(p50),
        float(p95),
        float(p99),
        float(present.max()),
    )
