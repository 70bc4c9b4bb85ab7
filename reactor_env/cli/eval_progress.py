"""How far an evaluation is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from reactor_env.evaluation.episodes import Episode

_LINE_EVERY_S = 5.0


class EvalProgress:
    """Shows the finished episodes of all agents.

    Args:
        console: Where to. A bar that moves on a terminal, otherwise a line every five seconds.
        label: What is being done.
        total: How many episodes there are.
    """

    def __init__(self, console: Console, label: str, total: int) -> None:
        self._console = console
        self._label = label
        self._total = total
        self._done = 0
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

    def __exit__(self, *exc_info: object) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def update(self, episode: Episode) -> None:
        """Show one more.

        Args:
            episode: What is done.
        """
        self._done += 1
        for reason in episode.losses:
            self._say(f"reactor-env: a session was lost: {reason}")
        returned = f"{episode.score:g}" if episode.score is not None else episode.outcome
        facts = f"{episode.job.agent} {episode.job.number}: {returned}"
        self._bar.update(self._task, completed=self._done, facts=facts)
        now = time.monotonic()
        if not self._console.is_terminal and now >= self._next_line:
            self._next_line = now + _LINE_EVERY_S
            self._say(f"{self._label}: episode {self._done} of {self._total}  {facts}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
