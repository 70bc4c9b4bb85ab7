"""The reward of one slot, which leaves to the vector what is computed for several at once."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

from reactor_env.rewards import Moment, Reward


class SlotReward(Reward):
    """A copy of a reward, for one slot; a batch reward within it stays pending.

    Args:
        reward: The reward of the vector.
    """

    def __init__(self, reward: Reward) -> None:
        self._reward = copy.deepcopy(reward)

    def reset(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Begin an episode."""
        self._reward.reset(observation, info)

    def __call__(self, moment: Moment) -> float:
        """Return the reward of one step, or a :class:`~reactor_env.rewards.PendingReward`.

        That is a number to whoever computes with it; the environment only hands it on.
        """
        return cast("float", self._reward.defer(moment))
