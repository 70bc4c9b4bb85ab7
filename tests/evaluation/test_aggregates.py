from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray

from reactor_env.evaluation.aggregates import as_scores, iqm, mean, median, optimality_gap


def test_the_iqm_leaves_out_a_quarter_at_either_end() -> None:
    assert iqm(as_scores([100, 1, 2, 3, 4, 5, 6, -100])) == (2 + 3 + 4 + 5) / 4


def test_the_iqm_of_three_is_their_mean() -> None:
    assert iqm(as_scores([0, 0, 9])) == 3


def test_the_optimality_gap_counts_no_score_above_the_target() -> None:
    assert optimality_gap(as_scores([0.5, 3.0]), 1.0) == 0.25
    assert optimality_gap(as_scores([0.5, 3.0]), 4.0) == 2.25


tables = st_numpy.arrays(
    np.float64, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=st.floats(-10, 10)
)


@given(tables)
def test_every_aggregate_is_between_the_extremes(table: NDArray[np.float64]) -> None:
    for statistic in (mean, median, iqm):
        assert table.min() - 1e-9 <= statistic(table) <= table.max() + 1e-9


@given(tables)
def test_many_tables_at_once_are_each_by_itself(table: NDArray[np.float64]) -> None:
    many = np.stack([table, table[::-1] + 1, 2 * table])
    for statistic in (mean, median, iqm, optimality_gap):
        np.testing.assert_allclose(statistic(many), [statistic(one) for one in many])


@pytest.mark.parametrize("scores", [[], 3.0, np.zeros((2, 2, 2)), np.zeros((0, 3))])
def test_scores_of_another_shape_are_refused(scores: Any) -> None:
    with pytest.raises(ValueError, match=r"`scores` must have shape \(runs,\) or \(runs, tasks\)"):
        as_scores(scores)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="`scores` must be finite"):
        as_scores([1.0, bad])
