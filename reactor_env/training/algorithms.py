"""The algorithms that ``reactor-env train`` knows, and how each is set up."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import gymnasium as gym

from reactor_env.errors import MissingDependencyError

SMALLEST_PICTURE = 36
"""Pixels a side that SB3's convolutional network needs at least: its three layers take 8, 4 and 3
pixels at strides of 4, 2 and 1."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm.

    Attributes:
        package: The package that has it.
        name: Its class in there.
        on_policy: Whether it learns from what it did since the last update alone. The others keep
            a replay buffer.
        picture_policy: The name of its policy for pictures.
        vector_policy: The name of its policy for anything else.
        history_policy: ``"module:class"`` of its policy for what
            :class:`~reactor_env.wrappers.ActionHistory` returns.
        rollout: The argument that says after how many steps of a slot it learns.
        defaults: Arguments that differ from the class's own defaults. Those are made for Atari's
            ten million steps.
        discrete: Whether it takes ``Discrete`` actions only.
    """

    package: str
    name: str
    on_policy: bool
    picture_policy: str
    vector_policy: str
    history_policy: str
    rollout: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    discrete: bool = False

    def load(self) -> Any:
        """Return the class.

        Raises:
            MissingDependencyError: If its package, or Stable-Baselines3, is not installed.
        """
        return getattr(_required(self.package), self.name)

    def policy(self, observation_space: gym.Space[Any]) -> Any:
        """Return the name, or the class, of the policy for observations of a space."""
        if isinstance(observation_space, gym.spaces.Dict):
            module, _, name = self.history_policy.partition(":")
            return getattr(importlib.import_module(module), name)
        return self.picture_policy if is_picture(observation_space) else self.vector_policy

    def arguments(self, given: Mapping[str, Any], *, streamed: bool) -> dict[str, Any]:
        """Return the arguments of the class: the defaults, and what was given over them.

        Args:
            given: Arguments of the class.
            streamed: Whether the world runs on while the network learns. An algorithm with a
                replay buffer learns between two episodes then.

        Raises:
            ValueError: If ``given`` has an argument that is not for the user to set, or in
                streamed mode one that would let it learn within an episode.
        """
        if taken := sorted(set(given).intersection(_OWN_ARGUMENTS)):
            raise ValueError(f"an agent's arguments cannot be {taken}: they follow from the others")
        made = {**self.defaults, **given}
        if streamed and not self.on_policy:
            if self.rollout in given:
                raise ValueError(
                    f"`{self.rollout}` cannot be set in streamed mode: {self.name} learns between "
                    f"two episodes there, got {given[self.rollout]!r}"
                )
            made |= {self.rollout: (1, "episode"), "gradient_steps": made.get("gradient_steps", -1)}
        return made


_PPO: Mapping[str, Any] = {
    "n_steps": 120,
    "batch_size": 120,
    "n_epochs": 6,
    "learning_rate": 1e-3,
    "ent_coef": 0.05,
}

ALGORITHMS: Mapping[str, Algorithm] = {
    "ppo": Algorithm(
        package="stable_baselines3",
        name="PPO",
        on_policy=True,
        picture_policy="CnnPolicy",
        vector_policy="MlpPolicy",
        history_policy="reactor_env.training.history:HistoryPolicy",
        rollout="n_steps",
        defaults=_PPO,
    ),
    "recurrent-ppo": Algorithm(
        package="sb3_contrib",
        name="RecurrentPPO",
        on_policy=True,
        picture_policy="CnnLstmPolicy",
        vector_policy="MlpLstmPolicy",
        history_policy="reactor_env.training.contrib_history:HistoryLstmPolicy",
        rollout="n_steps",
        defaults=_PPO,
    ),
    "qrdqn": Algorithm(
        package="sb3_contrib",
        name="QRDQN",
        on_policy=False,
        picture_policy="CnnPolicy",
        vector_policy="MlpPolicy",
        history_policy="reactor_env.training.contrib_history:HistoryQuantilePolicy",
        rollout="train_freq",
        defaults={
            "buffer_size": 50_000,
            "learning_starts": 1_000,
            "learning_rate": 5e-4,
            "batch_size": 64,
            "train_freq": 1,
            "target_update_interval": 1_000,
            "exploration_fraction": 0.3,
            "exploration_final_eps": 0.02,
        },
        discrete=True,
    ),
}
"""By the name that ``--agent`` takes."""

_OWN_ARGUMENTS = ("env", "policy", "seed", "device", "verbose", "tensorboard_log")


def check_spaces(
    name: str, observation_space: gym.Space[Any], action_space: gym.Space[Any]
) -> None:
    """Refuse what an algorithm cannot learn from, before it fails somewhere inside.

    Args:
        name: The algorithm's, as in :data:`ALGORITHMS`.
        observation_space: The environment's.
        action_space: Likewise.

    Raises:
        ValueError: If pictures are too small, or the actions are not such that it has.
    """
    parts = observation_space.values() if isinstance(observation_space, gym.spaces.Dict) else None
    for part in parts if parts is not None else [observation_space]:
        if is_picture(part) and _side(part) < SMALLEST_PICTURE:
            raise ValueError(
                f"`size` must be at least {SMALLEST_PICTURE}x{SMALLEST_PICTURE} pixels for the "
                f"network of Stable-Baselines3, got observations of shape {part.shape}"
            )
    taken = _DISCRETE if ALGORITHMS[name].discrete else _ACTIONS
    if not isinstance(action_space, taken):
        names = ", ".join(space.__name__ for space in taken)
        raise ValueError(f"the agent {name!r} must have actions of {names}, got {action_space}")


def is_picture(space: gym.Space[Any]) -> bool:
    """Return whether observations are pictures: uint8, (H, W, C) or (C, H, W)."""
    return isinstance(space, gym.spaces.Box) and space.dtype == "uint8" and len(space.shape) == 3


_DISCRETE = (gym.spaces.Discrete,)
_ACTIONS = (
    gym.spaces.Discrete,
    gym.spaces.Box,
    gym.spaces.MultiDiscrete,
    gym.spaces.MultiBinary,
)


def _side(space: gym.Space[Any]) -> int:
    shape = space.shape
    assert shape is not None
    height, width = shape[1:] if shape[0] < shape[2] else shape[:2]
    return int(min(height, width))


def _required(package: str) -> ModuleType:
    for needed in ("torch", "stable_baselines3", package):
        if importlib.util.find_spec(needed) is None:
            raise MissingDependencyError(
                f'training needs {needed}: pip install "reactor-env[agents]"'
            )
    return importlib.import_module(package)
