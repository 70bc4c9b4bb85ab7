"""How far an evaluation is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

from reactor_env.cli.progress import Bar

if TYPE_CHECKING:
    from reactor_env.evaluation.episodes import Episode


class EvalProgress(Bar):
    """Shows the finished episodes of all agents; arguments as of :class:`~.progress.Bar`."""

    unit = "episode"

    def __init__(self, console: Console, label: str, total: int) -> None:
        super().__init__(console, label, total)
        self._done = 0

    def update(self, episode: Episode) -> None:
        """Show one more.

        Args:
            episode: What is done.
        """
        self._done += 1
        for reason in episode.losses:
            self.say(f"reactor-env: a session was lost: {reason}")
        returned = f"{episode.score:g}" if episode.score is not None else episode.outcome
        self.show(self._done, f"{episode.job.agent} {episode.job.number}: {returned}")
