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

from reactor_env.cli.arguments import check_at_least, check_folder, say
from reactor_env.cli.episodes import play
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.playing import Playing
from reactor_env.cli.progress import EpisodeProgress
from reactor_env.cli.tables import rollout_tables
from reactor_env.cli.target import UsageError, read_options
from reactor_env.datasets.actions import names
from reactor_env.datasets.exporter import DatasetError, Exporter
from reactor_env.datasets.spool import Header

if TYPE_CHECKING:
    import gymnasium as gym

    from reactor_env.cli.colour_pictures import ColourPictures
    from reactor_env.datasets.tape import DatasetTape
    from reactor_env.env import ReactorEnv
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
class Record(Playing):
    """Play a policy and keep the episodes, with the true time of every frame.

    Attributes:
        format: minari: a Minari dataset, lossless, of what the policy saw; lerobot: a LeRobot
            dataset, with videos in colour and a constant rate; video: for each episode a video at
            the model's own size, and its steps as lines of JSON.
        out: Folder in which the dataset gets a folder of its name, like a home of Minari or
            LeRobot datasets.
        dataset: Name of the dataset; made of world and policy by default.
        episodes: Episodes to play; each has the next seed.
        task: What the agent was to do, in words, for LeRobot; the world or model by default.
        dataset_fps: Rows per second of a LeRobot dataset; the model's rate by default.
        writer_python: The python that writes the dataset, of an environment with the format's
            library; the one that runs this by default.
    """

    format: Literal["minari", "lerobot", "video"]
    out: Path
    dataset: Annotated[str | None, tyro.conf.arg(name="name")] = None
    episodes: int = 10
    task: str | None = None
    dataset_fps: int | None = None
    writer_python: str | None = None

    @property
    def dataset_name(self) -> str:
        """The dataset's name, as given or made up."""
        if self.dataset is not None:
            return self.dataset
        world = re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-") or "world"
        return f"{world}-{self.policy_word}-v0"

    @property
    def final(self) -> Path:
        """The dataset's folder."""
        return self.out / self.dataset_name

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If a package is needed for the policy.
        """
        self.check_observing()
        check_at_least(self, 1, "episodes", "dataset_fps")
        check_at_least(self, 0, "seed")
        if self.dataset_fps is not None and self.format != "lerobot":
            raise UsageError(f"--dataset-fps goes with --format lerobot, got {self.format}")
        if self.format == "video" and self.writer_python is not None:
            raise UsageError("--writer-python goes with --format minari or lerobot")
        self.policy_maker()
        pattern, words = _NAMES[self.format]
        if re.fullmatch(pattern, self.dataset_name, re.ASCII) is None:
            raise UsageError(
                f"--name of --format {self.format} must be {words}; got {self.dataset_name!r}"
            )
        check_folder(self.out)
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
            say(progress_console, text)
        if log.steps:
            console.print(rollout_tables(f"{self.name}, {self.format} {self.dataset_name}", log))
        if self.final.exists():
            say(console, f"wrote {self.final}")
        if stopped_by is not None:
            raise stopped_by

    # -- the two kinds ------------------------------------------------------------------------

    def _record_video(
        self, log: RolloutLog, progress_console: Console, console: Console
    ) -> BaseException | None:
        from reactor_env.recorder import RecordEpisodes

        wrapped: RecordEpisodes = RecordEpisodes(self._env(), self.final)
        stopped_by = self._play(wrapped, None, None, log, progress_console)
        megabytes = _megabytes(self.final)
        say(console, f"{megabytes:.1f} MB, {wrapped.pictures_dropped} pictures dropped")
        return stopped_by

    def _record_dataset(
        self, log: RolloutLog, progress_console: Console, console: Console
    ) -> BaseException | None:
        from reactor_env.datasets.tape import DatasetTape

        assert self.format != "video"
        exporter = Exporter(self.format, self.out, self.dataset_name, self.writer_python)
        say(progress_console, f"starting the {self.format} writer")
        exporter.start()
        try:
            env = self._env()
            pictures = self._pictures(env)
            tape = DatasetTape(env, exporter, lambda: self._header(env, pictures))
            stopped_by = self._play(env, tape, pictures, log, progress_console)
            tape.discard()
            if isinstance(stopped_by, DatasetError):
                raise stopped_by
            if isinstance(stopped_by, KeyboardInterrupt):
                say(progress_console, "finishing the dataset; Ctrl-C again throws it away")
            written = exporter.finish()
        except KeyboardInterrupt:
            exporter.discard()
            raise
        if written:
            say(
                console,
                f"{exporter.episodes} episodes, {exporter.rows} rows, "
                f"{_megabytes(self.final):.1f} MB; written in {exporter.seconds:.1f} s, "
                f"waited for {exporter.waited_s:.1f} s",
            )
        elif stopped_by is None or isinstance(stopped_by, KeyboardInterrupt):
            say(progress_console, "no episode was finished, so there is no dataset")
        return stopped_by

    def _play(
        self,
        env: gym.Env[Any, Any],
        tape: DatasetTape | None,
        pictures: ColourPictures | None,
        log: RolloutLog,
        progress_console: Console,
    ) -> BaseException | None:
        """Play the episodes, close the environment, and return what ended it before its time."""
        from reactor_env.policies import closing_policies

        maker = self.policy_maker()
        try:
            with (
                contextlib.closing(env),
                closing_policies(maker),
                EpisodeProgress(progress_console, self.dataset_name, self.episodes) as progress,
            ):
                if self.format == "lerobot":
                    names(env.action_space)
                play(
                    env,
                    maker(env, self.seed),
                    self.episodes,
                    self.seed,
                    tape,
                    log,
                    progress.update,
                    deterministic=not self.stochastic,
                    picture=pictures or (lambda observation: observation),
                )
        except BaseException as error:
            return error
        return None

    # -- what it takes ------------------------------------------------------------------------

    def _env(self) -> ReactorEnv:
        return self.make_env(**self.env_options(), render_mode="rgb_array")

    def _pictures(self, env: ReactorEnv) -> ColourPictures | None:
        """Return what makes a dataset's pictures where they are not the observations."""
        from reactor_env.cli.colour_pictures import ColourPictures

        if self.format == "lerobot" and (self.gray or self.channels_first):
            return ColourPictures(env, self.size)
        return None

    def _header(self, env: ReactorEnv, pictures: ColourPictures | None) -> Header:
        observed: dict[str, Any] = {
            "size": list(self.size) if self.size is not None else None,
            "gray": self.gray or None,
            "channels_first": self.channels_first or None,
        }
        observed = {key: value for key, value in observed.items() if value is not None}
        told: Mapping[str, Any] = {
            "world": self.world,
            "world_kwargs": read_options(self.world_kwargs) or None,
            "model": self.model,
            "local": self.local or None,
            "profile": self.profile,
            "mode": env.generation,
            "pacing": {"hz": self.hz} if self.hz is not None else self.pacing,
            "fps": self.fps,
            "observation": observed or None,
            "horizon": self.horizon,
        }
        rate = self.dataset_fps or self.hz or self.fps or env.metadata.get("render_fps")
        return Header(
            observation_space=pictures.space if pictures is not None else env.observation_space,
            action_space=env.action_space,
            fps=max(round(float(rate or _DEFAULT_FPS)), 1),
            streamed=env.generation == "streamed",
            task=self.task or self.name,
            policy=self.policy_name,
            description=(
                f"{self.name}, {env.generation}, played by the policy {self.policy_name}."
            ),
            env_kwargs={key: value for key, value in told.items() if value is not None},
        )


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
