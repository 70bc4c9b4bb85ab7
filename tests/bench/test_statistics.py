from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.statistics import change, estimate

VALUES = st.lists(st.floats(0.1, 1e6), min_size=1, max_size=12)


@given(VALUES)
def test_a_median_lies_within_its_interval_and_that_within_the_values(
    values: list[float],
) -> None:
    found = estimate(values)
    assert found is not None
    assert found.value == pytest.approx(np.median(values))
    assert min(values) <= found.low <= found.value * (1 + 1e-12)
    assert found.value * (1 - 1e-12) <= found.high <= max(values)
    assert found.count == len(values)


def test_the_same_values_give_the_same_interval() -> None:
    assert estimate([3.0, 1.0, 2.0]) == estimate([3.0, 1.0, 2.0])


def test_an_interval_covers_the_true_median_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        found = estimate(random.normal(50, 5, 15).tolist())
        assert found is not None
        hits += found.low <= 50 <= found.high
    assert 175 <= hits <= 199


def test_there_is_no_estimate_of_nothing() -> None:
    assert estimate([]) is None
    assert change([], [1.0]) is None
    assert change([1.0], []) is None


@given(VALUES, st.floats(0.1, 10))
def test_a_change_is_the_ratio_of_the_medians(values: list[float], factor: float) -> None:
    found = change(values, [factor * value for value in values])
    assert found is not None
    assert found.value == pytest.approx(factor)
    assert found.low <= found.value * (1 + 1e-9)
    assert found.high >= found.value * (1 - 1e-9)


def test_nothing_is_relative_to_zero() -> None:
    assert change([0.0, 1.0], [1.0, 1.0]) is None
