"""How far a rollout is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reactor_env.cli.log import RolloutLog

_LINE_EVERY_S = 5.0


class StepProgress:
    """Shows steps, episode, return and steps per second.

    Args:
        console: Where to. A bar that moves on a terminal, otherwise a line after the first step
            and every five seconds.
        label: What is being done.
        total: Steps to make.
    """

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console = console
        self._label = label
        self._total = total
        self._next_line = 0.0
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
            self._say(f"{self._label}: connecting")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def update(self, log: RolloutLog) -> None:
        """Show where a rollout is.

        Args:
            log: The rollout so far.
        """
        facts = f"episode {log.episode}  return {log.total:g}"
        if log.steps_per_s is not None:
            facts += f"  {log.steps_per_s:.1f} steps/s"
        self._bar.update(self._task, completed=log.steps, facts=facts)
        now = time.monotonic()
        if not self._console.is_terminal and log.steps and now >= self._next_line:
            self._next_line = now + _LINE_EVERY_S
            self._say(f"{self._label}: step {log.steps} of {self._total}  {facts}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
