from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.evaluation.aggregates import iqm, mean, median, optimality_gap
from reactor_env.evaluation.bootstrap import Interval, interval
from tests.evaluation.diamond import MONTE_CARLO, diamond


@pytest.mark.parametrize(
    ("statistic", "value", "low", "high"),
    [
        (iqm, 0.640787, 0.578, 0.708),
        (mean, 1.459024, 1.3575, 1.5670),
        (median, 0.373414, 0.3092, 0.4904),
        (optimality_gap, 0.480196, 0.4646, 0.4962),
    ],
)
def test_an_aggregate_of_diamond_is_that_of_rliable(
    statistic: Any, value: float, low: float, high: float
) -> None:
    found = interval(statistic, diamond(), seed=1)
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.low == pytest.approx(low, abs=MONTE_CARLO)
    assert found.high == pytest.approx(high, abs=MONTE_CARLO)


def test_equal_seeds_give_equal_intervals_and_others_do_not() -> None:
    scores = np.random.default_rng(0).normal(size=30)
    assert interval(mean, scores, seed=3) == interval(mean, scores, seed=3)
    assert interval(mean, scores, seed=3) != interval(mean, scores, seed=4)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    scores = np.random.default_rng(0).normal(size=200)
    found = interval(mean, scores)
    half = 1.96 * scores.std() / np.sqrt(len(scores))
    assert found.low == pytest.approx(scores.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(scores.mean() + half, abs=0.1 * half)


def test_tasks_are_resampled_each_by_itself() -> None:
    apart = np.array([[0.0, 100.0]] * 5)
    assert interval(mean, apart) == Interval(50.0, 50.0, 50.0)


def test_more_scores_than_are_resampled_at_once_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scores = np.random.default_rng(0).normal(size=(10, 3))
    whole = interval(mean, scores)
    monkeypatch.setattr("reactor_env.evaluation.bootstrap._AT_ONCE", 100)
    parts = interval(mean, scores)
    assert parts.low == pytest.approx(whole.low, abs=0.02)
    assert parts.high == pytest.approx(whole.high, abs=0.02)


@pytest.mark.slow
def test_nearly_all_95_percent_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(0)
    rounds = 400
    found = [interval(mean, random.normal(size=40), resamples=1000) for _ in range(rounds)]
    held = sum(one.low <= 0 <= one.high for one in found) / rounds
    assert 0.90 < held < 0.98


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"resamples": 0}, "`resamples` must be at least 1, got 0"),
        ({"confidence": 1.0}, r"`confidence` must be between 0 and 1, got 1\.0"),
    ],
)
def test_settings_out_of_range_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        interval(mean, [1.0, 2.0], **arguments)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (Interval(0.641, 0.578, 0.708), "0.641 [0.578, 0.708]"),
        (Interval(-9.5, -9.9, -9.1), "-9.500 [-9.900, -9.100]"),
        (Interval(185.04, 126.33, 251.58), "185.0 [126.3, 251.6]"),
        (Interval(12345.6, 10000.0, 20000.0), "12346 [10000, 20000]"),
    ],
)
def test_an_interval_is_written_with_its_ends(found: Interval, text: str) -> None:
    assert found.text() == text
