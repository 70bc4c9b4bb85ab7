"""``reactor-env rollout``: play a policy, measure every step, keep the video."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console

from reactor_env.cli.log import RolloutLog
from reactor_env.cli.plots import plot_latency, require_matplotlib
from reactor_env.cli.progress import StepProgress
from reactor_env.cli.summary import summary_document
from reactor_env.cli.tables import rollout_tables
from reactor_env.cli.target import Target, UsageError, expected_errors
from reactor_env.clock import Clock
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
class Rollout(Target):
    """Play a policy in a world and measure every step.

    Attributes:
        mode: stepped: the world waits for each action; streamed: it runs on in real time. By
            default stepped where the model supports it.
        pacing: Which frame answers an action in streamed mode: the next one, the first one that
            shows the action applied, or the latest one at once. next by default.
        hz: Steps per second in streamed mode by a real-time clock, instead of --pacing: the newest
            frame at each tick.
        backend: What carries the session: aiortc or native (the official SDK). By default native
            for stepped sessions where it is installed, aiortc otherwise.
        steps: Steps to make, over as many episodes as that takes.
        seed: Seed of the first episode and of a random policy.
        fps: Steps per second of a --world in streamed mode; its own rate by default.
        policy: scripted plays catch and gym:CartPole-v1 from pixels; auto takes it where there
            is one, and random actions elsewhere.
        out: Folder for rollout.mp4, latency.png and summary.json. Nothing is written without it.
        size: Height and width of the observations in pixels; the model's own by default.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
    """

    mode: Literal["stepped", "streamed"] | None = None
    pacing: Literal["next", "applied", "latest"] | None = None
    hz: float | None = None
    backend: Literal["aiortc", "native"] | None = None
    steps: int = 300
    seed: int = 0
    fps: float | None = None
    policy: Literal["auto", "random", "scripted"] = "auto"
    out: Path | None = None
    size: tuple[int, int] | None = None
    step_timeout: float = 10.0

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
        """
        self.check_target()
        if self.mode == "stepped" and self.pacing is not None:
            raise UsageError(f"--pacing goes with --mode streamed, got --pacing {self.pacing}")
        if self.hz is not None and (self.mode == "stepped" or self.pacing is not None):
            raise UsageError("--hz goes with --mode streamed and without --pacing")
        if self.hz is not None and not 0 < self.hz < float("inf"):
            raise UsageError(f"--hz must be positive, got {self.hz}")
        if self.steps < 1:
            raise UsageError(f"--steps must be at least 1, got {self.steps}")
        if self.seed < 0:
            raise UsageError(f"--seed must not be negative, got {self.seed}")
        if self.fps is not None and not 0 < self.fps < float("inf"):
            raise UsageError(f"--fps must be positive, got {self.fps}")
        if self.fps is not None and self.world is None:
            raise UsageError("--fps goes with --world; a --model has its own rate")
        if self.size is not None and min(self.size) < 1:
            raise UsageError(f"--size must be two positive numbers, got {self.size}")
        if not self.step_timeout > 0:
            raise UsageError(f"--step-timeout must be positive, got {self.step_timeout}")
        if self.policy == "scripted" and _scripted(self) is None:
            raise UsageError(
                "--policy scripted is there for --world catch and --world gym:CartPole-v1, "
                f"got {self.name}"
            )
        if self.out is not None and self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out must be a folder, got the file {self.out}")

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
            console.print(f"wrote {path}", highlight=False, soft_wrap=True)
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
    rollout.check()
    if rollout.out is not None:
        require_matplotlib()
    env = rollout.make_env(
        mode=rollout.mode,
        pacing=Clock(rollout.hz) if rollout.hz is not None else rollout.pacing,
        backend=rollout.backend,
        fps=rollout.fps,
        observation={"size": rollout.size},
        render_mode="rgb_array",
        step_timeout=rollout.step_timeout,
    )
    log = RolloutLog()
    mode: str | None = rollout.mode
    backend: str | None = rollout.backend
    policy_name = "none"
    stopped_by: BaseException | None = None
    video: VideoWriter | None = None
    filmed = False
    try:
        with (
            contextlib.closing(env),
            StepProgress(progress_console, label or rollout.name, rollout.steps) as progress,
        ):
            policy, policy_name = _policy(rollout, env)
            observation, _ = env.reset(seed=rollout.seed)
            mode, backend = env.generation, env.session_backend
            if rollout.out is not None:
                rollout.out.mkdir(parents=True, exist_ok=True)
                video = _video(rollout.out / VIDEO, env)
            film = _film(video, env, rollout.size is not None)
            play(env, policy, observation, rollout.steps, log, film, progress.update)
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
        text = f"reactor-env: a session was lost, and another one opened: {reason}"
        progress_console.print(text, markup=False, highlight=False, soft_wrap=True)
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
            policy=policy_name,
            arguments=_plain(asdict(rollout)),
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
    """
    began = time.perf_counter()
    state: Any = None
    first = True
    log.begin_episode(0.0)
    film(observation)
    for made in range(1, steps + 1):
        action, state = policy.predict(observation, state, episode_start=first)
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


def _scripted(rollout: Rollout) -> Policy | None:
    from reactor_env.policies import scripted_policy

    return scripted_policy(rollout.world) if rollout.world is not None else None


def _policy(rollout: Rollout, env: ReactorEnv) -> tuple[Policy, str]:
    from reactor_env.policies import RandomPolicy

    scripted = _scripted(rollout) if rollout.policy != "random" else None
    if scripted is not None:
        return scripted, "scripted"
    return RandomPolicy(env.action_space, rollout.seed), "random"


def _video(path: Path, env: ReactorEnv) -> VideoWriter:
    from reactor_env.video_writer import VideoWriter

    return VideoWriter(path, float(env.metadata.get("render_fps") or _DEFAULT_VIDEO_FPS))


def _film(video: VideoWriter | None, env: ReactorEnv, resized: bool) -> Callable[[Any], None]:
    """Return what keeps an observation: the video shows the model's own size, whatever it is."""
    if video is None:
        return lambda _: None
    if not resized:
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


def _plain(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        name: str(value)
        if isinstance(value, Path)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in arguments.items()
    }
