from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from reactor_env.policies import Policy, load_sb3_policy
from reactor_env.training.history import Memory
from reactor_env.worlds.catch import CatchEnv
from reactor_env.wrappers import ActionHistory
from tests.training.worlds import QUICK, training, vector

AGENTS = ("ppo", "recurrent-ppo", "qrdqn")
HISTORY = 3


def small_catch() -> gym.Env[Any, Any]:
    return gym.wrappers.ResizeObservation(CatchEnv("rgb_array"), (36, 36))


@pytest.fixture(params=AGENTS)
def policy(request: pytest.FixtureRequest, tmp_path: Path) -> Policy:
    """A policy that was trained with a history, as a user of the file loads it."""
    if request.param != "ppo":
        pytest.importorskip("sb3_contrib")
    kwargs = {"learning_starts": 8, "buffer_size": 64} if request.param == "qrdqn" else QUICK
    agent = training(
        tmp_path,
        32,
        vector(small_catch, wrappers=[partial(ActionHistory, n=HISTORY, delay=False)]),
        agent=request.param,
        agent_kwargs=kwargs,
    )
    agent.run()
    return load_sb3_policy(tmp_path / "model.zip")


def test_it_plays_without_the_wrapper_as_it_does_with_it(policy: Policy) -> None:
    plain, wrapped = small_catch(), ActionHistory(small_catch(), n=HISTORY, delay=False)
    state = inner = None
    draw = np.random.default_rng(2)
    for episode in range(2):
        seen, _ = plain.reset(seed=episode)
        whole, _ = wrapped.reset(seed=episode)
        for step in range(15):
            first = np.array([step == 0])
            action, state = policy.predict(seen, state, first, True)
            other, inner = policy.predict(whole, inner, first, True)
            assert action == other
            assert isinstance(state, Memory)
            # Untrained, it would choose the same ever again; what is remembered must differ.
            forced = int(draw.integers(3))
            state = Memory(np.roll(state.actions, 0), state.state)
            state.actions[-1] = np.eye(3)[forced]
            seen, *_ = plain.step(forced)
            whole, *_ = wrapped.step(forced)
            np.testing.assert_array_equal(state.actions, whole["actions"])


def test_another_episode_begins_without_actions(policy: Policy) -> None:
    seen, _ = small_catch().reset(seed=1)
    _, state = policy.predict(seen)
    assert state.actions.sum() == 1
    _, again = policy.predict(seen, state, np.array([True]))
    assert again.actions.sum() == 1
    _, later = policy.predict(seen, state, np.array([False]))
    assert later.actions.sum() == 2
