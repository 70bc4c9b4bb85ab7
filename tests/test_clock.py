from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.clock import Clock, Ticker, as_clock, sleep_until

HZ = 10.0
PERIOD = 100_000_000


def ticker(elasticity: float = 1.0) -> Ticker:
    ticks = Ticker(Clock(HZ, elasticity))
    ticks.restart(0)
    return ticks


def test_the_first_tick_is_one_period_after_the_start() -> None:
    ticks = Ticker(Clock(HZ))
    ticks.restart(7)
    assert ticks.next(8).due_ns == 7 + PERIOD


def test_a_step_in_time_waits_for_the_next_tick_of_the_grid() -> None:
    ticks = ticker()
    due = [ticks.next(now).due_ns for now in (1, PERIOD + 90, 2 * PERIOD)]
    assert due == [PERIOD, 2 * PERIOD, 3 * PERIOD]
    assert ticks.missed == 0


def test_a_late_step_is_counted_and_caught_up() -> None:
    ticks = ticker()
    late = ticks.next(PERIOD + 1)
    assert (late.due_ns, late.missed) == (PERIOD, True)
    assert ticks.next(PERIOD + 2).due_ns == 2 * PERIOD
    assert ticks.missed == 1


def test_a_step_later_than_the_elasticity_begins_the_grid_anew() -> None:
    ticks = ticker()
    now = 2 * PERIOD + 1
    late = ticks.next(now)
    assert (late.due_ns, late.missed) == (now + PERIOD, True)
    assert ticks.next(now + PERIOD).due_ns == now + 2 * PERIOD


def test_without_elasticity_every_late_step_takes_a_whole_period() -> None:
    assert ticker(elasticity=0).next(PERIOD + 1).due_ns == 2 * PERIOD + 1


def test_another_episode_counts_from_zero() -> None:
    ticks = ticker()
    ticks.next(PERIOD + 1)
    ticks.restart(10 * PERIOD)
    assert ticks.missed == 0
    assert ticks.next(10 * PERIOD).due_ns == 11 * PERIOD


@given(st.floats(0.1, 1000), st.integers(1, 2000))
def test_the_grid_does_not_drift(hz: float, steps: int) -> None:
    ticks = Ticker(Clock(hz))
    ticks.restart(0)
    now = 0
    for _ in range(steps):
        now = ticks.next(now).due_ns
    assert abs(now - steps * 1e9 / hz) <= 0.5 + 1e-6 * now


@given(st.lists(st.integers(0, 5 * PERIOD), min_size=1, max_size=50), st.floats(0, 3))
def test_no_step_lasts_longer_than_a_period_from_when_it_begins(
    thinking: list[int], elasticity: float
) -> None:
    ticks, now = ticker(elasticity), 0
    for pause in thinking:
        now += pause
        tick = ticks.next(now)
        assert tick.due_ns <= now + PERIOD
        now = max(now, tick.due_ns)


def test_sleeping_ends_after_the_tick_and_not_before() -> None:
    due = time.monotonic_ns() + 20_000_000
    sleep_until(due)
    assert time.monotonic_ns() >= due
    sleep_until(due)  # it is over, and returns


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"hz": 0}, "`hz` must be a positive number, got 0"),
        ({"hz": float("nan")}, "`hz` must be a positive number, got nan"),
        ({"hz": float("inf")}, "`hz` must be a positive number, got inf"),
        ({"hz": "16"}, "`hz` must be a positive number, got '16'"),
        ({"hz": 16, "elasticity": -1}, "`elasticity` must be a number of periods, 0 or more"),
    ],
)
def test_a_wrong_number_is_named(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clock(**kwargs)


def test_a_clock_survives_json() -> None:
    clock = Clock(16, 2)
    assert as_clock(json.loads(json.dumps(asdict(clock)))) == clock
    assert as_clock({"hz": 5}) == Clock(5)


@pytest.mark.parametrize("given", [{}, {"hz": 5, "period": 1}, {"elasticity": 1}])
def test_a_mapping_that_is_no_clock_is_shown(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="a clock must have `hz` and may have `elasticity`, got"):
        as_clock(given)
