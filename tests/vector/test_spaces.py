"""Every space of Gymnasium is batched and taken apart as its own vector does."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from reactor_env.vector import ThreadVectorEnv

SLOTS, STEPS = 3, 8

SPACES: dict[str, spaces.Space[Any]] = {
    "discrete": spaces.Discrete(4, start=-1, dtype=np.int32),
    "bounded box": spaces.Box(np.array([-1.0, 0.0]), np.array([1.0, 5.0]), dtype=np.float64),
    "unbounded box": spaces.Box(-np.inf, np.inf, (2, 1)),
    "whole numbers": spaces.Box(-10, 10, (3,), np.int32),
    "pixels": spaces.Box(0, 255, (2, 2, 3), np.uint8),
    "several discrete": spaces.MultiDiscrete([2, 3], start=[10, 20]),
    "binary": spaces.MultiBinary([2, 3]),
    "text": spaces.Text(6, min_length=3, charset="abcdef"),
    "tuple": spaces.Tuple((spaces.Discrete(5), spaces.Box(0, 1, (3,)), spaces.Text(4))),
    "dict": spaces.Dict(a=spaces.Box(0, 1, (2,)), b=spaces.Dict(c=spaces.MultiDiscrete([2, 2]))),
    "sequence": spaces.Sequence(spaces.Dict(feature=spaces.Box(0, 1, (3,)))),
    "stacked sequence": spaces.Sequence(spaces.Box(0, 1), stack=True),
    "one of": spaces.OneOf([spaces.Discrete(3), spaces.Box(0, 1)]),
    "graph": spaces.Graph(spaces.Box(-1, 1, (2,)), spaces.Discrete(5)),
    "graph in a tuple": spaces.Tuple((spaces.Graph(spaces.Discrete(3), None), spaces.Discrete(2))),
}


class Sampling(gym.Env[Any, Any]):
    """Observes samples of its space, and takes actions of the same space."""

    def __init__(self, space: spaces.Space[Any]) -> None:
        # Copies: samples are drawn on several threads.
        self.observation_space, self.action_space = deepcopy(space), deepcopy(space)
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self._steps = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert action in self.action_space
        self._steps += 1
        return self.observation_space.sample(), 1.0, self._steps == 3, False, {}


def played(
    envs: VectorEnv[Any, Any, Any], actions: spaces.Space[Any], mode: AutoresetMode
) -> list[Any]:
    actions.seed(5)
    record: list[Any] = [deepcopy(envs.reset(seed=1))]
    for _ in range(STEPS):
        answer = envs.step(actions.sample())
        record.append(deepcopy(answer))
        over = answer[2] | answer[3]
        if mode is AutoresetMode.DISABLED and over.any():
            record.append(deepcopy(envs.reset(options={"reset_mask": over})))
    return record


@pytest.mark.parametrize("mode", AutoresetMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_game_of_any_space_equals_gymnasiums_sync_vector_env(
    space: spaces.Space[Any], mode: AutoresetMode
) -> None:
    makers = [lambda: Sampling(space)] * SLOTS
    ours, theirs = (kind(makers, autoreset_mode=mode) for kind in (ThreadVectorEnv, SyncVectorEnv))
    try:
        assert ours.observation_space == theirs.observation_space
        assert ours.action_space == theirs.action_space
        mine = played(ours, ours.action_space, mode)
        others = played(theirs, theirs.action_space, mode)
        assert all(one[0] in ours.observation_space for one in mine)
        assert data_equivalence(mine, others)
    finally:
        ours.close()
        theirs.close()


class Anything(spaces.Space[Any]):
    """A space that Gymnasium knows nothing of."""

    def sample(self, mask: Any = None, probability: Any = None) -> Any:
        return "anything"

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Anything)


def test_a_space_of_the_users_own_is_batched_to_a_tuple() -> None:
    envs = ThreadVectorEnv([lambda: Sampling(Anything())] * 2)
    observations, _ = envs.reset()
    assert observations == ("anything", "anything")
    observations, *_ = envs.step(("left", "right"))
    assert observations == ("anything", "anything")
    envs.close()


def test_seeds_are_those_of_the_environments_from_the_start() -> None:
    def make(seed: int) -> gym.Env[Any, Any]:
        env = gym.make("CartPole-v1")
        env.reset(seed=seed)
        return env

    envs = ThreadVectorEnv([lambda seed=seed: make(seed) for seed in (4, 7)])  # type: ignore[misc]
    assert envs.np_random_seed == (4, 7)
    envs.reset(seed=40)
    assert envs.np_random_seed == (40, 41)
    envs.reset()
    assert envs.np_random_seed == (40, 41)
    envs.close()
