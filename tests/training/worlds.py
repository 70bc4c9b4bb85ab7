"""Small worlds for learners: their observation is a number, and nothing in them takes time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from reactor_env.training.run import Training
from reactor_env.training.settings import Settings
from reactor_env.vector import ThreadVectorEnv
from reactor_env.vector.slot import SlotWrapper

QUICK = {"n_steps": 16, "batch_size": 8, "n_epochs": 2}
"""Arguments of PPO: it learns every 16 steps."""


class Guess(gym.Env[Any, Any]):
    """Shows a number drawn from the seed at every step; the reward is 1 for action 0."""

    def __init__(self, length: int = 5, *, truncates: bool = False) -> None:
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.action_space: gym.Space[Any] = gym.spaces.Discrete(2)
        self.length = length
        self.truncates = truncates
        self.count = 0
        self.seeds: list[int | None] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.count = 0
        return self._look(), {"episode_number": len(self.seeds)}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.count += 1
        over = self.count == self.length
        ends = (False, over) if self.truncates else (over, False)
        return self._look(), float(action == 0), *ends, {"count": self.count}

    def _look(self) -> Any:
        return self.np_random.uniform(-1, 1, 3).astype(np.float32)


class Running(gym.Env[Any, Any]):
    """A world that runs on: it shows its clock, which goes on between the steps as it likes.

    Attributes:
        generation: As a real environment says it.
        clock: Moves by one with every step.
    """

    def __init__(self, length: int = 7, generation: str = "streamed") -> None:
        self.observation_space = gym.spaces.Box(0.0, 1e6, (1,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        self.generation = generation
        self.length = length
        self.clock = 0
        self.count = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        self.count = 0
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.clock += 1
        self.count += 1
        info = {"frames_skipped": 2, "deadline_missed": self.count == 1}
        return self._look(), 0.0, self.count == self.length, False, info

    def _look(self) -> Any:
        return np.array([self.clock], np.float32)


class Losing(Guess):
    """Loses its session at some steps of its life, or cannot begin an episode any more.

    Args:
        lost_at: The steps.
        broken: Raised by the reset after the first loss.
    """

    def __init__(self, lost_at: Sequence[int], broken: Exception | None = None) -> None:
        super().__init__()
        self.lost_at = lost_at
        self.broken = broken
        self.lived = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        if self.broken is not None and self.lived >= self.lost_at[0]:
            raise self.broken
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.lived += 1
        observation, reward, terminated, truncated, info = super().step(action)
        if self.lived in self.lost_at:
            return observation, 0.0, False, True, {**info, "session_lost": "gone"}
        return observation, reward, terminated, truncated, info


def vector(
    make: Callable[[], gym.Env[Any, Any]] = Guess,
    slots: int = 1,
    wrappers: Sequence[SlotWrapper] = (),
) -> ThreadVectorEnv:
    return ThreadVectorEnv(
        [make] * slots, autoreset_mode=AutoresetMode.SAME_STEP, slot_wrappers=wrappers
    )


def training(
    out: Path, steps: int, envs: ThreadVectorEnv | None = None, **settings: Any
) -> Training:
    """Return a training of PPO, unless the settings say otherwise."""
    given = {"agent": "ppo", "agent_kwargs": QUICK, **settings}
    return Training(envs or vector(), Settings(steps=steps, **given), out)
