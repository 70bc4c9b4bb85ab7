"""Draws what is seen from a place in the room, by casting a ray for every column. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.room.geometry import SIZE, Grid
from reactor_env.worlds.room.textures import CEILING, FLOOR, MATERIALS, POSTERS, TEXELS, Faces

FIELD_OF_VIEW = 75.0
"""Degrees from the left to the right edge of the picture."""

_FINE_UP_TO = 40_000
"""Pixels of a picture up to which each is the mean of four."""

HEIGHT = 1.3
"""Cells from the floor to the ceiling; one looks from halfway."""

_FOG = np.array((150, 156, 166), np.float32)
_FOG_CELLS = 16.0
_NORTH_SOUTH = 0.82
_NEAREST = 1e-9

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sight:
    """What the rays hit.

    Attributes:
        face: (columns,) which face, as in :class:`~reactor_env.worlds.room.textures.Faces`.
        along: (columns,) where on it, 0 to 1 from its left.
        distance: (columns,) cells in the direction one looks.
    """

    face: NDArray[np.intp]
    along: NDArray[np.float64]
    distance: NDArray[np.float64]


class Camera:
    """Draws pictures of one size.

    Args:
        width: Pixels across.
        height: Pixels down.
    """

    def __init__(self, width: int, height: int) -> None:
        self._scale = 2 if width * height <= _FINE_UP_TO else 1
        self._width, self._height = self._scale * width, self._scale * height
        half = math.tan(math.radians(FIELD_OF_VIEW / 2))
        focal = self._width / 2 / half
        self._across = ((np.arange(self._width) + 0.5) / self._width * 2 - 1) * half
        # An odd number of rows has one level with the eye, where the floor is nowhere.
        middle = self._height / 2 + 0.25 * (self._height % 2)
        self._down = ((np.arange(self._height) + 0.5 - middle) / focal).astype(np.float32)

    def look(self, walls: Grid, x: float, y: float, angle: float) -> Sight:
        """Cast the rays.

        Args:
            walls: Which cells are wall, ``[y, x]``.
            x: Where one stands, in cells.
            y: Likewise.
            angle: Where one looks, in radians clockwise from the x axis.
        """
        ray_x, ray_y = self._rays(angle)
        west = _hits(walls, x, y, ray_x, ray_y)
        north = _hits(walls.T, y, x, ray_y, ray_x)
        vertical = west.distance <= north.distance
        # North and south faces were found in the transposed room.
        cell, side = north.face // 4, north.face % 4
        turned = (cell % SIZE * SIZE + cell // SIZE) * 4 + side + 2
        return Sight(
            np.where(vertical, west.face, turned),
            np.where(vertical, west.along, north.along),
            np.where(vertical, west.distance, north.distance),
        )

    def draw(
        self,
        sight: Sight,
        x: float,
        y: float,
        angle: float,
        covers: Faces,
        changed: Faces | None = None,
        amount: float = 0.0,
    ) -> Pixels:
        """Draw what is seen.

        Args:
            sight: From :meth:`look`, of the same place.
            x: As for :meth:`look`.
            y: Likewise.
            angle: Likewise.
            covers: What the walls look like.
            changed: What is mixed into them.
            amount: How much of it, 0 to 1.

        Returns:
            (H, W, 3) uint8 RGB.
        """
        picture = np.empty((self._height, self._width, 3), np.float32)
        self._draw_levels(picture, x, y, angle)
        v = self._down[:, None] * (sight.distance / HEIGHT).astype(np.float32) + np.float32(0.5)
        wall = (v >= 0) & (v < 1)
        columns = np.broadcast_to(np.arange(self._width, dtype=np.int32), wall.shape)[wall]
        texel = (v[wall] * TEXELS).astype(np.int32) * TEXELS
        texel += (sight.along * TEXELS).astype(np.int32).take(columns)
        colours = _covered(covers, sight.face, columns, texel)
        if changed is not None and amount:
            colours *= 1 - amount
            colours += amount * _covered(changed, sight.face, columns, texel)
        clear = np.exp(-sight.distance / _FOG_CELLS).astype(np.float32)
        light = np.where(sight.face % 4 < 2, np.float32(1), np.float32(_NORTH_SOUTH)) * clear
        colours *= light.take(columns)[:, None]
        colours += ((1 - clear)[:, None] * _FOG).take(columns, axis=0)
        picture[wall] = colours
        if self._scale == 2:
            picture = picture[::2] + picture[1::2]
            picture = picture[:, ::2] + picture[:, 1::2]
            picture *= np.float32(0.25)
        return np.clip(picture, 0, 255, out=picture).astype(np.uint8)

    def _draw_levels(self, picture: Floats, x: float, y: float, angle: float) -> None:
        """Draw the floor and the ceiling, as if there were no walls."""
        ray_x, ray_y = (ray.astype(np.float32) for ray in self._rays(angle))
        half = self._height // 2 + self._height % 2
        for texture, rows in ((CEILING, slice(None, half)), (FLOOR, slice(half, None))):
            distance = (HEIGHT / 2 / np.abs(self._down[rows, None])).astype(np.float32)
            at_x = ((x + distance * ray_x) * TEXELS).astype(np.int32) % TEXELS
            at_y = ((y + distance * ray_y) * TEXELS).astype(np.int32) % TEXELS
            at_y *= TEXELS
            at_y += at_x
            clear = np.exp(-distance / _FOG_CELLS)[:, :, None]
            level = texture.reshape(-1, 3).take(at_y, axis=0)
            level *= clear
            level += _FOG * (1 - clear)
            picture[rows] = level

    def _rays(self, angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the direction of each column's ray; its part along the view is 1."""
        cos, sin = math.cos(angle), math.sin(angle)
        return cos - sin * self._across, sin + cos * self._across


def _hits(
    walls: Grid, x: float, y: float, ray_x: NDArray[np.float64], ray_y: NDArray[np.float64]
) -> Sight:
    """Return where rays first enter a wall through one of its west or east faces."""
    lines = np.arange(1, SIZE)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = (lines - x) / ray_x[:, None]
        at = y + distance * ray_y[:, None]
    entered = lines - (ray_x < 0)[:, None]
    valid = (distance > _NEAREST) & (at >= 0) & (at < SIZE)
    cell = np.where(valid, at, 0).astype(np.intp)
    solid = valid & walls[cell, entered]
    distance = np.where(solid, distance, np.inf)
    first = np.argmin(distance, axis=1)
    column = np.arange(len(ray_x))
    # A ray may pass between all of these faces; it meets a wall in the other direction then.
    at = np.where(solid, at, 0.0)[column, first]
    east = (ray_x < 0).astype(np.intp)
    face = (cell[column, first] * SIZE + entered[column, first]) * 4 + east
    return Sight(face, at % 1, distance[column, first])


def _covered(
    covers: Faces, face: NDArray[np.intp], columns: NDArray[np.int32], texel: NDArray[np.int32]
) -> Floats:
    """Return the colours of texels of the faces seen in columns, (pixels, 3)."""
    material = (covers.material[face] * TEXELS**2).astype(np.int32).take(columns) + texel
    poster = (covers.poster[face] * TEXELS**2).astype(np.int32).take(columns) + texel
    colours: Floats = covers.tint[face].take(columns, axis=0)
    colours *= MATERIALS.reshape(-1).take(material)[:, None]
    hung = POSTERS.reshape(-1, 4).take(poster, axis=0)
    covered = hung[:, 3] > 0
    colours[covered] = hung[covered, :3]
    return colours
