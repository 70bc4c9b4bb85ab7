"""How far a training is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from reactor_env.training.record import TrainingLog

_LINE_EVERY_S = 10.0
_BAR_EVERY_S = 0.2


class TrainProgress:
    """Shows steps, steps per second, the mean return, and what went wrong with sessions.

    Args:
        console: Where to. A bar that moves on a terminal, otherwise a line every ten seconds.
        label: What is trained.
        total: Steps of the whole training.
    """

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console = console
        self._label = label
        self._total = total
        self._next = 0.0
        self._lost = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(label, total=total, facts="connecting")

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        if not self._console.is_terminal:
            self.say(f"{self._label}: connecting")
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def update(self, log: TrainingLog) -> None:
        """Show where it is.

        Args:
            log: What happened so far.
        """
        if log.sessions_lost > self._lost:
            self._lost = log.sessions_lost
            self.say("reactor-env: a session was lost, its episode is cut short")
        now = time.monotonic()
        last = log.steps >= self._total
        if now < self._next and not last:
            return
        self._next = now + (_BAR_EVERY_S if self._console.is_terminal else _LINE_EVERY_S)
        told = facts(log)
        self._bar.update(self._task, completed=log.steps, facts=told)
        if not self._console.is_terminal:
            self.say(f"{self._label}: step {log.steps} of {self._total}  {told}")

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


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
