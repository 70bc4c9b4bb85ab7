"""The data of a report, from what was measured. Pure; ``docs/benchmarks.md`` has the schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from reactor_env.bench.measures import MEASURES, Measures
from reactor_env.bench.peers import OURS, SDK
from reactor_env.bench.results import Round, ScenarioResults, Turnout
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.series import Series
from reactor_env.bench.statistics import Estimate, estimate
from reactor_env.bench.targets import ratios, reached, targets_of

KIND = "stream"
SCHEMA_VERSION = 1

Document = dict[str, Any]


def document(
    head: Mapping[str, Any],
    results: Sequence[ScenarioResults],
    series: Mapping[str, Mapping[str, Series]],
    stages: Mapping[str, Mapping[str, Any]],
) -> Document:
    """Return the report's data.

    Args:
        head: What every report begins with (:func:`~reactor_env.latency.report.report_head`).
        results: What was measured.
        series: The values behind it, by scenario and peer.
        stages: Of each scenario's traced turn, if there was one: ``parts`` by name in ms,
            ``sum_ms``, ``whole_ms`` and ``rest_ms``.
    """
    return {
        **head,
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "scenarios": [
            _scenario(one, series.get(one.scenario.name, {}), stages.get(one.scenario.name))
            for one in results
        ],
    }


def check_document(found: Mapping[str, Any], where: str) -> None:
    """Make sure that a document is such a report, of a version that is known.

    Args:
        found: What was read.
        where: Names it, for the error.

    Raises:
        ValueError: If it is something else.
    """
    kind, version = found.get("kind"), found.get("schema_version")
    if (kind, version) != (KIND, SCHEMA_VERSION) or not isinstance(found.get("scenarios"), list):
        raise ValueError(
            f"{where} must be a report of kind {KIND!r} and schema_version {SCHEMA_VERSION}, "
            f"got {kind!r} and {version!r}"
        )


def values_of(scenario: Mapping[str, Any], peer: str, measure: str) -> list[float]:
    """Return the values of a measure, one for each round that has it."""
    turns = (one["turns"].get(peer, {}) for one in scenario["rounds"])
    found = (turn.get("measures", {}).get(measure) for turn in turns)
    return [value for value in found if value is not None]


def failures(scenario: Mapping[str, Any]) -> list[str]:
    """Return what went wrong in a scenario, a line for each turn that failed."""
    turns = [
        (f"round {number}, {peer}", turn)
        for number, one in enumerate(scenario["rounds"], 1)
        for peer, turn in one["turns"].items()
    ]
    if scenario["traced"] is not None:
        turns.append(("the traced turn", scenario["traced"]))
    return [f"{what}: {turn['error']}" for what, turn in turns if turn["error"] is not None]


def _scenario(
    results: ScenarioResults, series: Mapping[str, Series], stages: Mapping[str, Any] | None
) -> Document:
    rounds = [{peer: turn.measures for peer, turn in one.turns.items()} for one in results.rounds]
    peers = results.rounds[0].order if results.rounds else ()
    return {
        "name": results.scenario.name,
        "scenario": results.scenario.as_dict(),
        "peers": {
            peer: _peer(peer, [one.turns[peer] for one in results.rounds], rounds, series)
            for peer in peers
        },
        "targets": _targets(results.scenario, rounds) if {OURS, SDK} <= {*peers} else [],
        "stages": dict(stages) if stages else None,
        "clocks": {peer: found for peer in peers if (found := _clocks(peer, rounds))},
        "traced": asdict(results.traced) if results.traced is not None else None,
        "rounds": [_round(one) for one in results.rounds],
    }


def _targets(scenario: Scenario, rounds: Sequence[Mapping[str, Measures]]) -> list[Document]:
    return [one.as_dict() for one in reached(rounds, targets_of(scenario))]


def _peer(
    peer: str,
    turns: Sequence[Turnout],
    rounds: Sequence[Mapping[str, Measures]],
    series: Mapping[str, Series],
) -> Document:
    return {
        "codecs": sorted({turn.codec for turn in turns if turn.error is None}),
        "failed": sum(turn.error is not None for turn in turns),
        "measures": _estimates(
            (name, estimate([turn.measures[name] for turn in turns if name in turn.measures]))
            for name in MEASURES
        ),
        "pooled": series[peer].extremes() if peer in series else {},
        "to_reactor_sdk": _estimates(
            (name, estimate(ratios(rounds, peer, name)))
            for name, measure in MEASURES.items()
            if peer != SDK and measure.unit == "ms"
        ),
        "phases": _estimates(
            (name, estimate([turn.phases[name] for turn in turns if name in turn.phases]))
            for name in dict.fromkeys(name for turn in turns for name in turn.phases)
        ),
    }


def _clocks(peer: str, rounds: Sequence[Mapping[str, Measures]]) -> Document:
    """Return in how many rounds the exchange of clocks has the truth, which is one clock."""
    turns = [one[peer] for one in rounds if "clock_offset_ms" in one.get(peer, {})]
    holds = sum(abs(turn["clock_offset_ms"]) <= turn["clock_bound_ms"] for turn in turns)
    return {"rounds": len(turns), "holds": holds} if turns else {}


def _estimates(pairs: Iterable[tuple[str, Estimate | None]]) -> dict[str, dict[str, float]]:
    return {name: found.as_dict() for name, found in pairs if found is not None}


def _round(one: Round) -> Document:
    return {
        "gate": asdict(one.gate),
        "order": list(one.order),
        "turns": {peer: asdict(turn) for peer, turn in one.turns.items()},
    }
