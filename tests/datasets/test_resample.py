from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reactor_env.datasets.resample import at_constant_rate, one_row_each

FPS = st.sampled_from([1.0, 12.5, 15.0, 30.0, 1000.0])
GAPS = st.lists(st.floats(0.0, 0.5, allow_nan=False), min_size=1, max_size=40)


def arrivals(gaps: list[float]) -> NDArray[np.float64]:
    return np.concatenate([[100.0], 100.0 + np.cumsum(gaps)])


def test_steps_of_equal_length_have_a_row_each() -> None:
    for fps in (15, 16, 24, 30, 48):
        grid = at_constant_rate(np.arange(11) / fps, fps)
        expected = one_row_each(10)
        np.testing.assert_array_equal(grid.step, expected.step)
        np.testing.assert_array_equal(grid.row_of_step, expected.row_of_step)


def test_a_step_that_took_twice_as_long_has_two_rows() -> None:
    grid = at_constant_rate(np.array([0.0, 0.1, 0.3, 0.4]), 10)
    assert grid.step.tolist() == [0, 1, 1, 2]
    assert grid.sums(np.array([1.0, 2.0, 4.0])).tolist() == [1.0, 0.0, 2.0, 4.0]


def test_steps_faster_than_the_rate_share_a_row_and_no_reward_is_lost() -> None:
    grid = at_constant_rate(np.array([0.0, 0.02, 0.04, 0.1, 0.2]), 10)
    assert grid.step.tolist() == [0, 3]
    assert grid.sums(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [7.0, 8.0]


def test_an_episode_shorter_than_a_row_has_one() -> None:
    grid = at_constant_rate(np.array([5.0, 5.0]), 30)
    assert grid.step.tolist() == [0]
    assert grid.sums(np.array([3.0])).tolist() == [3.0]


@given(GAPS, FPS)
def test_a_row_shows_the_newest_observation_there_was(gaps: list[float], fps: float) -> None:
    arrival = arrivals(gaps)
    grid = at_constant_rate(arrival, fps)
    slack = 2e-6 / fps
    for row, step in enumerate(grid.step):
        now = arrival[0] + row / fps
        assert arrival[step] <= now + slack
        if step + 1 < len(arrival) - 1:
            assert arrival[step + 1] > now - slack


@given(GAPS, FPS)
def test_rows_are_in_order_and_last_as_long_as_the_episode(gaps: list[float], fps: float) -> None:
    arrival = arrivals(gaps)
    grid = at_constant_rate(arrival, fps)
    assert np.all(np.diff(grid.step) >= 0)
    assert np.all(np.diff(grid.row_of_step) >= 0)
    lasts = arrival[-1] - arrival[0]
    assert abs(len(grid.step) / fps - max(lasts, 1 / fps)) <= 1 / fps + 1e-6


@given(GAPS, FPS)
def test_the_return_of_an_episode_stays_what_it_was(gaps: list[float], fps: float) -> None:
    rewards = np.arange(1.0, len(gaps) + 1)
    grid = at_constant_rate(arrivals(gaps), fps)
    assert grid.sums(rewards).sum() == rewards.sum()
