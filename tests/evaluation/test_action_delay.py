from __future__ import annotations

import time
from typing import Any

import pytest

from reactor_env.evaluation.action_delay import DELAY, ActionDelay
from tests.evaluation.worlds import Counting


def sent(delay_ms: float, steps: int = 6, rate: float | None = None) -> list[tuple[int, Any]]:
    """Return what an environment of 20 steps per second got for the actions 0, 1, 2, ..."""
    env = ActionDelay(Counting(), delay_ms, rate)
    env.reset(seed=4)
    got = []
    for action in range(steps):
        _, reward, _, _, info = env.step(action)
        got.append((int(reward), info[DELAY]))
    return got


@pytest.mark.parametrize(
    ("delay_ms", "actions"),
    [
        (0, [0, 1, 2, 3, 4, 5]),
        (24, [0, 1, 2, 3, 4, 5]),
        (26, [0, 0, 1, 2, 3, 4]),
        (50, [0, 0, 1, 2, 3, 4]),
        (150, [0, 0, 0, 0, 1, 2]),
        (1000, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_outside_of_a_stream_actions_are_late_by_whole_steps(
    delay_ms: float, actions: list[int]
) -> None:
    assert [action for action, _ in sent(delay_ms)] == actions


def test_info_tells_what_the_delay_became() -> None:
    assert [told for _, told in sent(60)] == [None, None, 50, 50, 50, 50]
    assert {told for _, told in sent(0)} == {0}


def test_another_rate_makes_other_steps() -> None:
    assert [action for action, _ in sent(50, rate=40)] == [0, 0, 0, 1, 2, 3]


def test_a_new_episode_has_no_action_on_its_way() -> None:
    env = ActionDelay(Counting(), 50)
    for first in (3, 7):
        env.reset(seed=4)
        rewards = [env.step(action)[1] for action in (first, first + 1, first + 2)]
        assert rewards == [first, first, first + 1]


class Stream(Counting):
    """Makes a frame every 50 ms, and notes when it got each action."""

    generation = "streamed"

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[int, float]] = []
        self._next = 0.0

    def reset(self, **kwargs: Any) -> Any:
        self._next = time.monotonic() + 0.05
        return super().reset(**kwargs)

    def step(self, action: Any) -> Any:
        self.got.append((int(action), time.monotonic()))
        now = time.monotonic()
        while self._next <= now:
            self._next += 0.05
        time.sleep(self._next - now)  # the world's own rate
        return super().step(action)


@pytest.mark.parametrize("delay_ms", [20, 80])
def test_in_a_stream_actions_are_late_by_real_milliseconds(delay_ms: float) -> None:
    stream = Stream()
    env = ActionDelay(stream, delay_ms)
    env.reset(seed=4)
    chosen = {}
    told = []
    for action in range(8):
        chosen[action] = time.monotonic()
        told.append(env.step(action)[4][DELAY])
    first: dict[int, float] = {}
    for action, when in stream.got:
        first.setdefault(action, when)
    late_ms = [1e3 * (when - chosen[action]) for action, when in first.items() if action > 0]
    assert len(late_ms) >= 4
    assert min(late_ms) >= delay_ms
    assert min(late_ms) < delay_ms + 50
    assert told[0] is None
    assert min(one for one in told if one is not None) >= delay_ms


@pytest.mark.parametrize("bad", [-1.0, float("inf"), float("nan")])
def test_a_delay_that_cannot_be_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="`delay_ms` must not be negative, got"):
        ActionDelay(Counting(), bad)


def test_a_rate_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="`rate` must be positive, got 0"):
        ActionDelay(Counting(), 1.0, rate=0)
