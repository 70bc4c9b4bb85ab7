from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.latency import Summary, summarize


def test_a_summary_has_the_known_percentiles() -> None:
    # 0 to 100: a percentile is its own value.
    assert summarize(range(101)) == Summary(101, 50.0, 50.0, 95.0, 99.0, 100.0)


def test_percentiles_lie_between_two_measurements() -> None:
    summary = summarize([10.0, 20.0])
    assert summary is not None
    assert (summary.p50, summary.p95) == (15.0, 19.5)


def test_a_single_measurement_is_every_percentile() -> None:
    assert summarize([7.0]) == Summary(1, 7.0, 7.0, 7.0, 7.0, 7.0)


def test_missing_measurements_are_left_out() -> None:
    assert summarize([None, 1.0, None, 3.0]) == summarize([1.0, 3.0])


@pytest.mark.parametrize("values", [[], [None, None]])
def test_nothing_to_summarize_is_none(values: list[float | None]) -> None:
    assert summarize(values) is None


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_never_fall_and_end_at_the_greatest(values: list[float]) -> None:
    summary = summarize(values)
    assert summary is not None
    assert summary.count == len(values)
    assert min(values) <= summary.p50 <= summary.p95 <= summary.p99 <= summary.max == max(values)


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_the_order_of_measurements_does_not_matter(values: list[float]) -> None:
    backwards, forwards = summarize(values[::-1]), summarize(values)
    assert backwards is not None
    assert forwards is not None
    assert (backwards.p50, backwards.p99) == (forwards.p50, forwards.p99)
