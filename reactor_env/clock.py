"""An elastic real-time clock: every step takes one period, and those that come late are counted.

Time that an agent spends thinking is part of the period: the next step waits for what is left of
it. The ticks stay on one grid, so that the mean period is exact however the single ones vary.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NS = 1_000_000_000

SPIN_NS = 300_000
"""How long before a tick to stop sleeping: Linux lets a sleeper overshoot by 50 us and more."""

HOLD_NS = 100_000
"""How long before a tick to let no other thread of this process run any more: the one that decodes
video may keep the interpreter for longer than that."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A pacing: ``step()`` sends the action at once and returns at the next tick.

    The observation is the newest frame at the tick, even if it was returned before. The first tick
    is one period after :meth:`~reactor_env.env.ReactorEnv.reset` has its first frame.

    A step that begins after its tick has missed it (``info["deadline_missed"]``) and returns at
    once. While it is late by no more than ``elasticity`` periods the grid is kept, so that the
    next step is shorter and the time is caught up. After a longer pause, a learner's update for
    example, that time is lost: the grid begins anew with the step, which takes a whole period.

    Attributes:
        hz: Steps per second; more than 0.
        elasticity: How late a step may begin and be caught up, in periods; 0 or more.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> env = gym.make("reactor_env/World-v0", world="catch", pacing=Clock(16))
    """

    hz: float
    elasticity: float = 1.0

    def __post_init__(self) -> None:
        """Check the values."""
        if not _is_number(self.hz) or self.hz <= 0:
            raise ValueError(f"`hz` must be a positive number, got {self.hz!r}")
        if not _is_number(self.elasticity) or self.elasticity < 0:
            raise ValueError(
                f"`elasticity` must be a number of periods, 0 or more, got {self.elasticity!r}"
            )

    @property
    def period_ns(self) -> float:
        """Nanoseconds from one tick to the next, not rounded."""
        return _NS / self.hz

    def __str__(self) -> str:
        """Return what a report calls it."""
        return f"clock {self.hz:g} Hz"


def as_clock(given: Mapping[str, Any]) -> Clock:
    """Return the clock of a mapping, as ``EnvSpec`` makes one of it in JSON.

    Raises:
        ValueError: If it has other keys than the fields of :class:`Clock`, or a wrong value.
    """
    if not {"hz"} <= given.keys() <= {"hz", "elasticity"}:
        raise ValueError(f"a clock must have `hz` and may have `elasticity`, got {dict(given)!r}")
    return Clock(**given)


@dataclass(frozen=True, slots=True)
class Tick:
    """When a step returns.

    Attributes:
        due_ns: The time, on the clock that was asked; in the past for one that was missed.
        missed: Whether the step began after it.
    """

    due_ns: int
    missed: bool


class Ticker:
    """The ticks of one episode. Pure: it is told the time.

    Args:
        clock: Their rate.

    Attributes:
        missed: How many ticks were missed since the last :meth:`restart`.
    """

    def __init__(self, clock: Clock) -> None:
        self._period = clock.period_ns
        self._elastic = clock.elasticity * clock.period_ns
        # The grid is counted from its origin: adding up rounded periods would drift.
        self._origin = 0
        self._count = 0
        self.missed = 0

    def restart(self, now_ns: int) -> None:
        """Begin an episode: the first tick is one period from now."""
        self._origin, self._count, self.missed = now_ns, 0, 0

    def next(self, now_ns: int) -> Tick:
        """Return the tick of a step that begins now."""
        self._count += 1
        due = self._origin + round(self._count * self._period)
        missed = now_ns > due
        self.missed += missed
        if now_ns > due + self._elastic:
            self._origin, self._count = now_ns, 1
            due = now_ns + round(self._period)
        return Tick(due, missed)


def sleep_until(due_ns: int) -> None:
    """Sleep until a time of :func:`time.monotonic_ns`, and not longer if it can be helped.

    The last :data:`SPIN_NS` are spent awake; other threads still run, but for the very last
    :data:`HOLD_NS`.
    """
    left = due_ns - time.monotonic_ns() - SPIN_NS
    if left > 0:
        time.sleep(left / _NS)
    while (left := due_ns - time.monotonic_ns()) > 0:
        if left > HOLD_NS:
            time.sleep(0)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
