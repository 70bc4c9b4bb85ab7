"""What the project promises of its client, and what was reached. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_env.bench.measures import MEASURES, Measures
from reactor_env.bench.network.conditions import PLACES
from reactor_env.bench.peers import OURS, SDK
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.statistics import Estimate, estimate

Rounds = Sequence[Mapping[str, Measures]]
"""The measures by peer, of each round."""


@dataclass(frozen=True, slots=True)
class Target:
    """One promise.

    Attributes:
        title: What it is about.
        measure: The name of the measure.
        bound: The value it promises.
        relative: Whether that is relative to ``reactor-sdk`` in the same round.
        least: Whether the bound is the least value, not the greatest.
    """

    title: str
    measure: str
    bound: float
    relative: bool = True
    least: bool = False

    @property
    def promise(self) -> str:
        """The bound as it is read."""
        return f"{'>=' if self.least else '<='} {self.bound:g}"


TARGETS = (
    Target("emission to observation, p50", "emission_p50_ms", 0.40),
    Target("emission to observation, p99", "emission_p99_ms", 0.55),
    Target("action to frame, p50", "action_p50_ms", 0.60),
    Target("action to frame, p99", "action_p99_ms", 0.70),
    Target("CPU per observation, 84x84", "cpu_small_ms", 0.5),
    Target("CPU per observation, full size", "cpu_full_ms", 0.7),
    Target("delivered of emitted, %", "delivered_percent", 99.9, relative=False, least=True),
    Target("frames repeated", "repeated", 0, relative=False),
    Target("connect to first frame", "first_frame_ms", 1.2),
)
"""Of a stream over loopback. Ratios are this package over aiortc to ``reactor-sdk``."""

LOSSY_TARGETS = (
    Target("action to frame, p99", "action_p99_ms", 1.0),
    Target("longest freeze", "longest_gap_ms", 1.0),
)
"""Of a stream over a network that loses or delays."""

LOST_TWICE_TARGETS = tuple(
    Target(f"{MEASURES[f'freeze_{place}_ms'].title}, ms", f"freeze_{place}_ms", 300, relative=False)
    for place in PLACES
)
"""Of one packet lost with every retransmission of it."""


def targets_of(scenario: Scenario) -> tuple[Target, ...]:
    """Return what is promised of a scenario."""
    if scenario.pause_ms:
        return ()
    if scenario.network.lost_twice:
        return LOST_TWICE_TARGETS
    return LOSSY_TARGETS if scenario.network.impaired else TARGETS


@dataclass(frozen=True, slots=True)
class Reached:
    """What came of a target.

    Attributes:
        target: The target.
        estimate: The value; ``None`` where it was not measured.
    """

    target: Target
    estimate: Estimate | None

    @property
    def met(self) -> bool | None:
        """Whether the value keeps the promise; ``None`` where there is none."""
        if self.estimate is None:
            return None
        value, bound = self.estimate.value, self.target.bound
        return value >= bound if self.target.least else value <= bound

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "title": self.target.title,
            "promise": self.target.promise,
            "relative": self.target.relative,
            "reached": None if self.estimate is None else self.estimate.as_dict(),
            "met": self.met,
        }


def reached(rounds: Rounds, targets: Sequence[Target] = TARGETS) -> list[Reached]:
    """Compare what was measured with every target.

    What is counted in frames is of all rounds together, a time in milliseconds the longest of any
    round, everything else the median over rounds.

    Args:
        rounds: The measures.
        targets: The targets.
    """
    return [Reached(target, _estimate(target, rounds)) for target in targets]


def ratios(rounds: Rounds, peer: str, measure: str, reference: str = SDK) -> list[float]:
    """Return a measure of a peer relative to another's in the same round.

    Rounds in which one of them has no value, or the reference a zero, are left out.
    """
    pairs = [
        (one.get(peer, {}).get(measure), one.get(reference, {}).get(measure)) for one in rounds
    ]
    return [own / other for own, other in pairs if own is not None and other]


def _estimate(target: Target, rounds: Rounds) -> Estimate | None:
    own = [one[OURS] for one in rounds if one.get(OURS)]
    if target.relative:
        return estimate(ratios(rounds, OURS, target.measure))
    values = [one[target.measure] for one in own if target.measure in one]
    found = estimate(values)
    if found is None:
        return None
    if target.measure.endswith("_ms"):
        # A promise about the worst case.
        return Estimate(max(values), min(values), max(values), found.count)
    if target.measure == "delivered_percent":
        emitted = sum(one["emitted"] for one in own)
        total = 100 * (1 - sum(one["lost"] for one in own) / emitted)
    else:
        total = float(sum(values))
    return Estimate(total, min(values), max(values), found.count)
