"""Plays whole episodes, and shows how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from reactor_env.cli.log import RolloutLog
from reactor_env.datasets.spool import Step

if TYPE_CHECKING:
    import gymnasium as gym

    from reactor_env.datasets.tape import DatasetTape
    from reactor_env.policies import Policy

_LINE_EVERY_S = 5.0


def play(
    env: gym.Env[Any, Any],
    policy: Policy,
    episodes: int,
    seed: int,
    tape: DatasetTape | None,
    log: RolloutLog,
    show: Callable[[RolloutLog], None],
) -> None:
    """Play whole episodes.

    Args:
        env: The environment.
        policy: Chooses the actions.
        episodes: How many.
        seed: Of the first one; each further one has the next number.
        tape: Takes every observation.
        log: Takes what is measured.
        show: Called after every observation.
    """
    began = time.perf_counter()
    for number in range(episodes):
        observation, info = env.reset(seed=seed + number)
        log.begin_episode(time.perf_counter() - began)
        if tape is not None:
            tape.begin(observation, info, seed + number)
        state: Any = None
        over, first = False, True
        while not over:
            action, state = policy.predict(observation, state, episode_start=first)
            observation, reward, terminated, truncated, info = env.step(action)
            step = Step(action, float(reward), bool(terminated), bool(truncated))
            over, first = step.terminated or step.truncated, False
            log.add(time.perf_counter() - began, step.reward, over, info)
            if tape is not None:
                tape.step(observation, info, step)
            show(log)  # a finished episode is told of when it cannot be lost any more


class EpisodeProgress:
    """Shows episodes, steps and steps per second.

    Args:
        console: Where to. A bar that moves on a terminal, otherwise a line after the first
            episode and every five seconds.
        label: What is being done.
        total: Episodes to play.
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
        """Show where a recording is.

        Args:
            log: What was played so far.
        """
        done = log.episode - log.running
        facts = f"step {log.steps}"
        if log.steps_per_s is not None:
            facts += f"  {log.steps_per_s:.1f} steps/s"
        self._bar.update(self._task, completed=done, facts=facts)
        now = time.monotonic()
        if not self._console.is_terminal and done and now >= self._next_line:
            self._next_line = now + _LINE_EVERY_S
            self._say(f"episode {done} of {self._total}  {facts}")

    def _say(self, line: str) -> None:
        text = f"{self._label}: {line}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
