"""What a probe found. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

NO_MOTION = "no_motion"
"""Nothing moved, so that coming back was no achievement: it counts as 0."""

WRONG_WAY = "wrong_way"
"""The picture moved, but not as the action's name says."""

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One number about a world, measured several times.

    Attributes:
        probe: Which probe.
        about: Which action or measure.
        values: One for each repeat in which it could be measured.
        unit: ``"score"`` from 0 to 1, ``"ms"``, ``"frames"``, ``"fps"``, or ``"ratio"``.
        better: Whether higher or lower values are better.
        flags: What went wrong, and in how many repeats.
        curve: The mean course over the frames of a repeat, where there is one.
        missing: In how many repeats it could not be measured.
    """

    probe: str
    about: str
    values: tuple[float, ...]
    unit: str = "score"
    better: Better = "higher"
    flags: Mapping[str, int] = field(default_factory=dict)
    curve: tuple[float, ...] = ()
    missing: int = 0

    @property
    def mean(self) -> float | None:
        """The mean of the values."""
        return sum(self.values) / len(self.values) if self.values else None

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "probe": self.probe,
            "about": self.about,
            "unit": self.unit,
            "better": self.better,
            "values": [round(value, 5) for value in self.values],
            "missing": self.missing,
            "flags": dict(self.flags),
            "curve": [round(value, 4) for value in self.curve],
        }


def mean_curve(curves: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the mean of curves, as far as the shortest goes."""
    shortest = min((len(curve) for curve in curves), default=0)
    return tuple(sum(curve[index] for curve in curves) / len(curves) for index in range(shortest))


def returned(at_start: float, away: float) -> float:
    """Score how far something came back: 1 all the way, 0 as far as it was when it was away.

    Args:
        at_start: How like the end is to the start, 1 where equal.
        away: How like what was seen in between is to the start.
    """
    return min(max((at_start - away) / max(1.0 - away, 1e-9), 0.0), 1.0)
