from __future__ import annotations

import subprocess
import sys

import gymnasium as gym
import numpy as np

from reactor_env.policies import (
    CartPolePolicy,
    CatchPolicy,
    Policy,
    RandomPolicy,
    scripted_policy,
)


def test_known_worlds_have_a_scripted_policy() -> None:
    assert isinstance(scripted_policy("gym:CartPole-v1"), CartPolePolicy)
    assert isinstance(scripted_policy("catch"), CatchPolicy)


def test_other_worlds_have_none() -> None:
    assert scripted_policy("gym:Acrobot-v1") is None


def test_all_of_them_are_policies() -> None:
    random = RandomPolicy(gym.spaces.Discrete(2))
    assert all(isinstance(p, Policy) for p in (random, CartPolePolicy(), CatchPolicy()))


def test_a_random_policy_repeats_itself_with_its_seed() -> None:
    space = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)
    first, second = RandomPolicy(space, seed=7), RandomPolicy(space, seed=7)
    for _ in range(5):
        action, state = first.predict(None)
        np.testing.assert_array_equal(action, second.predict(None)[0])
        assert action in space
        assert state is None


def test_a_random_policy_leaves_the_spaces_own_random_numbers_alone() -> None:
    space, same = gym.spaces.Discrete(1000, seed=1), gym.spaces.Discrete(1000, seed=1)
    RandomPolicy(space, seed=2).predict(None)
    assert space.sample() == same.sample()


def test_policies_do_not_load_the_worlds() -> None:
    code = "import sys, reactor_env.policies; print('reactor_env.worlds' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
