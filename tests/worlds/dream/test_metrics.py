from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.worlds.dream.metrics import auc, psnr, ssim


def noisy() -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.uint8]], ...]:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    b = np.clip(a.astype(int) + rng.integers(-20, 20, a.shape), 0, 255).astype(np.uint8)
    return a, b


def test_psnr_and_ssim_are_those_of_scikit_image() -> None:
    # structural_similarity(a, b, channel_axis=-1, data_range=255) and peak_signal_noise_ratio
    # of scikit-image 0.26 for these pictures.
    a, b = noisy()
    assert psnr(a, b) == pytest.approx([27.095341355, 27.066724229, 27.109686022])
    assert ssim(a, b) == pytest.approx([0.9883007223, 0.9882562763, 0.9883002267])


def test_equal_pictures_are_as_like_as_can_be() -> None:
    a, _ = noisy()
    assert ssim(a, a) == pytest.approx([1, 1, 1])
    assert np.isfinite(psnr(a, a)).all()
    assert (psnr(a, a) > 80).all()


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
