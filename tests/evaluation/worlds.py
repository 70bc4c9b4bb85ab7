"""Small worlds with known returns, and what breaks them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.evaluation.episodes import Episode, Job, Play
from reactor_env.policies import PolicyMaker


class Counting(gym.Env[Any, Any]):
    """An episode of seed s lasts s % 5 + 1 steps, each of which returns the action.

    Args:
        before_step: Called with the seed and the number of the step; what it returns is added to
            the step's info.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012 - as Gymnasium's

    def __init__(self, before_step: Callable[[int, int], dict[str, Any]] | None = None) -> None:
        self.action_space = gym.spaces.Discrete(10)
        self.observation_space = gym.spaces.Box(0, 255, (8, 8, 3), np.uint8)
        self.render_mode = "rgb_array"
        self.seeds: list[int] = []
        self.threads: set[str] = set()
        self._before_step = before_step
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        assert seed is not None
        self.seeds.append(seed)
        self.threads.add(threading.current_thread().name)
        self._steps = 0
        return self.render(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        info = self._before_step(self.seeds[-1], self._steps) if self._before_step else {}
        self._steps += 1
        over = self._steps > self.seeds[-1] % 5
        lost = "session_lost" in info
        return self.render(), float(action), over and not lost, lost, info

    def render(self) -> Any:
        return np.full((8, 8, 3), min(40 * self._steps, 255), np.uint8)


class Always:
    """Takes the same action; notes what it was called with."""

    def __init__(self, action: int) -> None:
        self.action = action
        self.calls: list[tuple[Any, bool, bool]] = []

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[int, Any]:
        self.calls.append((state, bool(episode_start), deterministic))
        return self.action, (state or 0) + 1


def always(action: int) -> PolicyMaker:
    """Return the maker of a policy that takes the same action."""
    policy = Always(action)
    return lambda env, seed: policy


def episode(agent: str, seed: int, score: float, **play: Any) -> Episode:
    """Return an episode that ended."""
    made = Play(total=score, **{"length": 10, "end": "the world terminated it", **play})
    return Episode(job=Job(agent, seed, seed), slot=0, outcome="ended", play=made)
