"""Rewards that are not computed yet, so that those of several environments can be at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray


class Source(Protocol):
    """Computes several rewards at once."""

    def batch(self, inputs: Sequence[Any]) -> Sequence[float]:
        """Return one reward for each input."""


class Question:
    """One reward that is asked of a source.

    Args:
        source: Who computes it.
        given: What it is computed from; forgotten once it is.
    """

    __slots__ = ("_value", "given", "source")

    def __init__(self, source: Source, given: Any) -> None:
        self.source = source
        self.given = given
        self._value: float | None = None

    @property
    def open(self) -> bool:
        """Whether it was not answered yet."""
        return self._value is None

    def answer(self, value: float) -> None:
        """Set the reward."""
        self._value, self.given = float(value), None

    def __float__(self) -> float:
        """Return the reward; it must have been answered."""
        assert self._value is not None
        return self._value


class PendingReward(NDArrayOperatorsMixin):
    """A reward some part of which is not computed yet.

    Whoever needs it as a number gets one: arithmetic, comparisons, ``float`` and NumPy's functions
    have it computed at once, by itself.

    Args:
        parts: Numbers, questions and other pending rewards, to be summed.
        factor: What the sum is multiplied by.
    """

    def __init__(self, parts: Iterable[float | Question | PendingReward], factor: float = 1.0):
        self._parts = tuple(parts)
        self._factor = factor

    @property
    def questions(self) -> list[Question]:
        """What is asked for it, answered or not."""
        found: list[Question] = []
        for part in self._parts:
            if isinstance(part, Question):
                found.append(part)
            elif isinstance(part, PendingReward):
                found += part.questions
        return found

    def __float__(self) -> float:
        """Compute what is missing, and return the reward."""
        answer(self.questions)
        return self._factor * sum(float(part) for part in self._parts)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the reward as an array of no dimensions."""
        return np.array(float(self), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute with the number."""
        numbers = [float(one) if isinstance(one, PendingReward) else one for one in inputs]
        return getattr(ufunc, method)(*numbers, **kwargs)


def answer(questions: Iterable[Question]) -> None:
    """Have open questions answered, by one call of each source.

    Raises:
        ValueError: If a source does not answer each of its questions.
    """
    asked: dict[int, list[Question]] = {}
    for question in questions:
        if question.open:
            asked.setdefault(id(question.source), []).append(question)
    for of_one in asked.values():
        source = of_one[0].source
        for question, value in zip(
            of_one, source.batch([question.given for question in of_one]), strict=True
        ):
            question.answer(value)


def settle(rewards: Sequence[float | PendingReward]) -> list[float]:
    """Return rewards as numbers; what is pending is computed by one call of each source."""
    answer(
        question
        for reward in rewards
        if isinstance(reward, PendingReward)
        for question in reward.questions
    )
    return [float(reward) for reward in rewards]
