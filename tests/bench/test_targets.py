from __future__ import annotations

import pytest

from reactor_env.bench.measures import MEASURES, Measures
from reactor_env.bench.network.conditions import Network
from reactor_env.bench.peers import OURS, SDK
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.targets import (
    LOSSY_TARGETS,
    LOST_TWICE_TARGETS,
    TARGETS,
    ratios,
    reached,
    targets_of,
)


def rounds(**measures: tuple[float, float]) -> list[dict[str, Measures]]:
    """Make three equal rounds of our value and the other's."""
    ours = {name: pair[0] for name, pair in measures.items()}
    other = {name: pair[1] for name, pair in measures.items()}
    return [{OURS: ours, SDK: other}] * 3


def test_every_target_is_about_a_measure() -> None:
    found = {target.measure for target in (*TARGETS, *LOSSY_TARGETS, *LOST_TWICE_TARGETS)}
    assert found <= set(MEASURES)


def test_what_is_promised_depends_on_the_network() -> None:
    assert targets_of(Scenario()) == TARGETS
    assert targets_of(Scenario(network=Network(loss=2, jitter_ms=20))) == LOSSY_TARGETS
    assert targets_of(Scenario(network=Network(lost_twice=True))) == LOST_TWICE_TARGETS
    assert targets_of(Scenario(pause_ms=200)) == ()


def test_of_a_time_that_is_promised_the_longest_of_all_rounds_counts() -> None:
    ours: list[dict[str, Measures]] = [{OURS: {"freeze_last_ms": ms}} for ms in (200, 301, 250)]
    found = {one.target.measure: one for one in reached(ours, LOST_TWICE_TARGETS)}
    last = found["freeze_last_ms"]
    assert last.estimate is not None
    assert (last.estimate.value, last.met) == (301, False)
    assert found["freeze_key_ms"].met is None


def test_a_ratio_is_taken_within_a_round() -> None:
    played: list[dict[str, Measures]] = [
        {OURS: {"emission_p50_ms": 10}, SDK: {"emission_p50_ms": 20}},
        {OURS: {"emission_p50_ms": 30}, SDK: {"emission_p50_ms": 100}},
        {OURS: {}, SDK: {"emission_p50_ms": 1}},
        {OURS: {"emission_p50_ms": 30}, SDK: {"emission_p50_ms": 0.0}},
    ]
    assert ratios(played, OURS, "emission_p50_ms") == pytest.approx([0.5, 0.3])


def test_a_target_is_met_up_to_its_bound() -> None:
    counted = {"delivered_percent": (100, 100), "repeated": (0, 0), "emitted": (90, 90)}
    found = {
        one.target.measure: one
        for one in reached(
            rounds(emission_p50_ms=(4, 10), action_p50_ms=(61, 100), lost=(0, 0), **counted)
        )
    }
    assert found["emission_p50_ms"].met is True
    assert found["action_p50_ms"].met is False
    assert found["action_p99_ms"].met is None
    assert found["repeated"].met is True


def test_what_is_counted_in_frames_is_of_all_rounds_together() -> None:
    ours: list[Measures] = [
        {"emitted": 1000, "lost": 2, "delivered_percent": 99.8, "repeated": 0},
        {"emitted": 3000, "lost": 1, "delivered_percent": 99.97, "repeated": 3},
    ]
    found = {one.target.measure: one for one in reached([{OURS: one} for one in ours])}
    delivered, repeated = found["delivered_percent"], found["repeated"]
    assert delivered.estimate is not None
    assert delivered.estimate.value == pytest.approx(99.925)
    assert delivered.met is True
    assert repeated.estimate is not None
    assert repeated.estimate.value == 3
    assert repeated.met is False
    assert delivered.as_dict()["promise"] == ">= 99.9"


def test_nothing_is_met_where_nothing_was_measured() -> None:
    assert [one.met for one in reached([])] == [None] * len(TARGETS)
