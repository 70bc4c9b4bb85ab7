"""Two reports side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reactor_env.bench.measures import MEASURES
from reactor_env.bench.report import values_of
from reactor_env.bench.statistics import Estimate, change, estimate

Verdict = Literal["better", "worse", "same", "unclear"]

THRESHOLD = 0.10
"""A change of less than this share is none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one peer in one scenario.

    Attributes:
        scenario: Its name.
        peer: Its name.
        measure: Its name in :data:`~reactor_env.bench.measures.MEASURES`.
        old: The old median.
        new: The new one.
        ratio: New to old.
        verdict: ``"better"`` or ``"worse"`` where the change is larger than the threshold and its
            interval leaves no doubt of its direction, ``"same"`` where it is small, ``"unclear"``
            otherwise.
    """

    scenario: str
    peer: str
    measure: str
    old: Estimate
    new: Estimate
    ratio: Estimate
    verdict: Verdict


def compare(
    old: Mapping[str, Any], new: Mapping[str, Any], threshold: float = THRESHOLD
) -> list[Comparison]:
    """Compare what two reports have in common.

    Args:
        old: A report.
        new: Another one.
        threshold: The share by which a measure must change to be called better or worse.

    Returns:
        Every measure with a direction, of every peer and scenario that is in both.

    Raises:
        ValueError: If ``threshold`` is not positive.
    """
    if not threshold > 0:
        raise ValueError(f"`threshold` must be positive, got {threshold}")
    return list(_compared(old, new, threshold))


def _compared(
    old: Mapping[str, Any], new: Mapping[str, Any], threshold: float
) -> Iterator[Comparison]:
    earlier = {one["name"]: one for one in old["scenarios"]}
    for scenario in new["scenarios"]:
        before = earlier.get(scenario["name"])
        if before is None:
            continue
        for peer in scenario["peers"]:
            for name, measure in MEASURES.items():
                was, now = values_of(before, peer, name), values_of(scenario, peer, name)
                ratio, old_median, new_median = change(was, now), estimate(was), estimate(now)
                if measure.lower is None or ratio is None or old_median is None:
                    continue
                assert new_median is not None
                verdict = judge(ratio, measure.lower, threshold)
                yield Comparison(
                    scenario["name"], peer, name, old_median, new_median, ratio, verdict
                )


def judge(ratio: Estimate, lower_is_better: bool, threshold: float) -> Verdict:
    """Say what a ratio of new to old means.

    Args:
        ratio: The ratio.
        lower_is_better: Whether the measure should be small.
        threshold: The share by which it must differ.
    """
    if abs(ratio.value - 1) < threshold:
        return "same"
    if ratio.low <= 1 <= ratio.high:
        return "unclear"
    return "better" if (ratio.value < 1) == lower_is_better else "worse"
