"""Rewards that are computed for several environments at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

from reactor_env.rewards.pending import PendingReward, Question
from reactor_env.rewards.reward import Moment, Reward


class BatchReward(Reward):
    """A reward that a vector computes by one call for all slots that stepped.

    It keeps nothing from step to step, so that one object serves every slot, and a deep copy is
    the object itself. :meth:`see` is called on the slots' threads, :meth:`batch` on the caller's.

    Example:
        >>> class Asked(BatchReward):
        ...     def see(self, moment):
        ...         return moment.observation
        ...
        ...     def batch(self, inputs):
        ...         return my_service.score(inputs)
    """

    @abstractmethod
    def see(self, moment: Moment) -> Any:
        """Return what the reward of a step is computed from; ``None`` where it is 0.

        Args:
            moment: The step.
        """

    @abstractmethod
    def batch(self, inputs: Sequence[Any]) -> Sequence[float]:
        """Return the rewards of several steps.

        Args:
            inputs: What :meth:`see` returned for each; at least one.
        """

    def __call__(self, moment: Moment) -> float:
        """Return the reward of one step."""
        return float(self.defer(moment))

    def defer(self, moment: Moment) -> float | PendingReward:
        """Return what will be the reward."""
        given = self.see(moment)
        return 0.0 if given is None else PendingReward([Question(self, given)])

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the reward itself; weights and connections are not to be copied."""
        return self
