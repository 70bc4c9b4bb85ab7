"""How like two pictures are. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[Any]

_WINDOW = 7
_PEAK = 255
_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2


def psnr(shown: Pictures, real: Pictures) -> NDArray[np.float64]:
    """Return (N,) the peak signal-to-noise ratio in dB of (N, ...) uint8 pictures.

    Equal pictures count as if one value in a picture were off by one, not as infinitely good.
    """
    away = (shown.astype(np.float64) - real) ** 2
    error = away.reshape(len(away), -1).mean(1)
    return np.asarray(10 * np.log10(_PEAK**2 / np.maximum(error, 1 / real[0].size)))


def ssim(shown: Pictures, real: Pictures) -> NDArray[np.float64]:
    """Return (...) the structural similarity of (..., H, W) planes from 0 to 255.

    1 where equal, about 0 where they have nothing to do with each other. Wang et al. (2004), over
    7x7 windows of equal weight: what scikit-image calculates by default.
    """
    x, y = shown.astype(np.float64), real.astype(np.float64)
    mean_x, mean_y = _means(x), _means(y)
    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    var_x = sample * (_means(x * x) - mean_x**2)
    var_y = sample * (_means(y * y) - mean_y**2)
    both = sample * (_means(x * y) - mean_x * mean_y)
    alike = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    each = alike / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))
    return np.asarray(each.mean((-2, -1)))


def _means(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of all 7x7 windows that lie inside the planes."""
    for axis in (-2, -1):
        planes = np.lib.stride_tricks.sliding_window_view(planes, _WINDOW, axis).mean(-1)
    return planes
