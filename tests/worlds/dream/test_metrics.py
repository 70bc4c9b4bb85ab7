from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.worlds.dream.metrics import auc


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auc_is_the_chance_that_a_positive_scores_higher(pairs: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in pairs])
    positive = np.array([label for _, label in pairs])
    if positive.all() or not positive.any():
        with pytest.raises(ValueError, match="`positive` must have both, got"):
            auc(scores, positive)
        return
    wins = [
        1.0 if one > zero else 0.5 if one == zero else 0.0
        for one in scores[positive]
        for zero in scores[~positive]
    ]
    assert auc(scores, positive) == pytest.approx(np.mean(wins))
