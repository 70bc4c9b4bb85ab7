"""``reactor-env train``: train an agent in a world, and keep the model."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import tyro
from rich.console import Console

from reactor_env.cli.arguments import check_at_least, check_folder, command_line, plain, say
from reactor_env.cli.observing import Observing
from reactor_env.cli.target import UsageError, read_options
from reactor_env.cli.train_progress import TrainProgress, facts
from reactor_env.files import write_json
from reactor_env.latency.report import load_average, report_head

if TYPE_CHECKING:
    from reactor_env.training.checkpoints import Checkpoint
    from reactor_env.training.record import TrainingLog
    from reactor_env.training.run import Training
    from reactor_env.training.settings import Settings
    from reactor_env.vector import ThreadVectorEnv

RECORD = "train.json"

FREE = ("steps", "checkpoint_every", "out", "resume", "device", "threads", "step_timeout")
"""Arguments that may change when a training is resumed."""

_PACKAGES = ("reactor-env", "gymnasium", "numpy", "torch", "stable-baselines3")

Agent = Literal["ppo", "recurrent-ppo", "qrdqn"]


@dataclass(frozen=True, kw_only=True)
class Train(Observing):
    """Train an agent in a world by Stable-Baselines3, with checkpoints.

    Stepped, the world waits while the agent acts and learns; streamed, it is reset after every
    update. Pictures must be 36x36 at least. Ctrl-C writes a checkpoint and says how to go on.

    Attributes:
        agent: The algorithm: ppo, recurrent-ppo (with an LSTM), or qrdqn (with a replay buffer;
            discrete actions only).
        out: Folder for model.zip, the checkpoints, TensorBoard's logs (tb) and train.json.
        steps: Steps of all slots together; a rollout that is begun is finished.
        slots: Sessions that are stepped together. One in streamed mode.
        seed: Of the network, the actions and the first episode of the first slot; each further
            slot has the next number.
        agent_kwargs: Arguments of the algorithm's class as NAME=VALUE, for example n_steps=256.
        history: Let the agent see its last so many actions, for worlds that answer late. The model
            remembers them by itself when it plays.
        delays: Milliseconds by which actions are held back: one delay, or several of which each
            episode has one. Stepped, they are rounded to steps of the world.
        checkpoint_every: Steps between two checkpoints.
        resume: Go on from the newest checkpoint in --out, with the same arguments.
        device: Where the network is.
        threads: Threads of torch on the CPU. With one, runs with equal seeds are equal.
    """

    agent: Agent
    out: Path
    steps: int = 100_000
    slots: int = 1
    seed: int = 0
    agent_kwargs: tuple[str, ...] = ()
    history: int = 0
    delays: Annotated[tuple[float, ...], tyro.conf.arg(metavar="MS [MS ...]")] = ()
    checkpoint_every: int = 10_000
    resume: bool = False
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 1

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If Stable-Baselines3, or the agent's package, is not installed.
        """
        from reactor_env.training.algorithms import ALGORITHMS

        self.check_observing()
        check_at_least(self, 1, "steps", "slots", "checkpoint_every", "threads")
        check_at_least(self, 0, "seed", "history")
        if not all(0 <= delay < float("inf") for delay in self.delays):
            raise UsageError(f"--delays must not be negative, got {self.delays}")
        if self.agent not in ALGORITHMS:
            raise UsageError(f"--agent must be {', '.join(get_args(Agent))}, got {self.agent}")
        if self.slots > 1 and (self.local or self.streamed):
            reason = (
                "a runtime has one session at a time"
                if self.local
                else "while one world is reset the others run on"
            )
            told = "--local" if self.local else "--mode streamed"
            raise UsageError(f"--slots must be 1 with {told}, got {self.slots}: {reason}")
        algorithm = ALGORITHMS[self.agent]
        given = read_options(self.agent_kwargs, "--agent-kwargs")
        try:
            algorithm.arguments(given, streamed=self.streamed)
        except ValueError as error:
            raise UsageError(f"--agent-kwargs: {error}") from error
        check_folder(self.out)
        algorithm.load()
        self.checkpoint()

    def checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint to go on from; ``None`` where the training begins.

        Raises:
            UsageError: If there is none to resume, there is one and it is not to be resumed, or the
                training in the folder was begun with other arguments, or is done.
        """
        from reactor_env.training.checkpoints import Checkpoints
        from reactor_env.training.record import check_same
        from reactor_env.training.run import CHECKPOINTS

        newest = Checkpoints(self.out / CHECKPOINTS).newest()
        if not self.resume:
            if newest is not None:
                raise UsageError(
                    f"there is a training in {self.out} already: go on with --resume, or give "
                    "another --out"
                )
            return None
        record = self.out / RECORD
        if newest is None or not record.is_file():
            raise UsageError(f"--resume: there is no checkpoint in {self.out}")
        before = json.loads(record.read_text(encoding="utf-8"))["arguments"]
        try:
            check_same(before, self.arguments, FREE)
        except ValueError as error:
            raise UsageError(f"--resume: {error}") from error
        if newest.steps >= self.steps:
            raise UsageError(
                f"--steps must be more than the {newest.steps} that are done in {self.out}, got "
                f"{self.steps}"
            )
        return newest

    def run(self) -> None:
        """Train, and write the model.

        Raises:
            KeyboardInterrupt: After Ctrl-C, when a checkpoint is written.
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        self.check()
        checkpoint = self.checkpoint()
        console, progress_console = Console(), Console(stderr=True)
        with closing(self.make_envs()) as envs:
            finished = self._train(envs, checkpoint, progress_console, console)
        if not finished:
            raise KeyboardInterrupt

    def make_envs(self) -> ThreadVectorEnv:
        """Make the vector environment; nothing is started or connected yet."""
        from gymnasium.vector import AutoresetMode

        from reactor_env.training.delays import RandomDelay
        from reactor_env.vector import ReactorVectorEnv
        from reactor_env.wrappers import ActionHistory

        wrappers: list[Any] = []
        if self.delays:
            wrappers.append(functools.partial(RandomDelay, delays_ms=self.delays, rate=self.hz))
        if self.history:
            wrappers.append(functools.partial(ActionHistory, n=self.history, delay=False))
        return ReactorVectorEnv(
            self.slots,
            autoreset_mode=AutoresetMode.SAME_STEP,
            slot_wrappers=wrappers,
            **self.target_options(),
            **self.env_options(),
        )

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments, as JSON has them."""
        return plain(self)

    @property
    def command(self) -> str:
        """What to type to get the same."""
        return command_line("train", self)

    @property
    def settings(self) -> Settings:
        """What the training is told."""
        from reactor_env.training.settings import Settings

        return Settings(
            agent=self.agent,
            steps=self.steps,
            seed=self.seed,
            agent_kwargs=read_options(self.agent_kwargs, "--agent-kwargs"),
            checkpoint_every=self.checkpoint_every,
            device=self.device,
            threads=self.threads,
        )

    # -- what it takes ------------------------------------------------------------------------

    def _train(
        self,
        envs: ThreadVectorEnv,
        checkpoint: Checkpoint | None,
        progress_console: Console,
        console: Console,
    ) -> bool:
        from reactor_env.training.interrupt import Interrupt
        from reactor_env.training.run import BOARD, MODEL, Training, has_tensorboard

        before = load_average()
        log = checkpoint.log() if checkpoint is not None else None
        training = Training(envs, self.settings, self.out, log)
        with TrainProgress(progress_console, f"{self.agent} on {self.name}", self.steps) as show:
            if not has_tensorboard():
                show.say("reactor-env: no TensorBoard logs: pip install tensorboard")
            if checkpoint is not None:
                show.say(f"reactor-env: goes on after {checkpoint.steps} steps")

            def asked() -> None:
                show.say("reactor-env: stopping after this step; Ctrl-C again stops at once")

            with Interrupt(asked) as interrupt:
                finished = training.run(
                    checkpoint,
                    stopping=lambda: interrupt.asked,
                    on_step=show.update,
                    on_save=lambda log: self._record(training, log, before),
                )
        say(console, f"{training.log.steps} steps  {facts(training.log)}")
        say(console, f"wrote {self.out / MODEL} and {self.out / RECORD}")
        if has_tensorboard():
            say(console, f"curves: tensorboard --logdir {self.out / BOARD}")
        if not finished:
            again = self.command if self.resume else f"{self.command} --resume"
            say(progress_console, f"to go on: {again}")
        return finished

    def _record(self, training: Training, log: TrainingLog, load_before: float) -> None:
        packages = list(_PACKAGES)
        if training.package == "sb3_contrib":
            packages.append("sb3-contrib")
        document: Mapping[str, Any] = {
            **report_head(packages, (load_before, load_average()), self.arguments),
            "command": self.command,
            "generation": "streamed" if training.streamed else "stepped",
            **log.document(),
        }
        write_json(self.out / RECORD, document)
