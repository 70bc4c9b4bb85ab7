"""Rewards, and where an episode stands by the metadata that travels with each frame.

A bundled world sends its rewards with its frames. Most models send none: then a :class:`Reward`
makes one of what they do send, or of the pictures. Rewards add up (``a + b``) and scale
(``2 * a``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_env.client.video import VideoFrame


@dataclass(frozen=True, slots=True)
class EpisodePoint:
    """Where in which episode a frame was made; from its metadata.

    Attributes:
        episode: Counts the resets of the session; ``None`` when the model sends no metadata.
        step: Environment steps since the reset, 0 for the first frame.
        action_seq: The number of the last action applied, -1 before the first, ``None`` when
            the model does not say.
        reward: The reward of this one step.
        total: The sum of the episode's rewards up to here.
        terminated: Whether the episode reached an end of its own.
        truncated: Whether it was cut off.
    """

    episode: int | None = None
    step: int = 0
    action_seq: int | None = None
    reward: float = 0.0
    total: float = 0.0
    terminated: bool = False
    truncated: bool = False

    @property
    def over(self) -> bool:
        """Whether the episode ends with this frame."""
        return self.terminated or self.truncated


NOWHERE = EpisodePoint()


def episode_point(frame: VideoFrame) -> EpisodePoint:
    """Read where a frame stands in its episode.

    Args:
        frame: Any frame.

    Returns:
        Its place; :data:`NOWHERE` for a frame without a bundled world's metadata.
    """
    data = frame.metadata
    if "episode" not in data or "step" not in data:
        return NOWHERE
    sequence = data.get("action_seq")
    return EpisodePoint(
        episode=int(data["episode"]),
        step=int(data["step"]),
        action_seq=int(sequence) if sequence is not None else None,
        reward=float(data.get("reward", 0.0)),
        total=float(data.get("return", 0.0)),
        terminated=bool(data.get("terminated", False)),
        truncated=bool(data.get("truncated", False)),
    )


def reward_between(last: EpisodePoint, new: EpisodePoint) -> float:
    """Return the reward from one returned frame to the next.

    A step that follows directly gives its own reward, exactly. Where frames were skipped, theirs
    are included: the difference of the running totals. A repeated frame gives 0.

    Args:
        last: The frame returned before, of the same episode.
        new: The frame returned now.
    """
    if new.step <= last.step:
        return 0.0
    if new.step == last.step + 1:
        return new.reward
    return new.total - last.total


@dataclass(frozen=True, slots=True)
class Moment:
    """One step, as a reward sees it.

    Attributes:
        observation: What the step returns.
        action: What it was given.
        info: What is known about it, without the reward.
        world_reward: The reward that came with the frames, skipped ones included; 0 where none
            did.
        repeated: Whether the frame was returned before.
    """

    observation: Any
    action: Any
    info: Mapping[str, Any]
    world_reward: float
    repeated: bool


class Reward(ABC):
    """Makes one reward of each step. One object serves one environment."""

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

    def __add__(self, other: Reward) -> Reward:
        """Return the sum of two rewards."""
        if not isinstance(other, Reward):
            return NotImplemented
        return SumReward((self, other))

    def __mul__(self, factor: float) -> Reward:
        """Return this reward times a number."""
        return SumReward((self,), float(factor))

    __rmul__ = __mul__


class FrameReward(Reward):
    """The reward that travels with the frames, or any number in their metadata.

    Args:
        field: A key of the frames' metadata; by default a bundled world's reward, with that of
            the frames that were skipped. A frame without it, and a repeated one, give 0.
        change: The change of that number since the last frame that had it, for one that adds up.

    Raises:
        ValueError: If ``change`` is asked for without a field.
    """

    def __init__(self, field: str | None = None, *, change: bool = False) -> None:
        if change and field is None:
            raise ValueError("`change` needs a `field`, got none")
        self._field = field
        self._change = _Change() if change else None

    def reset(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Take the number of the first frame as the one to begin from."""
        if self._change is not None and self._field is not None:
            self._change.begin(_number(info["metadata"], self._field))

    def __call__(self, moment: Moment) -> float:
        """Return what the frame says."""
        if self._field is None:
            return moment.world_reward
        value = _number(moment.info["metadata"], self._field)
        if moment.repeated or value is None:
            return 0.0
        return value if self._change is None else self._change.to(value)


class MessageReward(Reward):
    """A number in a model's message, summed over the messages of a step.

    Args:
        message: The message's name.
        field: Its field; without one, each such message counts 1.
        change: The change of that number since the last message, for one that adds up. The first
            message of an episode gives 0.

    Raises:
        ValueError: If ``change`` is asked for without a field.
    """

    def __init__(self, message: str, field: str | None = None, *, change: bool = False) -> None:
        if change and field is None:
            raise ValueError("`change` needs a `field`, got none")
        self._message = message
        self._field = field
        self._change = _Change() if change else None

    def reset(self, observation: Any, info: Mapping[str, Any]) -> None:
        """Forget the last episode's number; take what a message already says."""
        if self._change is not None:
            values = self._values(info["messages"])
            self._change.begin(values[-1] if values else None)

    def __call__(self, moment: Moment) -> float:
        """Return the sum over the messages of this step."""
        values = self._values(moment.info["messages"])
        return sum(values if self._change is None else map(self._change.to, values), 0.0)

    def _values(self, messages: Sequence[Mapping[str, Any]]) -> list[float]:
        found = [m.get("data") or {} for m in messages if m.get("type") == self._message]
        if self._field is None:
            return [1.0] * len(found)
        numbers = (_number(data, self._field) for data in found)
        return [number for number in numbers if number is not None]


class FunctionReward(Reward):
    """A Python function of the observation, the action and what is known about the step.

    Args:
        function: Called as ``function(observation, action, info)``; returns a number. It is called
            for repeated frames, too.

    Raises:
        TypeError: If it cannot be called.
    """

    def __init__(self, function: Callable[[Any, Any, Mapping[str, Any]], float]) -> None:
        if not callable(function):
            raise TypeError(f"`function` must be callable, got {function!r}")
        self._function = function

    def __call__(self, moment: Moment) -> float:
        """Return what the function does."""
        return float(self._function(moment.observation, moment.action, moment.info))


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


def as_reward(given: Reward | Callable[[Any, Any, Mapping[str, Any]], float] | None) -> Reward:
    """Return the ``reward`` of an environment as an object.

    Args:
        given: A reward, a function for :class:`FunctionReward`, or ``None`` for what travels with
            the frames.

    Raises:
        TypeError: If it is something else.
    """
    if given is None:
        return FrameReward()
    if isinstance(given, Reward):
        return given
    if callable(given):
        return FunctionReward(given)
    raise TypeError(f"`reward` must be a Reward or a function, got {given!r}")


class _Change:
    """Turns numbers into their differences."""

    def __init__(self) -> None:
        self._last: float | None = None

    def begin(self, value: float | None) -> None:
        self._last = value

    def to(self, value: float) -> float:
        last, self._last = self._last, value
        return 0.0 if last is None else value - last


def _number(data: Mapping[str, Any], field: str) -> float | None:
    value = data.get(field)
    return float(value) if isinstance(value, int | float) else None
