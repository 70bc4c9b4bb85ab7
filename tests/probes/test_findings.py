from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.probes.findings import Finding, mean_curve, returned

LIKE = st.floats(-0.2, 1)


@given(LIKE, LIKE)
def test_how_far_something_came_back_is_between_0_and_1(start: float, away: float) -> None:
    assert 0 <= returned(start, away) <= 1


def test_coming_back_whole_is_1_and_staying_away_0() -> None:
    assert returned(1.0, 0.2) == 1
    assert returned(0.2, 0.2) == 0
    assert returned(0.6, 0.2) == pytest.approx(0.5)
    assert returned(0.1, 0.2) == 0


def test_the_mean_of_curves_is_as_long_as_the_shortest() -> None:
    assert mean_curve([[1.0, 0.5, 0.0], [0.5, 0.5]]) == (0.75, 0.5)
    assert mean_curve([]) == ()


def test_a_finding_without_values_has_no_mean() -> None:
    assert Finding("responds", "forward, onset", (), "ms", "lower", missing=3).mean is None
    assert Finding("responds", "forward", (1.0, 0.0)).mean == 0.5
