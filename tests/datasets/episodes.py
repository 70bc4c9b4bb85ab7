"""Episodes of known content, spooled as a recording does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.datasets.columns import observed
from reactor_env.datasets.spool import Header, SpoolWriter, Step

SHAPE = (48, 64, 3)


def header(action_space: gym.Space[Any] | None = None, **changes: Any) -> Header:
    facts: dict[str, Any] = {
        "observation_space": gym.spaces.Box(0, 255, SHAPE, np.uint8),
        "action_space": action_space or gym.spaces.Discrete(3),
        "fps": 10,
        "streamed": False,
        "task": "look around",
        "policy": "random",
        "description": "A test.",
        "env_kwargs": {"world": "catch"},
    }
    return Header(**{**facts, **changes})


def pictures(steps: int, seed: int = 0) -> NDArray[np.uint8]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (steps + 1, *SHAPE), np.uint8)


def spool(
    folder: Path,
    observations: NDArray[np.uint8],
    actions: list[Any] | None = None,
    arrivals_us: list[int] | None = None,
    seed: int | None = 4,
) -> Path:
    """Spool an episode that is truncated at its end; the reward of each step is its number."""
    writer = SpoolWriter(folder, seed)
    steps = len(observations) - 1
    for number, observation in enumerate(observations):
        arrival_us = arrivals_us[number] if arrivals_us else 100_000 * number
        row = observed({"frame_id": 10 + number}, arrival_us, 500 + number)
        step = None
        if number:
            action = actions[number - 1] if actions else number % 3
            step = Step(action, float(number), False, number == steps)
        writer.add(observation, row, step)
    writer.finish()
    return folder
