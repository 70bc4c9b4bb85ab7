"""How far a play is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reactor_env.cli.log import RolloutLog

_LINE_EVERY_S = 5.0


class PlayProgress(ABC):
    """Shows how much is done of what is to be played.

    Args:
        console: Where to. A bar that moves on a terminal, otherwise a line after the first part
            and every five seconds.
        label: What is being done.
        total: How many parts there are.

    Attributes:
        unit: What the parts are called.
    """

    unit: str

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
            self._say("connecting")
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def update(self, log: RolloutLog) -> None:
        """Show where it is.

        Args:
            log: What was played so far.
        """
        done, facts = self.done(log), self.facts(log)
        if log.steps_per_s is not None:
            facts += f"  {log.steps_per_s:.1f} steps/s"
        self._bar.update(self._task, completed=done, facts=facts)
        now = time.monotonic()
        if not self._console.is_terminal and done and now >= self._next_line:
            self._next_line = now + _LINE_EVERY_S
            self._say(f"{self.unit} {done} of {self._total}  {facts}")

    @abstractmethod
    def done(self, log: RolloutLog) -> int:
        """Return how many parts are done."""

    @abstractmethod
    def facts(self, log: RolloutLog) -> str:
        """Return what else is to be said."""

    def _say(self, line: str) -> None:
        text = f"{self._label}: {line}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class StepProgress(PlayProgress):
    """Shows steps, episode, return and steps per second."""

    unit = "step"

    def done(self, log: RolloutLog) -> int:
        """Return the steps."""
        return log.steps

    def facts(self, log: RolloutLog) -> str:
        """Return episode and return."""
        return f"episode {log.episode}  return {log.total:g}"


class EpisodeProgress(PlayProgress):
    """Shows finished episodes, steps and steps per second."""

    unit = "episode"

    def done(self, log: RolloutLog) -> int:
        """Return the finished episodes."""
        return log.episode - log.running

    def facts(self, log: RolloutLog) -> str:
        """Return the steps."""
        return f"step {log.steps}"
