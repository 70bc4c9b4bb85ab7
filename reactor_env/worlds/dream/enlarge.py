"""Enlarges 64x64 pictures to look at."""

from __future__ import annotations

import numpy as np

from reactor_env.worlds.dream.numpy_model import SIDE, Floats, Pixels


class Enlarger:
    """Enlarges by whole factors, with linear interpolation.

    Args:
        rows: Rows for one.
        columns: Columns for one.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self._down = _matrix(rows)
        self._across = _matrix(columns)

    def __call__(self, picture: Pixels) -> Pixels:
        """Return (64 * rows, 64 * columns, 3) uint8 for (64, 64, 3) uint8."""
        columns = picture.transpose(1, 0, 2).reshape(SIDE, -1).astype(np.float32)
        wide = (self._across @ columns).reshape(-1, SIDE, 3)
        rows = wide.transpose(1, 0, 2).reshape(SIDE, -1)
        return (self._down @ rows + 0.5).astype(np.uint8).reshape(len(self._down), -1, 3)


def _matrix(factor: int) -> Floats:
    """Return (64 * factor, 64) weights between pixel centres, the border pixels continued."""
    places = np.clip((np.arange(SIDE * factor) + 0.5) / factor - 0.5, 0, SIDE - 1)
    away = np.abs(places[:, None] - np.arange(SIDE))
    weights: Floats = np.maximum(0, 1 - away).astype(np.float32)
    return weights
