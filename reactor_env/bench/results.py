"""What was measured, as it comes: scenario by scenario, round by round, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass, field

from reactor_env.bench.machine import Gate
from reactor_env.bench.measures import Measures
from reactor_env.bench.scenario import Scenario


@dataclass(kw_only=True)
class Turnout:
    """One turn.

    Attributes:
        measures: What was measured; nothing where it failed.
        codec: The video codec of the connection, as the runtime answered.
        phases: Of connecting, in ms, as far as the client tells them.
        trace: The file of its trace.
        error: Why it failed, ``None`` where it did not.
    """

    measures: Measures = field(default_factory=dict)
    codec: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    trace: str = ""
    error: str | None = None


@dataclass
class Round:
    """One turn of each peer.

    Attributes:
        gate: How quiet the machine was before.
        order: The peers in their order.
        turns: By peer.
    """

    gate: Gate
    order: tuple[str, ...]
    turns: dict[str, Turnout] = field(default_factory=dict)


@dataclass
class ScenarioResults:
    """All turns of a scenario.

    Attributes:
        scenario: The scenario.
        rounds: Its rounds.
        traced: The turn that traced the stages of this package's frames, if there was one.
    """

    scenario: Scenario
    rounds: list[Round] = field(default_factory=list)
    traced: Turnout | None = None
