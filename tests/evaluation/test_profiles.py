from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.evaluation.profiles import performance_profile
from tests.evaluation.diamond import diamond


def test_a_performance_profile_is_that_of_rliable() -> None:
    found = performance_profile(diamond(), np.linspace(0, 2, 5))
    np.testing.assert_allclose(
        found.values, [0.969231, 0.461538, 0.423077, 0.284615, 0.246154], atol=1e-6
    )
    np.testing.assert_allclose(found.low, [0.9462, 0.4460, 0.4000, 0.2538, 0.2231], atol=0.01)
    np.testing.assert_allclose(found.high, [0.9923, 0.4769, 0.4462, 0.3077, 0.2692], atol=0.01)


def test_a_profile_falls_from_one_to_nothing() -> None:
    scores = np.random.default_rng(0).normal(size=20)
    found = performance_profile(scores, np.linspace(-5, 5, 21))
    assert np.all(np.diff(found.values) <= 0)
    assert found.values[0] == 1
    assert found.values[-1] == 0
    assert np.all((found.low <= found.values) & (found.values <= found.high))


@pytest.mark.parametrize("thresholds", [[], 1.0, [[1.0]]])
def test_thresholds_of_another_shape_are_refused(thresholds: Any) -> None:
    with pytest.raises(ValueError, match=r"`thresholds` must have shape \(k,\)"):
        performance_profile([1.0], thresholds)
