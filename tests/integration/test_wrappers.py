"""Wrappers around a real session, and Gymnasium's around them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FrameStackObservation, RecordEpisodeStatistics

from reactor_env.wrappers import ActionHistory


@pytest.fixture
def env() -> Iterator[ActionHistory]:
    made = gym.make(
        "reactor_env/World-v0",
        world="catch",
        mode="stepped",
        observation={"size": (40, 40)},
        render_mode="rgb_array",
    )
    wrapped = ActionHistory(made, n=3)
    yield wrapped
    wrapped.close()


def test_gymnasiums_checker_finds_nothing(env: ActionHistory) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version.*")
        check_env(env)


def test_the_delay_is_the_one_that_was_measured(env: ActionHistory) -> None:
    env.reset(seed=1)
    for action in (0, 1, 2):
        observation, *_, info = env.step(action)
        assert observation["delay_ms"][0] == np.float32(info["action_to_frame_ms"])
    assert observation["actions"].tolist() == np.eye(3).tolist()


def test_gymnasiums_wrappers_fit_around_it(env: ActionHistory) -> None:
    stacked: Any = RecordEpisodeStatistics(FrameStackObservation(env, 2))
    observation, _ = stacked.reset(seed=1)
    over = False
    while not over:
        observation, _, terminated, truncated, info = stacked.step(1)
        over = terminated or truncated
    assert observation in stacked.observation_space
    assert observation["observation"].shape == (2, 40, 40, 3)
    assert info["episode"]["l"] == 15


def test_a_spec_that_went_through_json_makes_the_same(env: ActionHistory) -> None:
    assert env.spec is not None
    again: Any = gym.make(EnvSpec.from_json(env.spec.to_json()))
    first, _ = env.reset(seed=4)
    observation, _ = again.reset(seed=4)
    again.close()
    assert again.observation_space == env.observation_space
    np.testing.assert_array_equal(observation["observation"], first["observation"])


def test_stable_baselines3_learns_from_the_dict(env: ActionHistory) -> None:
    sb3: Any = pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.env_checker import check_env as check

    check(env, warn=False)
    model = sb3.PPO("MultiInputPolicy", env, n_steps=16, batch_size=16, n_epochs=1, device="cpu")
    model.learn(16)
    action, _ = model.predict(env.reset(seed=1)[0])
    assert env.action_space.contains(int(action))
