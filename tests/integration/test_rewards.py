"""A torch module's rewards of real sessions, one by one and in a vector."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.rewards import FrameReward, TorchReward
from reactor_env.vector import ReactorVectorEnv
from reactor_env.wrappers import ActionHistory
from tests.integration.conftest import MakeEnv

torch = pytest.importorskip("torch")

from tests.rewards.modules import Sum  # noqa: E402

SLOTS, STEPS = 3, 40


@pytest.fixture
def make_vec() -> Iterator[Callable[..., ReactorVectorEnv]]:
    """Make vectors of stepped catch that are closed after the test, whatever it did."""
    made: list[ReactorVectorEnv] = []

    def make(**kwargs: Any) -> ReactorVectorEnv:
        envs = gym.make_vec("reactor_env/World-v0", SLOTS, world="catch", mode="stepped", **kwargs)
        assert isinstance(envs, ReactorVectorEnv)
        made.append(envs)
        return envs

    yield make
    for envs in made:
        envs.close()


def actions() -> Any:
    return np.random.default_rng(5).integers(3, size=(STEPS, SLOTS))


def test_a_vectors_rewards_are_those_of_its_environments_and_take_one_pass_a_step(
    make_vec: Any, make_env: MakeEnv
) -> None:
    together = Sum()
    envs = make_vec(reward=FrameReward() + 0.01 * TorchReward(together), autoreset_mode="SameStep")
    envs.reset(seed=3)
    rewards = [envs.step(row)[1] for row in actions()]
    assert [len(batch) for batch in together.batches] == [SLOTS] * STEPS

    one_by_one = Sum()
    env = make_env(mode="stepped", reward=FrameReward() + 0.01 * TorchReward(one_by_one))
    for slot in range(SLOTS):
        env.reset(seed=3 + slot)
        for step, row in enumerate(actions()):
            _, reward, terminated, truncated, _ = env.step(row[slot])
            assert reward == rewards[step][slot]
            if terminated or truncated:
                env.reset()
    assert [len(batch) for batch in one_by_one.batches] == [1] * SLOTS * STEPS


def test_a_module_is_asked_about_those_that_are_received_together(make_vec: Any) -> None:
    module = Sum()
    envs = make_vec(reward=TorchReward(module, scale=1.0))
    envs.reset(seed=3)
    envs.send(np.ones(SLOTS, np.int64))
    for size in (2, 1):
        observations, rewards, *_ = envs.recv(size)
        sums = observations.sum(axis=(1, 2, 3), dtype=np.float64)
        assert rewards.tolist() == sums.tolist()
    assert [len(batch) for batch in module.batches] == [2, 1]


def test_a_module_may_see_the_frame_at_a_size_of_its_own(make_vec: Any) -> None:
    module, own = Sum(), Sum()
    reward = TorchReward(module, sees={"size": (16, 16)}) + 0.0 * TorchReward(own, sees={})
    envs = make_vec(reward=reward, observation={"size": (8, 8), "gray": True})
    envs.reset(seed=3)
    _, rewards, *_ = envs.step(np.ones(SLOTS, np.int64))
    (batch,), (whole,) = module.batches, own.batches
    assert tuple(batch.shape) == (SLOTS, 3, 16, 16)
    assert tuple(whole.shape) == (SLOTS, 3, 64, 64)
    assert rewards.tolist() == batch.double().sum(dim=(1, 2, 3)).tolist()


def test_slots_are_wrapped_when_they_are_first_used(make_vec: Any) -> None:
    envs = make_vec(slot_wrappers=[partial(ActionHistory, n=2)], max_episode_steps=3)
    assert not any(isinstance(env, ActionHistory) for env in envs.envs)
    observations, _ = envs.reset(seed=3)
    assert observations in envs.observation_space
    for _ in range(3):
        observations, _, _, truncations, infos = envs.step(np.array([0, 1, 2]))
    assert truncations.all()
    assert observations["observation"].shape == (SLOTS, 64, 64, 3)
    assert observations["actions"][:, -1].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    np.testing.assert_allclose(observations["delay_ms"][:, 0], infos["action_to_frame_ms"])
