"""What is behind the stamp of ``probe``: from trivial to unpredictable for a codec. Pure.

Everything that takes time is done once. A frame is then a window cut out of a large picture,
copied at the speed of memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reactor_env.world_options import Content

DIRECTIONS = 256
"""The action is one of as many directions, in which ``natural`` content moves."""

Pixels = NDArray[np.uint8]

_FLAT = (70, 84, 100)
_NATURAL_TILE, _NOISE_TILE = 1024, 512
_NOISE = 32
"""Gray levels around the middle, 2**5: as loud as can be sent. Of noise of the full range the
runtime's encoder drops three frames of four at 640x480, since no picture is coarse enough."""

_SPEED = 1 / 160
"""Widths of the picture per frame."""

_SEED = 20260101

# Where on a map which colour begins, by height: water, sand, grass, wood, rock, snow.
_MAP = (
    (0.00, (18, 42, 92)),
    (0.38, (44, 110, 158)),
    (0.46, (92, 168, 190)),
    (0.49, (222, 206, 156)),
    (0.53, (128, 164, 84)),
    (0.66, (56, 104, 58)),
    (0.78, (116, 104, 92)),
    (0.90, (236, 238, 242)),
    (1.00, (255, 255, 255)),
)


class Backdrop:
    """Draws the frames of one world, one after another.

    Args:
        content: What they show.
        width: Pixels across.
        height: Pixels down.
    """

    def __init__(self, content: Content, width: int, height: int) -> None:
        self._content = content
        self._speed = max(_SPEED * width, 1.0)
        self._size = (width, height)
        tile = _TILES[content]()
        self._period = tile.shape[0]
        self._plane = np.pad(tile, ((0, height), (0, width), (0, 0)), mode="wrap")
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Begin an episode: equal seeds and equal actions give equal pictures."""
        self._frame = 0
        self._x, self._y = np.random.default_rng(seed).uniform(0, self._period, 2).tolist()

    def draw(self, direction: int) -> Pixels:
        """Draw the next frame.

        Args:
            direction: Where the picture moves meanwhile, in 256ths of a full turn: 0 is to the
                right, 64 down.

        Returns:
            (H, W, 3) uint8 RGB, the caller's own.
        """
        self._frame += 1
        if self._content == "noise":
            return self._noise()
        angle = 2 * math.pi * direction / DIRECTIONS
        # The window moves against what is seen in it.
        self._x = (self._x - self._speed * math.cos(angle)) % self._period
        self._y = (self._y - self._speed * math.sin(angle)) % self._period
        return self._window(int(self._x), int(self._y)).copy()

    def _noise(self) -> Pixels:
        # The tile elsewhere, and with other bits flipped: a codec that found where each part of
        # the last frame has gone would gain nothing.
        window = self._window(int(self._x) + 211 * self._frame, int(self._y) + 119 * self._frame)
        return np.bitwise_xor(window, np.uint8(23 * self._frame % _NOISE))

    def _window(self, left: int, top: int) -> Pixels:
        width, height = self._size
        left, top = left % self._period, top % self._period
        return self._plane[top : top + height, left : left + width]


def _flat() -> Pixels:
    return np.full((1, 1, 3), _FLAT, np.uint8)


def _noise() -> Pixels:
    rng = np.random.default_rng(_SEED)
    low, high = 128 - _NOISE, 128 + _NOISE
    return rng.integers(low, high, (_NOISE_TILE, _NOISE_TILE, 3), np.uint8)


def _natural() -> Pixels:
    """Draw a map with light from one side: edges, textures and areas, as in a photograph."""
    heights = _heights(_NATURAL_TILE)
    stops = [stop for stop, _ in _MAP]
    colours = np.stack(
        [np.interp(heights, stops, [colour[i] for _, colour in _MAP]) for i in range(3)], axis=-1
    )
    slope = (np.roll(heights, 1, 0) - heights) + (np.roll(heights, 1, 1) - heights)
    water = heights < _MAP[3][0]
    light = 1 - np.where(water, 6.0, 22.0) * slope
    return np.clip(colours * light[..., None], 0, 255).astype(np.uint8)


def _heights(size: int) -> NDArray[np.float64]:
    """Return random ground, 0 to 1, that goes on at every edge where it ends at the other."""
    rng = np.random.default_rng(_SEED)
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.rfftfreq(size)[None, :]
    distance = np.hypot(fx, fy)
    distance[0, 0] = np.inf
    # No waves longer than an eighth of the tile, or a window may see nothing but water.
    strength = np.where(distance < 4 / size, 0.0, distance**-1.9)
    waves = strength * np.exp(2j * np.pi * rng.random(strength.shape))
    ground = np.fft.irfft2(waves, s=(size, size))
    ranks = np.argsort(np.argsort(ground, axis=None)).reshape(ground.shape) / (ground.size - 1)
    # By rank the levels of the map are even shares of it; half of it keeps the slopes smooth.
    spread = (ground - ground.min()) / np.ptp(ground)
    heights: NDArray[np.float64] = 0.6 * ranks + 0.4 * spread
    return heights


_TILES: dict[Content, Callable[[], Pixels]] = {
    "flat": _flat,
    "natural": _natural,
    "noise": _noise,
}
