"""``reactor-env rollout``: play a policy, measure every step, keep the video."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reactor_env.cli.arguments import check_at_least, check_folder, plain, say
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.playing import Playing
from reactor_env.cli.plots import plot_latency, require_matplotlib
from reactor_env.cli.progress import StepProgress
from reactor_env.cli.summary import summary_document
from reactor_env.cli.tables import rollout_tables
from reactor_env.cli.target import expected_errors
from reactor_env.files import write_json

if TYPE_CHECKING:
    import gymnasium as gym

    from reactor_env.env import ReactorEnv
    from reactor_env.policies import Policy
    from reactor_env.video_writer import VideoWriter

VIDEO = "rollout.mp4"
PLOT = "latency.png"
SUMMARY = "summary.json"

_DEFAULT_VIDEO_FPS = 30.0


@dataclass(frozen=True, kw_only=True)
class Rollout(Playing):
    """Play a policy in a world and measure every step.

    Attributes:
        steps: Steps to make, over as many episodes as that takes.
        out: Folder for rollout.mp4, latency.png and summary.json. Nothing is written without it.
    """

    steps: int = 300
    out: Path | None = None

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If a package is needed for the policy.
        """
        self.check_observing()
        check_at_least(self, 1, "steps")
        check_at_least(self, 0, "seed")
        self.policy_maker()
        check_folder(self.out)

    def run(self) -> None:
        """Roll out, and print what was measured.

        Raises:
            KeyboardInterrupt: After Ctrl-C, when what was done so far is printed and written.
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        console = Console()
        report = perform(self, Console(stderr=True))
        if report.log.steps:
            console.print(rollout_tables(report.title, report.log))
        for path in report.files:
            say(console, f"wrote {path}")
        if report.stopped_by is not None:
            raise report.stopped_by


@dataclass(frozen=True)
class Report:
    """What a rollout came to.

    Attributes:
        title: World, mode, pacing, backend and steps in words.
        backend: What carried the session, ``None`` where none was opened.
        log: What was measured.
        files: What was written.
        stopped_by: What ended it before its time, ``None`` when it made all its steps.
    """

    title: str
    backend: str | None
    log: RolloutLog
    files: tuple[Path, ...]
    stopped_by: BaseException | None


def perform(rollout: Rollout, progress_console: Console, label: str = "") -> Report:
    """Make a rollout and write its files.

    Args:
        rollout: What to do.
        progress_console: Where to show how far it is.
        label: Named there; the world or model by default.

    Returns:
        The report, also of a rollout that Ctrl-C or an expected error cut short: it says so, and
        covers the steps that were made.

    Raises:
        UsageError: If the arguments are wrong.
        MissingDependencyError: If a package is needed.
        ValueError: If the environment refuses an argument.
    """
    from reactor_env.policies import closing_policies

    rollout.check()
    if rollout.out is not None:
        require_matplotlib()
    maker = rollout.policy_maker()
    env = rollout.make_env(**rollout.env_options(), render_mode="rgb_array")
    log = RolloutLog()
    mode: str | None = rollout.mode
    backend: str | None = rollout.backend
    stopped_by: BaseException | None = None
    video: VideoWriter | None = None
    filmed = False
    try:
        with (
            contextlib.closing(env),
            closing_policies(maker),
            StepProgress(progress_console, label or rollout.name, rollout.steps) as progress,
        ):
            policy = maker(env, rollout.seed)
            observation, _ = env.reset(seed=rollout.seed)
            mode, backend = env.generation, env.session_backend
            if rollout.out is not None:
                rollout.out.mkdir(parents=True, exist_ok=True)
                video = _video(rollout.out / VIDEO, env)
            play(
                env,
                policy,
                observation,
                rollout.steps,
                log,
                _film(video, env, rollout.shaped),
                progress.update,
                deterministic=not rollout.stochastic,
            )
        if video is not None:
            video.close()
            filmed = True
    except BaseException as error:
        if not isinstance(error, (KeyboardInterrupt, *expected_errors())):
            if video is not None:
                video.discard()
            raise
        stopped_by = error
        if video is not None:
            filmed = _rescue(video, log)
    for reason in log.sessions_lost:
        say(progress_console, f"reactor-env: a session was lost, and another one opened: {reason}")
    pacing = str(env.pacing) if mode == "streamed" else None
    title = _title(rollout.name, mode, pacing, backend, log.steps)
    files: tuple[Path, ...] = ()
    if rollout.out is not None and log.steps:
        plot_latency(log, title, rollout.out / PLOT)
        document = summary_document(
            log,
            mode=mode,
            pacing=pacing,
            backend=backend,
            policy=rollout.policy_name,
            arguments=plain(rollout),
            stopped_by=stopped_by,
        )
        write_json(rollout.out / SUMMARY, document)
        names = (VIDEO, PLOT, SUMMARY) if filmed else (PLOT, SUMMARY)
        files = tuple(rollout.out / name for name in names)
    return Report(title, backend, log, files, stopped_by)


def play(
    env: gym.Env[Any, Any],
    policy: Policy,
    observation: Any,
    steps: int,
    log: RolloutLog,
    film: Callable[[Any], None],
    show: Callable[[RolloutLog], None],
    *,
    deterministic: bool = True,
) -> None:
    """Step an environment that was reset, starting a new episode whenever one ends.

    Args:
        env: The environment.
        policy: Chooses the actions.
        observation: What the reset returned.
        steps: Steps to make.
        log: Takes what is measured.
        film: Called with every observation.
        show: Called after every observation.
        deterministic: Whether the policy is asked for its most probable action.
    """
    began = time.perf_counter()
    state: Any = None
    first = True
    log.begin_episode(0.0)
    film(observation)
    for made in range(1, steps + 1):
        action, state = policy.predict(observation, state, first, deterministic)
        observation, reward, terminated, truncated, info = env.step(action)
        over = terminated or truncated
        log.add(time.perf_counter() - began, float(reward), over, info)
        film(observation)
        show(log)
        first = over
        if over and made < steps:
            state = None
            observation, _ = env.reset()
            log.begin_episode(time.perf_counter() - began)
            film(observation)


def _video(path: Path, env: ReactorEnv) -> VideoWriter:
    from reactor_env.video_writer import VideoWriter

    return VideoWriter(path, float(env.metadata.get("render_fps") or _DEFAULT_VIDEO_FPS))


def _film(video: VideoWriter | None, env: ReactorEnv, shaped: bool) -> Callable[[Any], None]:
    """Return what keeps a picture: in colour at the model's own size, however it is observed."""
    if video is None:
        return lambda _: None
    if not shaped:
        return video.write

    def film(_: Any) -> None:
        frame = env.render()
        assert frame is not None
        video.write(frame)

    return film


def _rescue(video: VideoWriter, log: RolloutLog) -> bool:
    """Finish the video of a rollout that was cut short; tell whether there is one now."""
    from reactor_env.video_writer import VideoError

    if not log.steps:
        video.discard()
        return False
    try:
        video.close()
    except VideoError:  # what cut the rollout short is told instead
        return False
    return True


def _title(name: str, mode: str | None, pacing: str | None, backend: str | None, steps: int) -> str:
    parts = [name, mode or "not connected"]
    if pacing is not None:
        parts.append(f"pacing {pacing}")
    if backend is not None:
        parts.append(f"{backend} backend")
    return ", ".join([*parts, f"{steps} steps"])
