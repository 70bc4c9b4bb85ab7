"""What a policy is, and the one that needs no observation."""

from __future__ import annotations

import copy
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym


@runtime_checkable
class Policy(Protocol):
    """Chooses actions, by the ``predict`` protocol of Stable-Baselines3.

    A trained Stable-Baselines3 model is one, and so is anything else with this method. What is
    remembered within an episode is in ``state``, so that one policy serves any number of
    environments, on threads of their own, too.
    """

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Choose an action.

        Args:
            observation: One observation of one environment.
            state: What the previous call in this episode returned, ``None`` at its beginning.
            episode_start: Whether ``observation`` is the first of its episode, as a truth value
                or an array of one, (1,) bool; ``None`` leaves that to ``state``.
            deterministic: Ask for the most probable action instead of a drawn one. Policies that
                have only one of both ignore it.

        Returns:
            An action of the environment's action space, and the state for the next call.
        """
        ...


class RandomPolicy:
    """Draws every action from the action space.

    Args:
        action_space: Copied, so that drawing leaves the original's random numbers alone.
        seed: Makes the draws reproducible; ``None`` takes a seed from the operating system.

    Example:
        >>> policy = RandomPolicy(gym.spaces.Discrete(3), seed=0)
        >>> action, state = policy.predict(observation=None)
    """

    def __init__(self, action_space: gym.Space[Any], seed: int | None = None) -> None:
        self._space = copy.deepcopy(action_space)
        self._space.seed(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Draw an action; see :meth:`Policy.predict`. Every argument is ignored."""
        return self._space.sample(), None
