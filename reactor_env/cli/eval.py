"""``reactor-env eval``: score agents in a world, with confidence intervals."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console

from reactor_env.cli.arguments import check_at_least, check_folder, command_line, plain, say
from reactor_env.cli.eval_progress import EvalProgress
from reactor_env.cli.observing import Observing
from reactor_env.cli.playing import policy_maker
from reactor_env.cli.target import UsageError
from reactor_env.latency.report import load_average

if TYPE_CHECKING:
    from reactor_env.env import ReactorEnv
    from reactor_env.evaluation.delays import Delayed
    from reactor_env.evaluation.episodes import Episode
    from reactor_env.evaluation.films import Films
    from reactor_env.evaluation.running import Played
    from reactor_env.policies import PolicyMaker

VIDEOS = "videos"

_LABELLED = re.compile(r"([\w .-]+)=(.+)", re.DOTALL)
_ALWAYS_TOLD = ("episodes", "seed")
"""In the command of a report, even where they are the defaults of today."""


@dataclass(frozen=True, kw_only=True)
class Eval(Observing):
    """Score agents in a world on the same seeds, with confidence intervals.

    Attributes:
        agents: Who plays; give it again for each one: random, scripted, human (a window and its
            keys), sb3:<file>.zip (a saved Stable-Baselines3 model), remote:http://<host>:<port>
            (what reactor-env serve-policy serves), or "package.module:name" of something with
            SB3's predict, of a torch module, or of what makes one of an environment. NAME=... in
            front is what it is called in the report.
        episodes: Episodes for each agent.
        slots: Sessions that play at the same time.
        seed: Seed of the first episode; each further one has the next number.
        stochastic: Let agents draw their actions instead of taking the most probable ones.
        target: A return to be reached: adds the optimality gap to it.
        delays: Milliseconds by which actions are held back: every agent plays at every one, which
            gives return against delay. Stepped, they are rounded to steps of the world. The first
            is what the others are compared with.
        out: Folder for report.json, report.md, report.html and the videos. Nothing is written
            without it.
        videos: Episodes of each agent that are filmed: the first ones.
        resamples: Tables that the bootstrap draws for each interval.
        confidence: Of the intervals.
    """

    agents: Annotated[
        tuple[str, ...],
        tyro.conf.arg(name="agent", metavar="[NAME=]AGENT"),
        tyro.conf.UseAppendAction,
    ] = ()
    episodes: int = 40
    slots: int = 1
    seed: int = 0
    stochastic: bool = False
    target: float | None = None
    delays: tuple[float, ...] = ()
    out: Path | None = None
    videos: int = 2
    resamples: int = 10_000
    confidence: float = 0.95

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If a package is needed for an agent.
        """
        self.check_observing()
        check_at_least(self, 1, "episodes", "slots", "resamples")
        check_at_least(self, 0, "seed", "videos")
        if not 0 < self.confidence < 1:
            raise UsageError(f"--confidence must be between 0 and 1, got {self.confidence}")
        if self.local and self.slots > 1:
            raise UsageError(
                f"--slots must be 1 with --local, got {self.slots}: a runtime has one "
                "session at a time"
            )
        if self.slots > 1 and "human" in self.named_agents().values():
            raise UsageError(f"--slots must be 1 with --agent human, got {self.slots}")
        check_folder(self.out)
        self.makers()
        self.delayed()

    def named_agents(self) -> dict[str, str]:
        """Return what each agent is, by its name in the report.

        Raises:
            UsageError: If there is no agent, or two have the same name.
        """
        if not self.agents:
            raise UsageError("give at least one --agent, for example --agent random")
        named: dict[str, str] = {}
        for text in self.agents:
            labelled = _LABELLED.fullmatch(text)
            name, agent = labelled.groups() if labelled else (text, text)
            if name in named:
                raise UsageError(
                    f"each --agent must have another name, got {name} twice: write NAME={agent}"
                )
            named[name] = agent
        return named

    def makers(self) -> dict[str, PolicyMaker]:
        """Return what makes each agent's policies, by its name in the report.

        Raises:
            UsageError: If there is no such agent.
        """
        return {
            name: policy_maker(agent, self.world, "--agent")
            for name, agent in self.named_agents().items()
        }

    def delayed(self) -> list[Delayed]:
        """Return which agents play at which delays; none without --delays.

        Raises:
            UsageError: If a delay is negative or given twice.
        """
        from reactor_env.evaluation.delays import delayed_agents

        if not self.delays:
            return []
        try:
            return delayed_agents(list(self.named_agents()), self.delays)
        except ValueError:
            raise UsageError(
                f"--delays must be different and not negative, got {self.delays}"
            ) from None

    def run(self) -> None:
        """Play, print what came out, and write the reports.

        Raises:
            KeyboardInterrupt: After Ctrl-C, when what was played so far is printed and written.
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        from reactor_env.cli.eval_output import show, write
        from reactor_env.evaluation.delays import delay_pairs
        from reactor_env.evaluation.report import About
        from reactor_env.evaluation.results import Results, Settings
        from reactor_env.page import require_matplotlib

        self.check()
        if self.out is not None:
            require_matplotlib()
        before = load_average()
        begin = time.perf_counter()
        played, films, subtitle = self._play(Console(stderr=True))
        settings = Settings(self.resamples, self.confidence, self.seed, self.target)
        delayed = self.delayed()
        found = Results.of(played.episodes, settings, delay_pairs(delayed) if delayed else None)
        console = Console()
        if any(len(agent.scores) for agent in found.agents):
            show(console, found, delayed)
            say(console, f"{subtitle}; {time.perf_counter() - begin:.1f} s")
            if self.out is not None:
                about = About(
                    title=f"{' and '.join(self.named_agents())} on {self.name}",
                    subtitle=subtitle,
                    command=self.command,
                    arguments=plain(self),
                    load=(before, load_average()),
                    stopped_by=_told(played.stopped_by),
                    delayed=delayed,
                )
                for path in write(self.out, found, about, films):
                    say(console, f"wrote {path}")
        if played.stopped_by is not None:
            raise played.stopped_by

    @property
    def command(self) -> str:
        """What to type to get the same."""
        return command_line("eval", self, always=_ALWAYS_TOLD, repeated={"agents": "--agent"})

    # -- what it takes ------------------------------------------------------------------------

    def _play(self, console: Console) -> tuple[Played, Films | None, str]:
        from reactor_env.evaluation.action_delay import ActionDelay
        from reactor_env.evaluation.delays import delayed_makers
        from reactor_env.evaluation.films import Films
        from reactor_env.evaluation.running import evaluate
        from reactor_env.policies import closing_policies

        makers = self.makers()
        named = tuple(makers.values())
        delayed = self.delayed()
        if delayed:
            makers = delayed_makers(makers, delayed)
        films = None
        options: dict[str, Any] = {}
        if self.out is not None and self.videos:
            films = Films(self.out / VIDEOS, self.videos, list(makers), self.fps or self.hz)
            options["filming"] = films.film
        envs = [
            self.make_env(**self.env_options(), render_mode="rgb_array") for _ in range(self.slots)
        ]
        sessions = _Sessions(envs)
        with ExitStack() as stack:
            stack.enter_context(closing_policies(*named))
            for env in envs:
                stack.callback(env.close)
            show = stack.enter_context(
                EvalProgress(console, self.name, self.episodes * len(makers))
            )

            def on_episode(episode: Episode) -> None:
                sessions.look()
                show.update(episode)

            played = evaluate(
                [ActionDelay(env, rate=self.hz) if delayed else env for env in envs],
                makers,
                episodes=self.episodes,
                seed=self.seed,
                deterministic=not self.stochastic,
                on_episode=on_episode,
                **options,
            )
        slots = f"{self.slots} slot{'s'[: self.slots > 1]}"
        return played, films, ", ".join([*sessions.words, slots])


class _Sessions:
    """What sessions say of themselves while they are open."""

    def __init__(self, envs: Sequence[ReactorEnv]) -> None:
        self._envs = envs
        self.words: list[str] = []

    def look(self) -> None:
        for env in self._envs:
            if env.generation is not None and not self.words:
                self.words = [env.generation]
                if env.generation == "streamed":
                    self.words.append(f"pacing {env.pacing}")
                self.words.append(f"{env.session_backend} backend")


def _told(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
