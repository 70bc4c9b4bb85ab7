"""What a reward is, what it sees of a step, and sums of rewards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from reactor_env.client.video import VideoFrame
from reactor_env.rewards.pending import PendingReward


class Moment(NamedTuple):
    """One step, as a reward sees it.

    Attributes:
        observation: What the step returns.
        action: What it was given.
        info: What is known about it, without the reward.
        world_reward: The reward that came with the frames, skipped ones included; 0 where none
            did.
        repeated: Whether the frame was returned before.
        frame: The frame of which the observation was made, at the model's own size; ``None``
            where there is none.
    """

    observation: Any
    action: Any
    info: Mapping[str, Any]
    world_reward: float
    repeated: bool
    frame: VideoFrame | None = None


class Reward(ABC):
    """Makes one reward of each step. One object serves one environment.

    In a vector every slot has a copy of its own, made by :func:`copy.deepcopy`.
    """

    def reset(self, observation: Any, info: Mapping[str, Any]) -> None:  # noqa: B027 - optional
        """Begin an episode; by default there is nothing to begin.

        Args:
            observation: Its first.
            info: What :meth:`~reactor_env.env.ReactorEnv.reset` returns beside it.
        """

    @abstractmethod
    def __call__(self, moment: Moment) -> float:
        """Return the reward of one step.

        Args:
            moment: The step.
        """

    def defer(self, moment: Moment) -> float | PendingReward:
        """Return the reward of one step, or what will be it once it is computed with others.

        A vector asks for it in this way; by default it is computed at once.

        Args:
            moment: The step.
        """
        return self(moment)

    def __add__(self, other: Reward) -> Reward:
        """Return the sum of two rewards."""
        if not isinstance(other, Reward):
            return NotImplemented
        return SumReward((self, other))

    def __sub__(self, other: Reward) -> Reward:
        """Return the difference of two rewards."""
        if not isinstance(other, Reward):
            return NotImplemented
        return SumReward((self, -other))

    def __neg__(self) -> Reward:
        """Return this reward as a cost."""
        return SumReward((self,), -1.0)

    def __mul__(self, factor: float) -> Reward:
        """Return this reward times a number."""
        return SumReward((self,), float(factor))

    __rmul__ = __mul__


class SumReward(Reward):
    """The sum of other rewards, times a number.

    Args:
        parts: The rewards.
        factor: The number.
    """

    def __init__(self, parts: Sequence[Reward], factor: float = 1.0) -> None:
        self._parts = tuple(parts)
        self._factor = factor

    def reset(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Begin an episode of each."""
        for part in self._parts:
            part.reset(observation, info)

    def __call__(self, moment: Moment) -> float:
        """Return the sum."""
        return self._factor * sum(part(moment) for part in self._parts)

    def defer(self, moment: Moment) -> float | PendingReward:
        """Return the sum, pending if one of its parts is."""
        pending = PendingReward([part.defer(moment) for part in self._parts], self._factor)
        return pending if pending.questions else float(pending)
