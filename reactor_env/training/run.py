"""One training, from the first step or from a checkpoint to the model's file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reactor_env.client.errors import ReactorClientError
from reactor_env.errors import RuntimeStartError
from reactor_env.training.algorithms import ALGORITHMS, check_spaces
from reactor_env.training.checkpoints import Checkpoint, Checkpoints, save_model
from reactor_env.training.record import TrainingLog
from reactor_env.training.settings import Settings, seed_at

if TYPE_CHECKING:
    from reactor_env.vector import ThreadVectorEnv

MODEL, CHECKPOINTS, BOARD = "model.zip", "checkpoints", "tb"


class Training:
    """Trains an agent in a vector environment, with checkpoints in a folder.

    Args:
        envs: With ``autoreset_mode="SameStep"``; not closed.
        settings: What to train.
        out: Folder for the model, the checkpoints and the TensorBoard logs.
        log: What happened before, if this is resumed.

    Attributes:
        log: What happened so far.
        streamed: Whether the worlds run on while the network learns; known once it is running.
        package: The package that has the algorithm.

    Raises:
        MissingDependencyError: If Stable-Baselines3, or the package of the algorithm, is not
            installed.
    """

    def __init__(
        self,
        envs: ThreadVectorEnv,
        settings: Settings,
        out: Path,
        log: TrainingLog | None = None,
    ) -> None:
        self.log = log or TrainingLog()
        self.streamed = False
        self._algorithm = ALGORITHMS[settings.agent]
        self.package = self._algorithm.package
        self._class = self._algorithm.load()
        self._envs = envs
        self._settings = settings
        self._out = out
        self._checkpoints = Checkpoints(out / CHECKPOINTS)
        self._model: Any = None

    def run(
        self,
        resume: Checkpoint | None = None,
        *,
        stopping: Callable[[], bool] = lambda: False,
        on_step: Callable[[TrainingLog], None] = lambda log: None,
        on_save: Callable[[TrainingLog], None] = lambda log: None,
    ) -> bool:
        """Train until the settings' steps are done, and write the model.

        Args:
            resume: Where to go on.
            stopping: Asked at every step whether to stop before.
            on_step: Called after every step.
            on_save: Called after every checkpoint, the last one included.

        Returns:
            Whether it was finished; otherwise a checkpoint says how far it came.

        Raises:
            ValueError: If the algorithm cannot be trained in this environment, or not so.
            ReactorClientError: If a session cannot be had any more; what was learned is in a
                checkpoint then. Likewise :class:`~reactor_env.errors.RuntimeStartError`.
        """
        import torch

        from reactor_env.training.callbacks import Between

        torch.set_num_threads(self._settings.threads)
        venv = self._venv()
        model = self._model = self._load(venv, resume) if resume else self._new(venv)
        model.set_logger(_logger(self._out / BOARD))

        def save() -> None:
            self._checkpoints.save(model, self.log)
            on_save(self.log)

        between = Between(
            self.log,
            self._settings,
            streamed=self.streamed,
            on_policy=self._algorithm.on_policy,
            save=save,
            stopping=stopping,
            on_step=on_step,
        )
        stopped_by: Exception | None = None
        try:
            left = self._settings.steps - model.num_timesteps
            model.learn(left, callback=between, reset_num_timesteps=resume is None)
        except (ReactorClientError, RuntimeStartError) as error:
            stopped_by = error
        finished = stopped_by is None and not between.stopped
        if not finished:
            between.cut()
        save_model(model, self._out / MODEL)
        save()
        if stopped_by is not None:
            raise stopped_by
        return finished

    def parameters(self) -> Mapping[str, Any]:
        """Return the parameters of the network, by name, as tensors."""
        found: Mapping[str, Any] = self._model.policy.state_dict()
        return found

    # -- what it takes ------------------------------------------------------------------------

    def _venv(self) -> Any:
        """Open the sessions, and see how they generate."""
        from stable_baselines3.common.vec_env import VecMonitor

        from reactor_env.training.vec_env import SB3VecEnv

        venv = VecMonitor(SB3VecEnv(self._envs))
        check_spaces(self._settings.agent, venv.observation_space, venv.action_space)
        venv.reset()
        self.streamed = getattr(self._envs.envs[0].unwrapped, "generation", "stepped") == "streamed"
        if self.streamed and self._envs.num_envs > 1:
            raise ValueError(
                f"`slots` must be 1 in streamed mode, got {self._envs.num_envs}: while one world "
                "is reset the others run on, and what their agents saw last is old"
            )
        return venv

    def _new(self, venv: Any) -> Any:
        settings = self._settings
        arguments = self._algorithm.arguments(settings.agent_kwargs, streamed=self.streamed)
        try:
            return self._class(
                self._algorithm.policy(venv.observation_space),
                venv,
                seed=settings.seed,
                device=settings.device,
                **arguments,
            )
        except TypeError as error:
            raise ValueError(
                f"the agent {settings.agent!r} has other arguments: {error}"
            ) from error

    def _load(self, venv: Any, checkpoint: Checkpoint) -> Any:
        settings = self._settings
        model = self._class.load(checkpoint.model, env=venv, device=settings.device)
        if not self._algorithm.on_policy:
            model.load_replay_buffer(checkpoint.replay)
        model.set_random_seed(seed_at(settings.seed, model.num_timesteps))
        return model


def has_tensorboard() -> bool:
    """Return whether TensorBoard's logs can be written."""
    return importlib.util.find_spec("tensorboard") is not None


def _logger(folder: Path) -> Any:
    from stable_baselines3.common.logger import Logger, configure

    if has_tensorboard():
        return configure(str(folder), ["tensorboard"])
    return Logger(folder=None, output_formats=[])
