"""Plays ``catch`` from its picture alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.policies.pixels import centroid, rgb_picture, starts_episode

_GRID = 16
_LEFT, _STAY, _RIGHT = 0, 1, 2

_YELLOW = 90.0
"""Red minus blue: 191 for the ball, below zero for paddle and background."""

_GREEN = 70.0
"""Green minus red: 160 for the paddle, about zero for ball and background."""


class CatchPolicy:
    """Moves the paddle under the ball: the yellow block above, the green one below.

    The state is the last action, counted as done where a late picture does not show it yet: that
    keeps the paddle from running past the ball in a stream. It is carried by ``predict``.

    Example:
        >>> policy, state = CatchPolicy(), None
        >>> action, state = policy.predict(observation, state)
    """

    def predict(
        self,
        observation: Any,
        state: tuple[float, int] | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.int64, tuple[float, int] | None]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: The game's picture, (H, W, 3) uint8 RGB of any size.
            state: As returned by the call before.
            episode_start: Forgets ``state`` where true.
            deterministic: Always so.

        Returns:
            0 for left, 1 to stay, 2 for right, and the state for the next call. A picture without
            ball and paddle gives 1.

        Raises:
            ValueError: If ``observation`` is no RGB picture.
        """
        last = None if starts_episode(state, episode_start) else state
        seen = measure(rgb_picture(observation))
        if seen is None:
            return np.int64(_STAY), last
        ball, paddle = seen
        expected = paddle
        if last is not None and abs(paddle - last[0]) < 0.5:
            expected += last[1] - _STAY
        action = _STAY
        if ball - expected > 0.5:
            action = _RIGHT
        elif ball - expected < -0.5:
            action = _LEFT
        return np.int64(action), (paddle, action)


def measure(picture: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Find ball and paddle in a picture.

    Args:
        picture: The game's, (H, W, 3) uint8 RGB.

    Returns:
        The columns of the ball and of the paddle's middle in cells of the board, 0.5 being the
        middle of the first; ``None`` where the picture does not show both.
    """
    red, green, blue = np.moveaxis(picture.astype(np.float32), 2, 0)
    ball = centroid(np.clip(red - blue - _YELLOW, 0, None))
    paddle = centroid(np.clip(green - red - _GREEN, 0, None))
    if ball is None or paddle is None:
        return None
    cell = picture.shape[1] / _GRID
    return ball[1] / cell, paddle[1] / cell
