"""What happens between the steps and the updates of Stable-Baselines3."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from reactor_env.training.record import TrainingLog
from reactor_env.training.settings import Settings, seed_at


class Between(BaseCallback):
    """Keeps the log, writes checkpoints, and begins again after an update where that is due.

    *Streamed.* While the network learns the world runs on, and the last observation before the
    update is old when the next action is chosen. That pair would be a transition that no acting
    agent ever makes. So the worlds are reset after every update, and the first transition begins
    with the frame of that reset; episodes that were under way end without a result, their last
    observation valued as one that was cut short. Everything else that takes time, such as writing
    a checkpoint, is done before that reset. Stepped worlds wait, and go on where they were.

    *Checkpoints* are written when an update is done. Then every source of random numbers is seeded
    anew by seed and step (:func:`~.settings.seed_at`), and the worlds are reset. A training that is
    resumed from there does the same, so that in stepped mode it is the one that was not
    interrupted, bit for bit.

    Args:
        log: To be kept.
        settings: Of the training.
        streamed: Whether the worlds run on during an update.
        on_policy: Whether a rollout that is not finished is of no use.
        save: Writes a checkpoint.
        stopping: Asked at every step whether to stop.
        on_step: Called after every step.

    Attributes:
        stopped: Whether ``learn`` ended because of ``stopping``.
    """

    model: Any

    def __init__(
        self,
        log: TrainingLog,
        settings: Settings,
        *,
        streamed: bool,
        on_policy: bool,
        save: Callable[[], None],
        stopping: Callable[[], bool],
        on_step: Callable[[TrainingLog], None],
    ) -> None:
        super().__init__()
        self._log = log
        self._settings = settings
        self._streamed = streamed
        self._on_policy = on_policy
        self._save = save
        self._stopping = stopping
        self._on_step_done = on_step
        self._learned = log.steps
        self._saved = log.steps
        self._before_s = log.seconds
        self._began = 0.0
        self._first = True
        self.stopped = False

    def _on_training_start(self) -> None:
        self._began = time.perf_counter()

    def _on_rollout_start(self) -> None:
        self._learned = self.model.num_timesteps
        if self._first:  # learn() has reset the worlds
            self._first = False
            return
        self._count_seconds()
        due = self._learned - self._saved >= self._settings.checkpoint_every
        if due:
            self._saved = self._learned
            self._save()
            self.model.set_random_seed(seed_at(self._settings.seed, self._learned))
        if due or self._streamed:
            self.model._last_obs = self.model.env.reset()
            self.model._last_episode_starts = np.ones(self.model.n_envs, np.bool_)

    def _on_step(self) -> bool:
        if self._stopping():
            self.stopped = True
            # The step is not stored any more.
            self.model.num_timesteps -= self.model.n_envs
            return False
        self._count_seconds()
        self._log.add(self.num_timesteps, self.locals["infos"])
        self._on_step_done(self._log)
        return True

    def _on_rollout_end(self) -> None:
        log, record = self._log, self.model.logger.record
        record("sessions/lost", log.sessions_lost)
        if self._streamed:
            record("sessions/frames_skipped", log.frames_skipped)
        if log.deadlines_missed is not None:
            record("sessions/deadlines_missed", log.deadlines_missed)

    def _on_training_end(self) -> None:
        self._count_seconds()

    def _count_seconds(self) -> None:
        self._log.seconds = self._before_s + time.perf_counter() - self._began

    def cut(self) -> None:
        """Leave out the steps from which nothing will be learned: the training was stopped."""
        if self._on_policy:
            self.model.num_timesteps = self._learned
        self._log.cut(self.model.num_timesteps)
