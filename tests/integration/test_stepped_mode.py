"""Stepped sessions equal the same environment played directly, bit for bit."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.integration.conftest import MakeEnv

STEPS = 1000


def play(
    env: gym.Env[Any, Any], seed: int, *, render: bool
) -> list[tuple[NDArray[np.uint8], float, bool, bool]]:
    """Play random actions with seeded resets; ``render`` takes frames from ``render()``."""
    actions = np.random.default_rng(seed)
    record = []
    observation, _ = env.reset(seed=seed)
    record.append((env.render() if render else observation, 0.0, False, False))
    for _ in range(STEPS):
        action = env.action_space.start + actions.integers(env.action_space.n)  # type: ignore[attr-defined]
        observation, reward, terminated, truncated, _ = env.step(action)
        frame = env.render() if render else observation
        record.append((frame, float(reward), terminated, truncated))
        if terminated or truncated:
            observation, _ = env.reset()
            record.append((env.render() if render else observation, 0.0, False, False))
    return record  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("world", "direct_id"),
    [("catch", "reactor_env/Catch-v0"), ("gym:CartPole-v1", "CartPole-v1")],
    ids=["catch", "CartPole-v1"],
)
@pytest.mark.parametrize("backend", ["aiortc", "native"])
@pytest.mark.timeout(300)
def test_a_thousand_steps_equal_the_direct_environment(
    make_env: MakeEnv, world: str, direct_id: str, backend: str
) -> None:
    direct = gym.make(direct_id, render_mode="rgb_array")
    expected = play(direct, seed=7, render=True)
    direct.close()

    through = play(make_env(world, mode="stepped", backend=backend), seed=7, render=False)

    assert len(through) == len(expected)
    assert sum(one[2] for one in expected) > 10
    for index, (ours, theirs) in enumerate(zip(through, expected, strict=True)):
        assert np.array_equal(ours[0], theirs[0]), f"observation {index} differs"
        assert ours[1:] == theirs[1:], f"reward or end {index} differs"


def test_the_world_waits_while_the_agent_does_nothing(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    env.reset(seed=1)
    _, _, _, _, first = env.step(1)
    assert env.session_backend in ("aiortc", "native")
    _, _, _, _, second = env.step(1)
    assert second["metadata"]["step"] == first["metadata"]["step"] + 1


def test_box_actions_arrive_exactly(make_env: MakeEnv) -> None:
    direct = gym.make("Pendulum-v1", render_mode="rgb_array")
    env = make_env("gym:Pendulum-v1", mode="stepped")
    assert env.action_space == direct.action_space
    env.action_space.seed(3)
    direct.reset(seed=3)
    env.reset(seed=3)
    for _ in range(20):
        action = env.action_space.sample()
        _, expected, *_ = direct.step(action)
        observation, reward, *_ = env.step(action)
        assert reward == float(expected)
        assert np.array_equal(observation, np.asarray(direct.render()))
    direct.close()


def test_equal_seeds_give_equal_episodes_and_a_seedless_reset_goes_on(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    first, _ = env.reset(seed=11)
    following, _ = env.reset()
    again, _ = env.reset(seed=11)
    following_again, _ = env.reset()
    assert np.array_equal(first, again)
    assert np.array_equal(following, following_again)


def test_an_observation_of_another_size_is_scaled_and_the_space_says_so(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped", observation={"size": (32, 48), "channels_first": True})
    observation, _ = env.reset(seed=1)
    assert observation.shape == (3, 32, 48)
    assert env.observation_space.contains(observation)


def test_an_observation_belongs_to_the_caller(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped", render_mode="rgb_array")
    observation, _ = env.reset(seed=1)
    observation[:] = 0
    assert env.render() is not None
    assert np.any(env.render() != 0)
