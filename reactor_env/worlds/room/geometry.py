"""Where one is in the room, and how one gets elsewhere: exactly. Pure.

Positions are whole numbers and headings one of a few, so that what is undone is undone to the bit:
as many steps back as forward, a full turn, a square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

SIZE = 10
"""Cells across and down, the outer walls included."""

CELL = 1 << 16
"""Units of length in a cell."""

STEP = 1 / 8
"""Cells walked per frame."""

FREE = 2.0
"""Cells that are free of walls and pillars around the middle, in each direction at least."""

_RADIUS = CELL // 4
_PILLARS = 6

Grid = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Controls:
    """What is held, each -1, 0 or 1.

    Attributes:
        move: Forward is 1, back -1.
        strafe: Right is 1, left -1.
        turn: Right is 1, left -1.
    """

    move: int = 0
    strafe: int = 0
    turn: int = 0


IDLE = Controls()


@dataclass(frozen=True, slots=True)
class Pose:
    """Where one stands.

    Attributes:
        x: To the east, in units of :data:`CELL`.
        y: To the south, likewise.
        heading: In steps of turning, clockwise from east.
    """

    x: int
    y: int
    heading: int


class Floor:
    """Where one can go.

    Args:
        seed: Where the pillars stand and which way one looks at first.
        turn_frames: Steps of turning in a full turn; a multiple of 4.

    Attributes:
        walls: (SIZE, SIZE) of ``[y, x]``: which cells are wall.
        start: Where one begins: in the middle, along one of the walls.
    """

    def __init__(self, seed: int, turn_frames: int) -> None:
        rng = np.random.default_rng([seed, 1])
        self.walls = _walls(rng)
        self._turns = turn_frames
        self._steps = _steps(turn_frames)
        middle = SIZE * CELL // 2
        self.start = Pose(middle, middle, int(rng.integers(4)) * turn_frames // 4)

    def angle(self, pose: Pose) -> float:
        """Return a pose's heading in radians."""
        return 2 * math.pi * pose.heading / self._turns

    def after(self, pose: Pose, controls: Controls) -> Pose:
        """Return where one is a frame later: turned, then moved, unless a wall is in the way."""
        pose = replace(pose, heading=(pose.heading + controls.turn) % self._turns)
        x, y = pose.x, pose.y
        for amount, quarter in ((controls.move, 0), (controls.strafe, self._turns // 4)):
            dx, dy = self._steps[(pose.heading + quarter) % self._turns]
            x, y = x + amount * dx, y + amount * dy
        return replace(pose, x=x, y=y) if self._is_free(x, y) else pose

    def _is_free(self, x: int, y: int) -> bool:
        return not any(
            self.walls[(y + dy) // CELL, (x + dx) // CELL]
            for dx in (-_RADIUS, _RADIUS)
            for dy in (-_RADIUS, _RADIUS)
        )


def _steps(turn_frames: int) -> list[tuple[int, int]]:
    """Return the step for each heading; those a quarter turn apart are the same, turned."""
    steps = []
    for heading in range(turn_frames // 4):
        angle = 2 * math.pi * heading / turn_frames
        steps.append((round(STEP * CELL * math.cos(angle)), round(STEP * CELL * math.sin(angle))))
    for _ in range(3):
        steps += [(-dy, dx) for dx, dy in steps[-turn_frames // 4 :]]
    return steps


def _walls(rng: np.random.Generator) -> Grid:
    walls = np.zeros((SIZE, SIZE), np.bool_)
    walls[[0, -1], :] = walls[:, [0, -1]] = True
    # How far the near side of each cell is from the middle, in the direction that is farther.
    near = np.abs(np.arange(SIZE) + 0.5 - SIZE / 2) - 0.5
    far = np.maximum(near[:, None], near[None, :])
    candidates = np.argwhere(~walls & (far >= FREE))
    chosen = rng.choice(len(candidates), _PILLARS, replace=False)
    walls[tuple(candidates[chosen].T)] = True
    return walls
