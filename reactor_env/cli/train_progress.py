"""How far a training is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console

from reactor_env.cli.progress import Bar

if TYPE_CHECKING:
    from reactor_env.training.record import TrainingLog

_BAR_EVERY_S = 0.2


class TrainProgress(Bar):
    """Shows steps, steps per second, the mean return, and what went wrong with sessions.

    Arguments as of :class:`~.progress.Bar`.
    """

    line_every_s = 10.0

    def __init__(self, console: Console, label: str, total: int) -> None:
        super().__init__(console, label, total)
        self._lost = 0
        self._next = 0.0
        self._reached = False

    def update(self, log: TrainingLog) -> None:
        """Show where it is.

        Args:
            log: What happened so far.
        """
        if log.sessions_lost > self._lost:
            self._lost = log.sessions_lost
            self.say("reactor-env: a session was lost, its episode is cut short")
        now = time.monotonic()
        reached = log.steps >= self._total and not self._reached
        if now < self._next and not reached:
            return  # steps are many, and what is said of them takes longer than some of them
        self._reached = self._reached or reached
        self._next = now + _BAR_EVERY_S
        self.show(log.steps, facts(log), anyway=reached)


def facts(log: TrainingLog) -> str:
    """Say in a line how it goes.

    Args:
        log: What happened so far.
    """
    parts = []
    if log.steps_per_second is not None:
        parts.append(f"{log.steps_per_second:.1f} steps/s")
    if log.recent is not None:
        parts.append(f"return {log.recent:.3g} over {min(log.episodes, 100)} episodes")
    if log.sessions_lost:
        parts.append(f"{log.sessions_lost} sessions lost")
    if log.frames_skipped:
        parts.append(f"{log.frames_skipped} frames skipped")
    if log.deadlines_missed is not None:
        parts.append(f"{log.deadlines_missed} deadlines missed")
    return "  ".join(parts)
