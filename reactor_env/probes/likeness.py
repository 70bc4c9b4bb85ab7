"""How like two pictures are. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reactor_env.probes.motion import Luma

_WINDOW = 7
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
BEST_DB = 60.0
"""The peak signal-to-noise ratio that counts as equal."""


def psnr(one: Luma, other: Luma) -> float:
    """Return the peak signal-to-noise ratio of two (H, W) pictures in dB, at most 60."""
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return min(10 * float(np.log10(255**2 / max(error, 1e-12))), BEST_DB)


def ssim(one: Luma, other: Luma) -> float:
    """Return the structural similarity of two (H, W) pictures: 1 where equal, about 0 else.

    Wang et al. (2004), over 7x7 windows of equal weight.
    """
    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = _means(x), _means(y)
    sample = _WINDOW**2 / (_WINDOW**2 - 1)
    var_x = sample * (_means(x * x) - mean_x**2)
    var_y = sample * (_means(y * y) - mean_y**2)
    both = sample * (_means(x * y) - mean_x * mean_y)
    alike = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    return float((alike / ((mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2))).mean())


def contrast(picture: Luma) -> float:
    """Return the standard deviation of a picture's luma."""
    return float(picture.std())


def _means(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of every 7x7 window that lies within the picture."""
    sums = np.pad(picture, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w = _WINDOW
    inside = sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]
    return np.asarray(inside / w**2)
