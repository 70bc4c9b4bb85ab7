"""``catch``: a ball falls, a paddle moves under it. Small, deterministic, exactly known."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

GRID = 16
"""Rows and columns of the board."""

CELL = 4
"""Pixels of one cell, so that a frame is 64x64."""

PADDLE = 1
"""Cells the paddle reaches to either side of its centre."""

BACKGROUND = (16, 24, 48)
BALL = (255, 208, 64)
PADDLE_COLOUR = (64, 224, 160)

LEFT, STAY, RIGHT = 0, 1, 2


class CatchEnv(gym.Env[NDArray[np.uint8], np.int64]):
    """The game as a plain Gymnasium environment.

    The ball starts in the top row, in a column drawn from the seed, and falls one row per step.
    The paddle starts in the middle of the bottom row; actions move it one column: 0 left, 1 not,
    2 right. After 15 steps the ball is in the bottom row and the episode ends: reward 1.0 when the
    paddle, three cells wide, is under it, otherwise -1.0. Every other reward is 0.0. The ball can
    always be reached, so the best return is 1.0.

    Observations and rendered frames are the same (64, 64, 3) uint8 RGB picture.

    Args:
        render_mode: ``"rgb_array"`` or ``None``.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it an instance variable
        "render_modes": ["rgb_array"],
        "render_fps": 15,
    }

    def __init__(self, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        side = GRID * CELL
        self.observation_space = gym.spaces.Box(0, 255, (side, side, 3), np.uint8)
        self.action_space = gym.spaces.Discrete(3)
        self.ball = (0, 0)
        self.paddle = GRID // 2

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """Drop a new ball; see :meth:`gymnasium.Env.reset`."""
        super().reset(seed=seed, options=options)
        self.ball = (0, int(self.np_random.integers(GRID)))
        self.paddle = GRID // 2
        return self.render(), {}

    def step(
        self, action: np.int64 | int
    ) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        """Move the paddle, then let the ball fall one row; see :meth:`gymnasium.Env.step`."""
        move = int(action) - STAY
        self.paddle = min(max(self.paddle + move, PADDLE), GRID - 1 - PADDLE)
        row, column = self.ball
        self.ball = (row + 1, column)
        landed = row + 1 == GRID - 1
        caught = abs(column - self.paddle) <= PADDLE
        reward = (1.0 if caught else -1.0) if landed else 0.0
        return self.render(), reward, landed, False, {}

    def render(self) -> NDArray[np.uint8]:
        """Draw the board as (64, 64, 3) uint8 RGB."""
        board = np.empty((GRID, GRID, 3), np.uint8)
        board[:] = BACKGROUND
        board[GRID - 1, self.paddle - PADDLE : self.paddle + PADDLE + 1] = PADDLE_COLOUR
        board[self.ball] = BALL
        return board.repeat(CELL, axis=0).repeat(CELL, axis=1)
