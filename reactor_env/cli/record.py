"""``reactor-env record``: play a policy, and keep what was played as a dataset or as videos."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.console import Console

from reactor_env.cli.episodes import play
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.progress import EpisodeProgress
from reactor_env.cli.tables import rollout_tables
from reactor_env.cli.target import Target, UsageError, read_options
from reactor_env.clock import Clock
from reactor_env.datasets.actions import names
from reactor_env.datasets.exporter import DatasetError, Exporter
from reactor_env.datasets.spool import Header

if TYPE_CHECKING:
    import gymnasium as gym

    from reactor_env.datasets.tape import DatasetTape
    from reactor_env.env import ReactorEnv
    from reactor_env.policies import Policy
    from reactor_env.recorder import RecordEpisodes

_NAMES = {
    "minari": (
        r"(?:\w[\w-]*/)*\w[\w-]*-v\d+",
        "letters, digits, - and _ in parts between /, and a version at the end, like catch-v0",
    ),
    "lerobot": (
        r"(?:\w[\w.-]*/)?\w[\w.-]*",
        "letters, digits, -, _ and . in a name or owner/name",
    ),
    "video": (r"\w[\w.-]*", "letters, digits, -, _ and ."),
}
"""What a dataset may be called, by format, and how to say so."""

_DEFAULT_FPS = 30.0


@dataclass(frozen=True, kw_only=True)
class Record(Target):
    """Play a policy and keep the episodes, with the true time of every frame.

    Attributes:
        format: minari: a Minari dataset, lossless; lerobot: a LeRobot dataset, with videos and a
            constant rate; video: for each episode a video at the model's own size, and its steps
            as lines of JSON.
        out: Folder in which the dataset gets a folder of its name, like a home of Minari or
            LeRobot datasets.
        dataset: Name of the dataset; made of world and policy by default.
        episodes: Episodes to play.
        policy: scripted plays catch and gym:CartPole-v1 from pixels; auto takes it where there
            is one, and random actions elsewhere.
        seed: Seed of the first episode and of a random policy; each further episode has the next
            number.
        horizon: Steps after which an episode is truncated; for a model that ends none.
        task: What the agent was to do, in words, for LeRobot; the world or model by default.
        mode: stepped: the world waits for each action; streamed: it runs on in real time. By
            default stepped where the model supports it.
        pacing: Which frame answers an action in streamed mode: the next one, the first one that
            shows the action applied, or the latest one at once. next by default.
        hz: Steps per second in streamed mode by a real-time clock, instead of --pacing: the newest
            frame at each tick.
        backend: What carries the session: aiortc or native (the official SDK).
        fps: Steps per second of a --world in streamed mode; its own rate by default.
        dataset_fps: Rows per second of a LeRobot dataset; the model's rate by default.
        size: Height and width of a dataset's pictures in pixels; the model's own by default.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
        writer_python: The python that writes the dataset, of an environment with the format's
            library; the one that runs this by default.
    """

    format: Literal["minari", "lerobot", "video"]
    out: Path
    dataset: Annotated[str | None, tyro.conf.arg(name="name")] = None
    episodes: int = 10
    policy: Literal["auto", "random", "scripted"] = "auto"
    seed: int = 0
    horizon: int | None = None
    task: str | None = None
    mode: Literal["stepped", "streamed"] | None = None
    pacing: Literal["next", "applied", "latest"] | None = None
    hz: float | None = None
    backend: Literal["aiortc", "native"] | None = None
    fps: float | None = None
    dataset_fps: int | None = None
    size: tuple[int, int] | None = None
    step_timeout: float = 10.0
    writer_python: str | None = None

    @property
    def dataset_name(self) -> str:
        """The dataset's name, as given or made up."""
        if self.dataset is not None:
            return self.dataset
        world = re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-") or "world"
        return f"{world}-{'random' if self._scripted() is None else 'scripted'}-v0"

    @property
    def final(self) -> Path:
        """The dataset's folder."""
        return self.out / self.dataset_name

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
        """
        self.check_target()
        if self.mode == "stepped" and (self.pacing is not None or self.hz is not None):
            raise UsageError("--pacing and --hz go with --mode streamed")
        if self.pacing is not None and self.hz is not None:
            raise UsageError(f"give either --pacing or --hz, got {self.pacing} and {self.hz}")
        for option in ("episodes", "horizon", "dataset_fps"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise UsageError(f"--{option.replace('_', '-')} must be at least 1, got {value}")
        for option in ("fps", "hz", "step_timeout"):
            value = getattr(self, option)
            if value is not None and not 0 < value < float("inf"):
                raise UsageError(f"--{option.replace('_', '-')} must be positive, got {value}")
        if self.seed < 0:
            raise UsageError(f"--seed must not be negative, got {self.seed}")
        if self.fps is not None and self.world is None:
            raise UsageError("--fps goes with --world; a --model has its own rate")
        if self.dataset_fps is not None and self.format != "lerobot":
            raise UsageError(f"--dataset-fps goes with --format lerobot, got {self.format}")
        if self.format == "video" and (self.size is not None or self.writer_python is not None):
            raise UsageError("--size and --writer-python go with --format minari or lerobot")
        if self.size is not None and min(self.size) < 1:
            raise UsageError(f"--size must be two positive numbers, got {self.size}")
        if self.policy == "scripted" and self._scripted() is None:
            raise UsageError(
                "--policy scripted is there for --world catch and --world gym:CartPole-v1, "
                f"got {self.name}"
            )
        pattern, words = _NAMES[self.format]
        if re.fullmatch(pattern, self.dataset_name, re.ASCII) is None:
            raise UsageError(
                f"--name of --format {self.format} must be {words}; got {self.dataset_name!r}"
            )
        if self.out.exists() and not self.out.is_dir():
            raise UsageError(f"--out must be a folder, got the file {self.out}")
        if self.final.exists():
            raise UsageError(
                f"{self.final} is there already, and nothing is overwritten: give another --name "
                "or --out"
            )

    def run(self) -> None:
        """Play and record, and print what was measured.

        Raises:
            KeyboardInterrupt: After Ctrl-C, when the finished episodes are in the dataset.
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        self.check()
        console, progress_console = Console(), Console(stderr=True)
        log = RolloutLog()
        stopped_by = (
            self._record_video(log, progress_console, console)
            if self.format == "video"
            else self._record_dataset(log, progress_console, console)
        )
        for reason in log.sessions_lost:
            text = f"reactor-env: a session was lost, its episode is truncated: {reason}"
            _say(progress_console, text)
        if log.steps:
            console.print(rollout_tables(f"{self.name}, {self.format} {self.dataset_name}", log))
        if self.final.exists():
            _say(console, f"wrote {self.final}")
        if stopped_by is not None:
            raise stopped_by

    # -- the two kinds ------------------------------------------------------------------------

    def _record_video(
        self, log: RolloutLog, progress_console: Console, console: Console
    ) -> BaseException | None:
        from reactor_env.recorder import RecordEpisodes

        wrapped: RecordEpisodes = RecordEpisodes(self._env(), self.final)
        stopped_by = self._play(wrapped, None, log, progress_console)
        megabytes = _megabytes(self.final)
        _say(console, f"{megabytes:.1f} MB, {wrapped.pictures_dropped} pictures dropped")
        return stopped_by

    def _record_dataset(
        self, log: RolloutLog, progress_console: Console, console: Console
    ) -> BaseException | None:
        from reactor_env.datasets.tape import DatasetTape

        assert self.format != "video"
        exporter = Exporter(self.format, self.out, self.dataset_name, self.writer_python)
        _say(progress_console, f"starting the {self.format} writer")
        exporter.start()
        try:
            env = self._env()
            tape = DatasetTape(env, exporter, lambda: self._header(env))
            stopped_by = self._play(env, tape, log, progress_console)
            tape.discard()
            if isinstance(stopped_by, DatasetError):
                raise stopped_by
            if isinstance(stopped_by, KeyboardInterrupt):
                _say(progress_console, "finishing the dataset; Ctrl-C again throws it away")
            written = exporter.finish()
        except KeyboardInterrupt:
            exporter.discard()
            raise
        if written:
            _say(
                console,
                f"{exporter.episodes} episodes, {exporter.rows} rows, "
                f"{_megabytes(self.final):.1f} MB; written in {exporter.seconds:.1f} s, "
                f"waited for {exporter.waited_s:.1f} s",
            )
        elif stopped_by is None or isinstance(stopped_by, KeyboardInterrupt):
            _say(progress_console, "no episode was finished, so there is no dataset")
        return stopped_by

    def _play(
        self,
        env: gym.Env[Any, Any],
        tape: DatasetTape | None,
        log: RolloutLog,
        progress_console: Console,
    ) -> BaseException | None:
        """Play the episodes, close the environment, and return what ended it before its time."""
        try:
            with (
                contextlib.closing(env),
                EpisodeProgress(progress_console, self.dataset_name, self.episodes) as progress,
            ):
                if self.format == "lerobot":
                    names(env.action_space)
                policy = self._policy(env)
                play(env, policy, self.episodes, self.seed, tape, log, progress.update)
        except BaseException as error:
            return error
        return None

    # -- what it takes ------------------------------------------------------------------------

    def _env(self) -> ReactorEnv:
        return self.make_env(**self._env_options(), render_mode="rgb_array")

    def _env_options(self) -> dict[str, Any]:
        pacing = Clock(self.hz) if self.hz is not None else self.pacing
        return {
            "mode": self.mode,
            "pacing": pacing,
            "backend": self.backend,
            "fps": self.fps,
            "observation": {"size": self.size},
            "horizon": self.horizon,
            "step_timeout": self.step_timeout,
        }

    def _header(self, env: ReactorEnv) -> Header:
        told: Mapping[str, Any] = {
            "world": self.world,
            "world_kwargs": read_options(self.world_kwargs) or None,
            "model": self.model,
            "local": self.local or None,
            "profile": self.profile,
            "mode": env.generation,
            "pacing": {"hz": self.hz} if self.hz is not None else self.pacing,
            "fps": self.fps,
            "observation": {"size": list(self.size)} if self.size is not None else None,
            "horizon": self.horizon,
        }
        rate = self.dataset_fps or self.hz or self.fps or env.metadata.get("render_fps")
        policy = "random" if self._scripted() is None else "scripted"
        return Header(
            observation_space=env.observation_space,
            action_space=env.action_space,
            fps=max(round(float(rate or _DEFAULT_FPS)), 1),
            streamed=env.generation == "streamed",
            task=self.task or self.name,
            policy=policy,
            description=f"{self.name}, {env.generation}, played by a {policy} policy.",
            env_kwargs={key: value for key, value in told.items() if value is not None},
        )

    def _scripted(self) -> Policy | None:
        from reactor_env.policies import scripted_policy

        if self.policy == "random" or self.world is None:
            return None
        return scripted_policy(self.world)

    def _policy(self, env: gym.Env[Any, Any]) -> Policy:
        from reactor_env.policies import RandomPolicy

        return self._scripted() or RandomPolicy(env.action_space, self.seed)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
