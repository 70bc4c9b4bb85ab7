from __future__ import annotations

import numpy as np
import pytest

from reactor_env.evaluation.aggregates import as_scores
from reactor_env.evaluation.bootstrap import Interval, interval
from reactor_env.evaluation.comparison import paired, probability_of_improvement
from tests.evaluation.diamond import diamond


def test_a_probability_of_improvement_is_that_of_rliable() -> None:
    scores = diamond()
    other = 0.9 * np.roll(scores, 1, axis=0)
    found = interval(probability_of_improvement, scores, other, resamples=2000)
    assert found.value == pytest.approx(0.695385, abs=1e-6)
    assert found.low == pytest.approx(0.6308, abs=0.01)
    assert found.high == pytest.approx(0.7662, abs=0.01)


def test_an_improvement_is_a_won_pair_and_half_of_an_equal_one() -> None:
    first, second = as_scores([1.0, 2.0]), as_scores([0.0, 1.0, 5.0])
    expected = (1 + 0.5 + 0 + 1 + 1 + 0) / 6
    assert probability_of_improvement(first, second) == pytest.approx(expected)


def test_agents_may_have_different_numbers_of_runs() -> None:
    found = interval(probability_of_improvement, [3.0, 4.0, 5.0], [1.0, 2.0])
    assert found == Interval(1.0, 1.0, 1.0)


def test_an_agent_is_no_improvement_over_itself() -> None:
    scores = as_scores(np.random.default_rng(0).normal(size=(7, 3)))
    assert probability_of_improvement(scores, scores) == pytest.approx(0.5)


def test_what_a_seed_does_to_both_agents_cancels_out() -> None:
    random = np.random.default_rng(0)
    easy = 10 * random.normal(size=50)
    found = paired(easy + 1 + 0.1 * random.normal(size=50), easy)
    apart = interval(probability_of_improvement, easy + 1, easy)
    assert 0.9 < found.difference.low < found.difference.high < 1.1
    assert found.win_rate == Interval(1.0, 1.0, 1.0)
    assert apart.low < 0.5


def test_wins_ties_and_losses_are_counted() -> None:
    found = paired([1, 1, 1, 0], [0, 1, 2, 0])
    assert (found.wins, found.ties, found.losses, found.pairs) == (1, 2, 1, 4)
    assert found.win_rate.value == 0.5
    assert found.difference.value == 0


def test_agents_on_different_seeds_are_not_paired() -> None:
    with pytest.raises(ValueError, match="`first` and `second` must have the same seeds"):
        paired([1.0], [1.0, 2.0])


def test_many_tables_at_once_are_each_by_itself() -> None:
    first, second = np.random.default_rng(0).integers(0, 3, (2, 4, 5, 2)).astype(float)
    each = [probability_of_improvement(*pair) for pair in zip(first, second, strict=True)]
    np.testing.assert_allclose(probability_of_improvement(first, second), each)
