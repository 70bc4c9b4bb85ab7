from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.policies.cartpole import CartPolePolicy, CartPoleState, measure
from tests.policies.vp8 import Vp8

SEEDS = range(10)
FULL = 500.0


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def _cartpole() -> gym.Env[NDArray[np.float32], np.int64]:
    return gym.make("CartPole-v1", render_mode="rgb_array")


def _picture(env: gym.Env[Any, Any]) -> NDArray[np.uint8]:
    return np.asarray(env.render(), dtype=np.uint8)


def _play(seed: int, *, steps_late: int = 0, noisy: bool = False) -> float:
    """Return the return of an episode whose actions are applied late."""
    env, policy = _cartpole(), CartPolePolicy()
    env.reset(seed=seed)
    codec = Vp8(400, 600) if noisy else None
    state, total, over = None, 0.0, False
    waiting = [np.int64(0)] * steps_late
    while not over:
        picture = _picture(env)
        action, state = policy.predict(codec(picture) if codec else picture, state)
        waiting.append(action)
        _, reward, terminated, truncated, _ = env.step(waiting.pop(0))
        total += float(reward)
        over = terminated or truncated
    env.close()
    return total


def test_it_balances_for_the_whole_episode() -> None:
    returns = [_play(seed) for seed in SEEDS]
    assert returns.count(FULL) >= 9, returns


def test_it_balances_when_actions_are_applied_one_step_late() -> None:
    returns = [_play(seed, steps_late=1) for seed in SEEDS]
    assert returns.count(FULL) >= 9, returns


@pytest.mark.slow
def test_it_balances_one_step_late_in_lossy_video() -> None:
    returns = [_play(seed, steps_late=1, noisy=True) for seed in SEEDS]
    assert returns.count(FULL) >= 9, returns


def test_it_balances_one_step_late_in_lossy_video_for_one_seed() -> None:
    assert _play(0, steps_late=1, noisy=True) == FULL


@pytest.mark.parametrize("noisy", [False, True])
def test_position_and_angle_are_measured_to_a_pixel_or_so(noisy: bool) -> None:
    env, codec = _cartpole(), Vp8(400, 600)
    env.action_space.seed(3)
    for seed in range(3):
        true, _ = env.reset(seed=seed)
        over = False
        while not over:
            picture = _picture(env)
            seen = measure(codec(picture) if noisy else picture)
            assert seen is not None
            assert seen[0] == pytest.approx(true[0], abs=0.02)
            assert seen[1] == pytest.approx(true[2], abs=0.03)
            true, _, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated
    env.close()


def test_the_state_is_carried_by_predict_alone() -> None:
    env, policy = _cartpole(), CartPolePolicy()
    env.reset(seed=1)
    before = policy.predict(_picture(env))
    policy.predict(np.zeros((400, 600, 3), np.uint8), CartPoleState(1, 1, 1, 1, 1))
    assert policy.predict(_picture(env)) == before
    env.close()


def test_a_new_episode_forgets_the_state() -> None:
    env, policy = _cartpole(), CartPolePolicy()
    env.reset(seed=2)
    falling = CartPoleState(0.0, 0.0, 1.0, 5.0, 1.0)
    fresh = policy.predict(_picture(env))
    assert policy.predict(_picture(env), falling, episode_start=np.array([True])) == fresh
    assert policy.predict(_picture(env), falling, episode_start=False) != fresh
    env.close()


def test_a_repeated_picture_repeats_the_action_and_keeps_the_velocities() -> None:
    env, policy = _cartpole(), CartPolePolicy()
    env.reset(seed=4)
    _, state = policy.predict(_picture(env))
    env.step(np.int64(1))
    action, state = policy.predict(_picture(env), state)
    assert policy.predict(_picture(env), state) == (action, state)
    env.close()


def test_an_empty_picture_repeats_the_last_action() -> None:
    policy = CartPolePolicy()
    white = np.full((400, 600, 3), 255, np.uint8)
    pushing_right = CartPoleState(0.0, 0.0, 0.0, 0.0, 1.0)
    assert policy.predict(white) == (np.int64(0), None)
    assert policy.predict(white, pushing_right) == (np.int64(1), pushing_right)


def test_an_observation_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`observation` must be .*float64, shape \(4,\)"):
        CartPolePolicy().predict(np.zeros(4))
