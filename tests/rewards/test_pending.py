from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from reactor_env.rewards import (
    BatchReward,
    FrameReward,
    FunctionReward,
    Moment,
    PendingReward,
    Reward,
    settle,
)


class Squares(BatchReward):
    """Squares the action; counts the calls."""

    def __init__(self) -> None:
        self.calls: list[list[float]] = []

    def see(self, moment: Moment) -> Any:
        return moment.action

    def batch(self, inputs: Sequence[Any]) -> list[float]:
        self.calls.append(list(inputs))
        return [one * one for one in inputs]


def step(action: Any, world: float = 0.0) -> Moment:
    return Moment(None, action, {"metadata": {}, "messages": []}, world, False)


def deferred(reward: Reward, action: float, world: float = 0.0) -> PendingReward:
    pending = reward.defer(step(action, world))
    assert isinstance(pending, PendingReward)
    return pending


def test_a_reward_of_one_environment_is_asked_for_at_once() -> None:
    squares = Squares()
    assert squares(step(3.0)) == 9.0
    assert squares.calls == [[3.0]]


def test_rewards_of_several_are_one_call() -> None:
    squares = Squares()
    assert settle([deferred(squares, one) for one in (1.0, 2.0, 3.0)]) == [1.0, 4.0, 9.0]
    assert squares.calls == [[1.0, 2.0, 3.0]]


def test_every_source_is_asked_once() -> None:
    one, other = Squares(), Squares()
    total = one + 2 * other + one
    values = settle([0.5, deferred(total, 2.0), deferred(total, 3.0)])
    assert values == [0.5, 4.0 + 8.0 + 4.0, 9.0 + 18.0 + 9.0]
    assert one.calls == [[2.0, 2.0, 3.0, 3.0]]
    assert other.calls == [[2.0, 3.0]]


def test_a_step_that_shows_nothing_is_0_and_not_asked_about() -> None:
    squares = Squares()
    assert squares.defer(step(None)) == 0.0
    assert (FrameReward() + squares).defer(step(None, 0.5)) == 0.5
    assert squares.calls == []


def test_a_sum_is_the_same_number_to_the_last_bit_whenever_it_is_computed() -> None:
    total = 0.1 * (FrameReward() + 0.3 * Squares() + FunctionReward(lambda *_: 1 / 3)) * 0.7
    for action in np.random.default_rng(1).random(100):
        at_once = total(step(float(action), 0.1))
        assert settle([deferred(total, float(action), 0.1)]) == [at_once]


def test_what_nobody_else_computes_is_computed_at_once() -> None:
    simple = FrameReward() + 2 * FunctionReward(lambda *_: 3.0)
    assert simple.defer(step(1.0, 0.5)) == 6.5


def test_whoever_computes_with_a_pending_reward_has_it_computed() -> None:
    squares = Squares()
    for compute, value in (
        (lambda pending: pending + 1, 10.0),
        (lambda pending: 1.0 + pending, 10.0),
        (lambda pending: pending / 2, 4.5),
        (lambda pending: -pending, -9.0),
        (lambda pending: np.clip(pending, -1, 1), 1.0),
        (lambda pending: np.sign(pending), 1.0),
        (lambda pending: np.array([pending, 1.0], np.float64)[0], 9.0),
        (lambda pending: max(pending, 0), 9.0),
        (float, 9.0),
    ):
        assert compute(deferred(squares, 3.0)) == value
    total = np.zeros(1)
    total += deferred(squares, 3.0)
    assert total.tolist() == [9.0]
    assert deferred(squares, 3.0) > 8


def test_what_was_computed_once_is_not_computed_again() -> None:
    squares = Squares()
    first, second = deferred(squares, 2.0), deferred(squares, 3.0)
    assert float(first) == 4.0
    assert settle([first, second]) == [4.0, 9.0]
    assert squares.calls == [[2.0], [3.0]]


def test_what_it_was_computed_from_is_not_kept() -> None:
    pending = deferred(Squares(), 2.0)
    settle([pending])
    assert [question.given for question in pending.questions] == [None]


def test_a_source_must_answer_every_question() -> None:
    class Lazy(Squares):
        def batch(self, inputs: Sequence[Any]) -> list[float]:
            return super().batch(inputs[1:])

    lazy = Lazy()
    with pytest.raises(ValueError, match="shorter"):
        settle([deferred(lazy, 1.0), deferred(lazy, 2.0)])
