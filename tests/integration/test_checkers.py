"""Other libraries' environment checkers, in both modes."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import FrameStackObservation, RecordEpisodeStatistics, TimeLimit

from tests.integration.conftest import SESSIONS, MakeEnv


@pytest.mark.parametrize("session", SESSIONS)
def test_gymnasium_check_env_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    env = make_env(**session, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)


@pytest.mark.parametrize("session", SESSIONS)
def test_stable_baselines3_check_env_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
    sb3.check_env(make_env(**session, render_mode="rgb_array"))


@pytest.mark.parametrize("session", SESSIONS)
def test_gym_make_with_its_checker_and_wrappers_plays_an_episode(
    session: dict[str, Any],
) -> None:
    env = gym.make("reactor_env/World-v0", world="catch", fps=30, **session)
    wrapped = RecordEpisodeStatistics(FrameStackObservation(TimeLimit(env, 100), 3))
    try:
        observation, info = wrapped.reset(seed=1)
        assert observation.shape == (3, 64, 64, 3)
        over = False
        while not over:
            _, _, terminated, truncated, info = wrapped.step(wrapped.action_space.sample())
            over = terminated or truncated
        assert info["episode"]["r"] in (-1.0, 1.0)
    finally:
        wrapped.close()
