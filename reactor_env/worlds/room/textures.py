"""What the walls, the floor and the ceiling of the room are covered with. Pure."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.room.geometry import SIZE

TEXELS = 64
"""Across and down each texture, which covers one cell."""

FACES = 4 * SIZE * SIZE
"""Sides of cells: four for each, west, east, north, south, of cell ``y * SIZE + x``."""

Texture = NDArray[np.float32]

_SEED = 20260202
_HANGING = 0.4
_POSTERS = 12


@dataclass(frozen=True, slots=True)
class Faces:
    """What covers each side of each cell.

    Attributes:
        material: (FACES,) which of :data:`MATERIALS`.
        poster: (FACES,) which of :data:`POSTERS`; 0 is none.
        tint: (FACES, 3) what the material's brightness is multiplied with, 0 to 1.
    """

    material: NDArray[np.intp]
    poster: NDArray[np.intp]
    tint: NDArray[np.float32]


def faces(seed: int, version: int) -> Faces:
    """Return what covers the walls.

    Args:
        seed: Of the room.
        version: 0 as it is; others are what the same walls might look like as well.
    """
    rng = np.random.default_rng([seed, 2, version])
    cells = np.arange(SIZE) + 0.5 - SIZE / 2
    # Walls in one direction from the middle have similar colours, all around those of a rainbow.
    around = np.arctan2(cells[:, None], cells[None, :]) / (2 * np.pi)
    base = rng.random()
    hues = np.repeat(around.ravel(), 4) + base + rng.uniform(-0.05, 0.05, FACES)
    values = rng.uniform(0.75, 1.0, FACES)
    tint = [
        colorsys.hsv_to_rgb(hue % 1, 0.42, value) for hue, value in zip(hues, values, strict=True)
    ]
    hung = rng.random(FACES) < _HANGING
    return Faces(
        material=rng.integers(0, len(MATERIALS), FACES),
        poster=np.where(hung, rng.integers(1, _POSTERS + 1, FACES), 0),
        tint=np.array(tint, np.float32),
    )


def _grain(rng: np.random.Generator, amount: float, squeeze: int = 1) -> Texture:
    """Return noise around 1; squeezed, it runs along the rows."""
    fine = rng.normal(1, amount, (TEXELS, TEXELS // squeeze))
    coarse = rng.normal(0, amount, (TEXELS // 8, TEXELS // 8 // squeeze))
    return (fine + np.kron(coarse, np.ones((8, 8)))).repeat(squeeze, axis=1).astype(np.float32)


def _bricks(rng: np.random.Generator) -> Texture:
    texture = np.empty((TEXELS, TEXELS), np.float32)
    high, wide = TEXELS // 8, TEXELS // 4
    for row in range(8):
        shift = wide // 2 * (row % 2)
        for column in range(4):
            across = (np.arange(wide) + column * wide + shift) % TEXELS
            texture[row * high : (row + 1) * high, across] = rng.uniform(150, 205)
        joints = (np.arange(4) * wide + shift) % TEXELS
        texture[row * high : (row + 1) * high, joints] = 95
        texture[row * high] = 95
    return texture * _grain(rng, 0.04)


def _planks(rng: np.random.Generator) -> Texture:
    boards = rng.uniform(140, 210, 8).astype(np.float32).repeat(TEXELS // 8)
    texture = boards[:, None] * _grain(rng, 0.05, squeeze=8)
    texture[:: TEXELS // 8] = 90
    return texture


def _plaster(rng: np.random.Generator) -> Texture:
    texture = np.full((TEXELS, TEXELS), 205, np.float32) * _grain(rng, 0.025)
    texture[-10:] *= 0.62
    texture[-11] = 110
    return texture


def _poster(rng: np.random.Generator) -> Texture:
    """Return a framed picture of a few large shapes, RGB and how much it covers, 0 or 1."""
    poster = np.zeros((TEXELS, TEXELS, 4), np.float32)
    poster[10:42, 14:50] = (46, 34, 26, 1)
    hue = rng.random()
    colours = [
        np.array(colorsys.hsv_to_rgb((hue + shift) % 1, 0.75, value)) * 255
        for shift, value in ((0.0, 0.9), (0.42, 0.8), (0.58, 1.0))
    ]
    poster[12:40, 16:48, :3] = colours[0]
    down, across = np.mgrid[12:40, 16:48]
    x, y, r = rng.uniform(22, 42), rng.uniform(18, 34), rng.uniform(6, 11)
    inside = poster[12:40, 16:48, :3]
    slope = rng.uniform(-0.8, 0.8)
    inside[(down - 30) > slope * (across - 32)] = colours[1]
    inside[(across - x) ** 2 + (down - y) ** 2 < r * r] = colours[2]
    return poster


def _tiles(rng: np.random.Generator, light: tuple[int, ...], dark: tuple[int, ...]) -> Texture:
    half = TEXELS // 2
    checks = np.kron([[0, 1], [1, 0]], np.ones((half, half)))[..., None]
    tiles = np.where(checks, np.array(light), np.array(dark)) * _grain(rng, 0.035)[..., None]
    tiles[::half] *= 0.7
    tiles[:, ::half] *= 0.7
    return tiles.astype(np.float32)


_rng = np.random.default_rng(_SEED)

MATERIALS: Texture = np.stack([_bricks(_rng), _planks(_rng), _plaster(_rng)])
"""(kinds, TEXELS, TEXELS) brightness, 0 to 255."""

POSTERS: Texture = np.stack(
    [np.zeros((TEXELS, TEXELS, 4), np.float32), *(_poster(_rng) for _ in range(_POSTERS))]
)
"""(kinds, TEXELS, TEXELS, 4) RGB, 0 to 255, and how much of the wall it covers."""

FLOOR: Texture = _tiles(_rng, (176, 160, 138), (122, 100, 84))
CEILING: Texture = _tiles(_rng, (206, 208, 212), (192, 195, 200))
"""(TEXELS, TEXELS, 3) RGB, 0 to 255."""
