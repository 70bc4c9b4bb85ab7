"""Policies that were trained with a history of actions, and keep it themselves when they play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium.spaces.utils import flatten
from numpy.typing import NDArray
from stable_baselines3.common.policies import MultiInputActorCriticPolicy

from reactor_env.policies.pixels import starts_episode
from reactor_env.wrappers.action_history import ACTIONS, OBSERVATION


class Memory(NamedTuple):
    """What such a policy remembers within an episode.

    Attributes:
        actions: (n, d) float32, the last actions, the newest last.
        state: The state of the network, where it has one.
    """

    actions: NDArray[np.float32]
    state: Any


class RemembersActions:
    """Lets a policy for what ``ActionHistory`` returns play the environment without that wrapper.

    Training observations have the history in them. Playing, a plain observation is completed by the
    actions that this policy chose since the episode began, so that whoever plays it needs not know
    that it was trained with a history: nothing is to be said to ``reactor-env eval``.
    """

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: What ``ActionHistory`` returns, also a batch of it; or what the
                environment in it returns, not a batch.
            state: As returned by the call before: a :class:`Memory` for plain observations.
            episode_start: Forgets the state where true.
            deterministic: Take the most probable action.
        """
        above: Any = super()
        if isinstance(observation, Mapping):
            action, state = above.predict(observation, state, episode_start, deterministic)
            return action, state
        first = starts_episode(state, episode_start)
        space: Any = getattr(self, "observation_space")[ACTIONS]  # noqa: B009 - of the other base
        memory = Memory(np.zeros(space.shape, np.float32), None) if first else state
        whole = {OBSERVATION: observation, ACTIONS: memory.actions}
        action, inner = above.predict(whole, memory.state, np.array([first]), deterministic)
        row = np.asarray(flatten(getattr(self, "action_space"), action), np.float32)  # noqa: B009
        return action, Memory(np.concatenate([memory.actions[1:], row[None]]), inner)


class HistoryPolicy(RemembersActions, MultiInputActorCriticPolicy):
    """PPO's."""
