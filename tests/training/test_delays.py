from __future__ import annotations

from typing import Any

import pytest

from reactor_env.training.delays import RandomDelay
from reactor_env.worlds.catch import CatchEnv

DELAYS = (0.0, 100.0, 300.0)


def drawn(seed: int) -> list[float]:
    env = RandomDelay(CatchEnv("rgb_array"), DELAYS)
    met = []
    for episode in range(30):
        env.reset(seed=seed if episode == 0 else None)
        met.append(env.delay_ms)
    return met


def test_an_episode_has_one_of_the_delays_drawn_by_the_seed() -> None:
    assert set(drawn(1)) == set(DELAYS)
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_the_delay_cannot_be_read_off_where_the_episode_begins() -> None:
    game = CatchEnv("rgb_array")
    env = RandomDelay(game, DELAYS)
    met: dict[int, set[float]] = {}
    for episode in range(400):
        env.reset(seed=1 if episode == 0 else None)
        met.setdefault(game.ball[1], set()).add(env.delay_ms)
    assert all(delays == set(DELAYS) for delays in met.values())


def test_it_changes_nothing_else_of_an_episode() -> None:
    plain, delayed = CatchEnv("rgb_array"), RandomDelay(CatchEnv("rgb_array"), [0.0])
    for env in (plain, delayed):
        env.reset(seed=4)
    for action in (0, 2, 2, 0):
        one: Any = plain.step(action)
        other: Any = delayed.step(action)
        assert (one[0] == other[0]).all()
        assert one[1:4] == other[1:4]


def test_no_delay_at_all_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="`delays_ms` must hold at least one delay"):
        RandomDelay(CatchEnv(), [])
