"""Stepped sessions equal the same environment played directly, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.integration.conftest import MakeEnv

STEPS = 1000


def draw(space: gym.Space[Any], random: np.random.Generator) -> Any:
    if isinstance(space, gym.spaces.Discrete):
        return space.start + random.integers(space.n)
    assert isinstance(space, gym.spaces.Box)
    return random.uniform(space.low, space.high).astype(np.float32)


def play(
    env: gym.Env[Any, Any], seed: int, *, render: bool
) -> list[tuple[NDArray[np.uint8], float, bool, bool]]:
    """Play random actions with seeded resets; ``render`` takes frames from ``render()``."""
    random = np.random.default_rng(seed)
    record = []
    observation, _ = env.reset(seed=seed)
    record.append((env.render() if render else observation, 0.0, False, False))
    for _ in range(STEPS):
        observation, reward, terminated, truncated, _ = env.step(draw(env.action_space, random))
        frame = env.render() if render else observation
        record.append((frame, float(reward), terminated, truncated))
        if terminated or truncated:
            observation, _ = env.reset()
            record.append((env.render() if render else observation, 0.0, False, False))
    return record  # type: ignore[return-value]


def check_equal(made: MakeEnv, world: str, backend: str, kwargs: Any, direct_id: str) -> int:
    """Check that a thousand steps are the same, and return how many episodes ended."""
    direct = gym.make(direct_id, render_mode="rgb_array", **kwargs)
    expected = play(direct, seed=7, render=True)
    direct.close()
    env = made(world, mode="stepped", backend=backend, world_kwargs=kwargs)
    through = play(env, seed=7, render=False)
    assert len(through) == len(expected)
    for index, (ours, theirs) in enumerate(zip(through, expected, strict=True)):
        assert np.array_equal(ours[0], theirs[0]), f"observation {index} differs"
        assert ours[1:] == theirs[1:], f"reward or end {index} differs"
    return sum(one[2] or one[3] for one in expected)


@pytest.mark.parametrize(
    ("world", "direct_id", "backend"),
    [
        ("catch", "reactor_env/Catch-v0", "aiortc"),
        ("catch", "reactor_env/Catch-v0", "native"),
        ("gym:CartPole-v1", "CartPole-v1", "native"),
        # A large frame through SCTP in Python takes its time.
        pytest.param("gym:CartPole-v1", "CartPole-v1", "aiortc", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(300)
def test_a_thousand_steps_equal_the_direct_environment(
    make_env: MakeEnv, world: str, direct_id: str, backend: str
) -> None:
    assert check_equal(make_env, world, backend, {}, direct_id) > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env_id", "kwargs"),
    [
        ("CarRacing-v3", {}),
        ("CarRacing-v3", {"continuous": False}),
        ("minigrid:MiniGrid-Dynamic-Obstacles-8x8-v0", {}),
    ],
    ids=["CarRacing", "CarRacing-discrete", "MiniGrid"],
)
@pytest.mark.timeout(600)
def test_a_thousand_steps_of_other_simulators_equal_them_too(
    make_env: MakeEnv, env_id: str, kwargs: dict[str, Any]
) -> None:
    check_equal(make_env, f"gym:{env_id}", "native", kwargs, env_id)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "env_id"),
    [
        ("ale_py", "ALE/Breakout-v5"),
        ("vizdoom.gymnasium_wrapper", "VizdoomTakeCover-v1"),
        ("vizdoom.gymnasium_wrapper", "VizdoomBasic-v1"),
    ],
    ids=["Breakout", "TakeCover", "Basic"],
)
@pytest.mark.timeout(600)
def test_a_thousand_steps_of_simulators_that_are_no_dependencies_equal_them(
    make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, env_id: str
) -> None:
    pytest.importorskip(module, exc_type=ImportError)
    monkeypatch.chdir(tmp_path)  # VizDoom writes its settings where it is
    check_equal(make_env, f"gym:{module}:{env_id}", "native", {}, f"{module}:{env_id}")


def test_the_world_waits_while_the_agent_does_nothing(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    env.reset(seed=1)
    _, _, _, _, first = env.step(1)
    assert env.session_backend in ("aiortc", "native")
    _, _, _, _, second = env.step(1)
    assert second["metadata"]["step"] == first["metadata"]["step"] + 1


def test_an_action_sent_ahead_is_the_one_of_the_next_step(make_env: MakeEnv) -> None:
    ahead, plain = make_env(mode="stepped"), make_env(mode="stepped")
    first, _ = ahead.reset(seed=5)
    assert np.array_equal(first, plain.reset(seed=5)[0])
    for action in (1, 2, 0, 2):
        assert ahead.send_ahead(action)
        with pytest.raises(ValueError, match="was sent ahead: call step with it, got 3"):
            ahead.send_ahead(3)
        with pytest.raises(ValueError, match="must be the one that was sent ahead"):
            ahead.step(action + 1000)
        observation, _, _, _, info = ahead.step(action)
        expected, _, _, _, plain_info = plain.step(action)
        assert np.array_equal(observation, expected)
        assert info["metadata"]["step"] == plain_info["metadata"]["step"]
    assert ahead.send_ahead(1)
    again, _ = ahead.reset(seed=5)
    assert np.array_equal(again, first)


def test_nothing_is_sent_ahead_where_no_step_can_follow(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    assert not env.send_ahead(1)
    env.reset(seed=1)
    with pytest.raises(ValueError, match="action"):
        env.send_ahead(77)
    env.close()
    assert not env.send_ahead(1)


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
