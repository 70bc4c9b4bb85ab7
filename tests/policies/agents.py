"""What users may name on the command line."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import nn


class Stays:
    """Never moves; made of an environment."""

    made = 0

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        assert isinstance(env, gym.Env)
        Stays.made += 1

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.int64, None]:
        return np.int64(1), None


class Right(nn.Module):
    """Always moves to the right."""

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.tensor([[0.0, 0.0, 9.0]])


right = Right()


class Plain(Stays):
    """Needs no environment."""

    def __init__(self) -> None:
        pass


def network(env: gym.Env[Any, Any]) -> Right:
    """Make a module of an environment."""
    return Right()


def nobody(env: gym.Env[Any, Any]) -> int:
    """Make no agent."""
    return 3


NUMBER = 3


class SeesGray(Stays):
    """Plays what was trained with ``--size 36 36 --gray --channels-first``."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, None]:
        assert observation.shape == (1, 36, 36), observation.shape
        assert deterministic
        return np.array(2), None  # as Stable-Baselines3 returns one: an array without axes
