"""How like two pictures are, and how good a probability is. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.dream.numpy_model import Pixels

_WINDOW = 7
_C1, _C2 = 0.01**2, 0.03**2


def psnr(shown: Pixels, real: Pixels) -> NDArray[np.float64]:
    """Return (N,) the peak signal-to-noise ratio in dB of (N, H, W, 3) uint8 pictures.

    Equal pictures count as if one value in a picture were off by one, not as infinitely good.
    """
    away = (shown.astype(np.float64) - real) ** 2
    error = away.reshape(len(away), -1).mean(1)
    return np.asarray(10 * np.log10(255**2 / np.maximum(error, 1 / real[0].size)))


def ssim(shown: Pixels, real: Pixels) -> NDArray[np.float64]:
    """Return (N,) the structural similarity of (N, H, W, 3) uint8 pictures, 1 where equal.

    Wang et al. (2004), over 7x7 windows of equal weight, each channel by itself: what scikit-image
    calculates by default.
    """
    x, y = shown / 255, real / 255
    mean_x, mean_y = _means(x), _means(y)
    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    var_x = sample * (_means(x * x) - mean_x**2)
    var_y = sample * (_means(y * y) - mean_y**2)
    both = sample * (_means(x * y) - mean_x * mean_y)
    alike = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    each = alike / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))
    return np.asarray(each.reshape(len(each), -1).mean(1))


def auc(scores: NDArray[Any], positive: NDArray[np.bool_]) -> float:
    """Return how often a positive has a higher score than a negative; equal ones count half."""
    _, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]  # from 1, the mean one among equals
    ones = int(positive.sum())
    zeros = len(positive) - ones
    if not ones or not zeros:
        raise ValueError(f"`positive` must have both, got {ones} of {len(positive)}")
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _means(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of all 7x7 windows that lie inside the pictures."""
    for axis in (1, 2):
        x = np.lib.stride_tricks.sliding_window_view(x, _WINDOW, axis).mean(-1)
    return x
