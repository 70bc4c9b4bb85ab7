from __future__ import annotations

import numpy as np
import pytest

from reactor_env.policies.catch import CatchPolicy, measure
from reactor_env.worlds.catch import CatchEnv
from tests.policies.vp8 import Vp8

SEEDS = range(20)


def _play(seed: int, *, steps_late: int = 0, noisy: bool = False, scale: int = 1) -> float:
    env, policy = CatchEnv("rgb_array"), CatchPolicy()
    picture, _ = env.reset(seed=seed)
    codec = Vp8(64, 64, bit_rate=100_000) if noisy else None
    state, total, over = None, 0.0, False
    waiting = [np.int64(1)] * steps_late
    while not over:
        seen = codec(picture) if codec else picture
        seen = seen.repeat(scale, axis=0).repeat(scale, axis=1)
        action, state = policy.predict(seen, state)
        waiting.append(action)
        picture, reward, over, _, _ = env.step(waiting.pop(0))
        total += reward
    return total


def test_it_catches_every_ball() -> None:
    assert [_play(seed) for seed in SEEDS] == [1.0] * len(SEEDS)


def test_it_catches_every_ball_one_step_late_in_lossy_video() -> None:
    returns = [_play(seed, steps_late=1, noisy=True) for seed in SEEDS]
    assert returns == [1.0] * len(SEEDS)


def test_it_catches_every_ball_in_a_larger_picture() -> None:
    assert [_play(seed, scale=2) for seed in SEEDS] == [1.0] * len(SEEDS)


def test_ball_and_paddle_are_found_at_their_columns() -> None:
    env = CatchEnv("rgb_array")
    for seed in SEEDS:
        picture, _ = env.reset(seed=seed)
        assert measure(picture) == pytest.approx((env.ball[1] + 0.5, env.paddle + 0.5))


def test_a_picture_without_ball_and_paddle_means_stay() -> None:
    action, state = CatchPolicy().predict(np.zeros((64, 64, 3), np.uint8))
    assert action == 1
    assert state is None


def test_a_new_episode_forgets_the_state() -> None:
    picture, _ = CatchEnv("rgb_array").reset(seed=5)
    policy = CatchPolicy()
    fresh = policy.predict(picture)
    assert policy.predict(picture, (8.5, 0), episode_start=True) == fresh


def test_an_observation_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`observation` must be .* got list"):
        CatchPolicy().predict([1, 2])
