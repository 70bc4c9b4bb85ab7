"""How a picture moved from one frame to the next, as a whole. Pure.

The shift between two pictures is the peak of their phase correlation (Kuglin and Hines, 1975: "The
phase correlation image alignment method"), refined by a parabola through its neighbours. Halves of
the picture shift apart where the camera goes ahead, and together where it goes back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
"""A gray picture, (H, W) uint8."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How what is seen moved, in parts of the picture's width.

    Attributes:
        right: To the right; a camera that turns left sees this.
        down: Downwards; a camera that looks up sees this.
        apart: From the middle outwards; a camera that goes ahead sees this.
    """

    right: float
    down: float
    apart: float


def motion(before: Luma, after: Luma) -> Motion:
    """Return how a picture moved.

    Args:
        before: One picture.
        after: The next one, of the same size.

    Raises:
        ValueError: If they are not (H, W) pictures of one size, at least 16x16.
    """
    if before.shape != after.shape or before.ndim != 2 or min(before.shape) < 16:
        raise ValueError(
            f"pictures must be (H, W) of one size, at least 16x16, got {before.shape} and "
            f"{after.shape}"
        )
    height, width = before.shape
    right, down = _shift(before, after)
    left_half, _ = _shift(before[:, : width // 2], after[:, : width // 2])
    right_half, _ = _shift(before[:, width // 2 :], after[:, width // 2 :])
    _, upper = _shift(before[: height // 2], after[: height // 2])
    _, lower = _shift(before[height // 2 :], after[height // 2 :])
    apart = ((right_half - left_half) + (lower - upper)) / 4
    return Motion(right / width, down / width, apart / width)


def change(before: Luma, after: Luma) -> float:
    """Return the mean absolute difference of two pictures, 0 to 255."""
    return float(np.abs(before.astype(np.int16) - after).mean())


def _shift(before: Luma, after: Luma) -> tuple[float, float]:
    """Return by how many pixels a picture moved to the right and down."""
    height, width = before.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    first, second = (
        np.fft.rfft2((picture - picture.mean()) * window) for picture in (before, after)
    )
    cross = second * np.conj(first)
    # Noise has as much to say in every frequency; what is strong in neither says nothing.
    strength = np.abs(cross)
    surface = np.fft.irfft2(cross / (strength + 0.05 * strength.max() + 1e-9), s=before.shape)
    row, column = np.unravel_index(int(np.argmax(surface)), surface.shape)
    down = _refined(surface[:, column], int(row))
    right = _refined(surface[row, :], int(column))
    return right, down


def _refined(line: NDArray[np.float64], peak: int) -> float:
    """Return where the top of a parabola through a peak is; more than half way is backwards."""
    size = len(line)
    before, top, after = line[peak - 1], line[peak], line[(peak + 1) % size]
    bend = before - 2 * top + after
    place = peak + (0.5 * (before - after) / bend if bend < 0 else 0.0)
    return float(place - size if place > size / 2 else place)
