"""Rewards made of what a model sends with its frames and messages, or by a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactor_env.rewards.reward import Moment, Reward


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

    Slots of a vector share the function and call it on their threads.

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

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionReward:
        """Return another reward by the same function, which may belong to an object."""
        return FunctionReward(self._function)


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
