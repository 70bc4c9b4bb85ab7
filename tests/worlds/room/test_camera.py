from __future__ import annotations

import math

import numpy as np
import pytest

from reactor_env.worlds.room.camera import FIELD_OF_VIEW, Camera
from reactor_env.worlds.room.geometry import SIZE
from reactor_env.worlds.room.textures import FACES, faces

WALLS = np.zeros((SIZE, SIZE), np.bool_)
WALLS[[0, -1], :] = WALLS[:, [0, -1]] = True
X, Y = 4.5, 3.5


@pytest.mark.parametrize(
    ("quarter", "distance", "cell", "side"),
    [
        (0, SIZE - 1 - X, (SIZE - 1, 3), 0),
        (1, SIZE - 1 - Y, (4, SIZE - 1), 2),
        (2, X - 1, (0, 3), 1),
        (3, Y - 1, (4, 0), 3),
    ],
    ids=["east", "south", "west", "north"],
)
def test_straight_ahead_is_the_wall_that_stands_there(
    quarter: int, distance: float, cell: tuple[int, int], side: int
) -> None:
    camera = Camera(161, 121)
    sight = camera.look(WALLS, X, Y, quarter * math.pi / 2)
    middle = len(sight.face) // 2
    assert sight.distance[middle] == pytest.approx(distance)
    assert sight.face[middle] == (cell[1] * SIZE + cell[0]) * 4 + side
    assert sight.along[middle] == pytest.approx(0.5, abs=0.05)


def test_a_flat_wall_is_equally_far_in_every_column() -> None:
    sight = Camera(160, 120).look(WALLS, SIZE / 2, SIZE / 2, 0.0)
    assert np.ptp(sight.distance) < 1e-9
    half = math.tan(math.radians(FIELD_OF_VIEW / 2)) * sight.distance[0]
    seen = np.unique(sight.face // 4 // SIZE)
    assert seen.tolist() == list(range(int(SIZE / 2 - half), int(SIZE / 2 + half) + 1))


def test_a_pillar_hides_what_is_behind_it() -> None:
    walls = WALLS.copy()
    walls[3, 7] = True
    before, after = (Camera(160, 120).look(seen, X, Y, 0.0) for seen in (WALLS, walls))
    hidden = after.distance < before.distance
    assert hidden[len(hidden) // 2]
    assert not hidden[[0, -1]].any()
    assert (after.face[hidden] // 4 == 3 * SIZE + 7).all()
    assert (after.face[~hidden] == before.face[~hidden]).all()


def test_what_is_mixed_in_changes_the_walls_alone_and_in_proportion() -> None:
    camera = Camera(160, 120)
    place = (X, Y, 0.3)
    sight = camera.look(WALLS, *place)
    true, other = faces(1, 0), faces(1, 1)
    pictures = [
        camera.draw(sight, *place, true, other, amount).astype(float) for amount in (0, 0.5, 1)
    ]
    assert np.abs((pictures[0] + pictures[2]) / 2 - pictures[1]).max() <= 1
    assert (pictures[0][-10:] == pictures[2][-10:]).all(), "the floor"
    assert np.abs(pictures[0] - pictures[2])[50:70].mean() > 20


def test_walls_far_from_each_other_look_different() -> None:
    covers = faces(0, 0)
    assert len(covers.tint) == FACES
    row = SIZE // 2 * SIZE
    west, east = covers.tint[row * 4 + 1], covers.tint[(row + SIZE - 1) * 4]
    assert np.abs(west - east).max() > 0.2
