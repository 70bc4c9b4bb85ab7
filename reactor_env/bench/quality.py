"""How good a decoded picture of ``probe`` is, beside what the world drew. Pure."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.latency.stamp import band_height
from reactor_env.world_options import Content
from reactor_env.worlds.probe.content import Backdrop

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

MEASURABLE: tuple[Content, ...] = ("natural", "flat")
"""The contents whose pictures are known: of noise it is not known where a picture was cut."""

_TILE = 1024
"""Pixels after which ``natural`` content repeats itself, each way."""
_PROBE = 256
"""Pixels of the piece by which the place is found, at most, each way."""
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_PEAK = 255.0
_BEST_DB = 100.0
"""Told of a picture without any error, which has no logarithm."""


def psnr_db(picture: Pixels, content: Content) -> float | None:
    """Return the peak signal-to-noise ratio of a picture's luma, below its stamp.

    ``natural`` content is a window of a picture that is known; where it was cut out is found by
    correlation, so that nothing need be known of the frames before.

    Args:
        picture: (H, W, 3) uint8 RGB, as it was decoded, of the size it was made with.
        content: What it shows.

    Returns:
        Decibels; ``None`` for content that is not in :data:`MEASURABLE`.
    """
    if content not in MEASURABLE:
        return None
    height, width = picture.shape[:2]
    top = band_height(width, height)
    seen = _luma(picture[top:])
    tile = _tile(content)
    if content == "natural":
        left, above = _place(seen, tile)
        tile = np.roll(tile, (-above, -left), (0, 1))
    made = np.take(tile, np.arange(seen.shape[0]), 0, mode="wrap")
    made = np.take(made, np.arange(width), 1, mode="wrap")
    error = float(np.square(seen - made).mean())
    return 10 * float(np.log10(_PEAK**2 / error)) if error > 0 else _BEST_DB


def _place(seen: Plane, tile: Plane) -> tuple[int, int]:
    """Return column and row of the tile where a picture's first pixel is."""
    rows, columns = (min(side, _PROBE) for side in seen.shape)
    piece = np.zeros_like(tile)
    piece[:rows, :columns] = seen[:rows, :columns] - seen[:rows, :columns].mean()
    mask = np.zeros_like(tile)
    mask[:rows, :columns] = 1
    # Least squares over all places at once: |window|^2 - 2 window . piece, by Fourier transforms;
    # each window less its own mean.
    whole = np.fft.rfft2(tile)
    over = np.conj(np.fft.rfft2(mask))
    products = np.fft.irfft2(whole * np.conj(np.fft.rfft2(piece)), tile.shape)
    sums = np.fft.irfft2(whole * over, tile.shape)
    squares = np.fft.irfft2(np.fft.rfft2(tile**2) * over, tile.shape)
    errors = squares - sums**2 / (rows * columns) - 2 * products
    row, column = np.unravel_index(int(np.argmin(errors)), errors.shape)
    return int(column), int(row)


def _luma(picture: NDArray[Any]) -> Plane:
    return np.asarray(picture.astype(np.float32) @ _LUMA, np.float32)


@functools.cache
def _tile(content: Content) -> Plane:
    # A window as large as the tile is all of it, from anywhere.
    return _luma(Backdrop(content, _TILE, _TILE).draw(0))
