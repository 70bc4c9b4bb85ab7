"""How far something is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reactor_env.cli.log import RolloutLog


class Bar:
    """Shows how much is done of something: a bar on a terminal, now and then a line elsewhere.

    Args:
        console: Where to.
        label: What is being done.
        total: How many parts there are.

    Attributes:
        unit: What the parts are called.
        line_every_s: Seconds between two lines, where there is no terminal.
    """

    unit = "step"
    line_every_s = 5.0

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
            self.say(f"{self._label}: connecting")
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def show(self, done: int, facts: str, *, anyway: bool = False) -> None:
        """Show where it is.

        Args:
            done: How many parts are done.
            facts: What else is to be said.
            anyway: Write a line, however short ago the last one was.
        """
        self._bar.update(self._task, completed=done, facts=facts)
        now = time.monotonic()
        if not self._console.is_terminal and (anyway or (done and now >= self._next_line)):
            self._next_line = now + self.line_every_s
            self.say(f"{self._label}: {self.unit} {done} of {self._total}  {facts}")

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class PlayProgress(Bar, ABC):
    """Shows how much is done of what is to be played."""

    def update(self, log: RolloutLog) -> None:
        """Show where it is.

        Args:
            log: What was played so far.
        """
        done, facts = self.done(log), self.facts(log)
        if log.steps_per_s is not None:
            facts += f"  {log.steps_per_s:.1f} steps/s"
        self.show(done, facts)

    @abstractmethod
    def done(self, log: RolloutLog) -> int:
        """Return how many parts are done."""

    @abstractmethod
    def facts(self, log: RolloutLog) -> str:
        """Return what else is to be said."""


class StepProgress(PlayProgress):
    """Shows steps, episode, return and steps per second."""

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
