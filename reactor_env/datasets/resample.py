"""From steps at their own times to rows at a constant rate. Pure arithmetic.

LeRobot's time is the number of a row divided by the rate, so a streamed episode is put on such a
grid: every row shows what was to be seen at its time, and no reward is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-6
"""Of a row: less than that is a matter of how times are represented, not of when it was."""


@dataclass(frozen=True)
class Grid:
    """Which step each row shows.

    Attributes:
        step: (M,) int64, the number of the newest observation that was there at the row's time,
            and of the action that answers it.
        row_of_step: (N,) int64, the last row before what each step returned was there.
    """

    step: NDArray[np.int64]
    row_of_step: NDArray[np.int64]

    def sums(self, rewards: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return for each row the sum of the rewards that came after it, until the next one.

        Args:
            rewards: (N,), one for each step.
        """
        total = np.zeros(len(self.step))
        np.add.at(total, self.row_of_step, rewards)
        return total


def one_row_each(steps: int) -> Grid:
    """Return the grid of an episode whose steps all take as long.

    Args:
        steps: How many, at least one.
    """
    numbers = np.arange(steps, dtype=np.int64)
    return Grid(numbers, numbers)


def at_constant_rate(arrival_s: NDArray[np.float64], fps: float) -> Grid:
    """Return the grid of an episode whose observations came at times of their own.

    Args:
        arrival_s: (N + 1,) seconds, not decreasing: when the first observation came, and those
            that the N steps returned. N is at least one.
        fps: Rows per second.

    Returns:
        A grid whose row k is the time ``k / fps`` after the first observation, up to the arrival
        of the last one. There is at least one row.
    """
    since = (arrival_s - arrival_s[0]) * fps
    rows = max(int(np.ceil(since[-1] - _ROUNDING)), 1)
    times = np.arange(rows)
    step = np.searchsorted(since[:-1] - _ROUNDING, times, side="right") - 1
    row_of_step = np.clip(np.ceil(since[1:] - _ROUNDING) - 1, 0, rows - 1)
    return Grid(step.astype(np.int64), row_of_step.astype(np.int64))
