from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.policies import CatchPolicy, RandomPolicy, TorchPolicy, named_policy
from reactor_env.policies.sb3_policy import check_sees
from reactor_env.worlds.catch import CatchEnv
from tests.policies import agents

HERE = "tests.policies.agents"


@pytest.fixture
def env() -> CatchEnv:
    return CatchEnv("rgb_array")


def test_random_draws_by_the_seed(env: CatchEnv) -> None:
    make = named_policy("random")
    policies = [make(env, seed) for seed in (1, 1, 2)]
    assert all(isinstance(policy, RandomPolicy) for policy in policies)
    drawn = [[int(policy.predict(None)[0]) for _ in range(20)] for policy in policies]
    assert drawn[0] == drawn[1] != drawn[2]


def test_scripted_is_that_of_the_world(env: CatchEnv) -> None:
    assert isinstance(named_policy("scripted", "catch")(env, 0), CatchPolicy)


@pytest.mark.parametrize(
    ("world", "got"), [("gym:Acrobot-v1", "gym:Acrobot-v1"), (None, "a model")]
)
def test_a_world_without_a_scripted_policy_is_named(world: str | None, got: str) -> None:
    with pytest.raises(ValueError, match=f"catch and gym:CartPole-v1, got {got}"):
        named_policy("scripted", world)


def test_a_class_is_made_once_for_all_episodes_and_threads(env: CatchEnv) -> None:
    agents.Stays.made = 0
    make = named_policy(f"{HERE}:Stays")
    assert agents.Stays.made == 0
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda seed: make(env, seed), range(8)))
    assert agents.Stays.made == 1
    assert all(policy is made[0] for policy in made)


def test_a_class_may_need_no_environment(env: CatchEnv) -> None:
    assert isinstance(named_policy(f"{HERE}:Plain")(env, 0), agents.Plain)


@pytest.mark.parametrize("name", ["right", "network"])
def test_a_torch_module_becomes_a_policy(name: str, env: CatchEnv) -> None:
    policy = named_policy(f"{HERE}:{name}")(env, 0)
    assert isinstance(policy, TorchPolicy)
    assert policy.predict(env.reset(seed=0)[0], deterministic=True)[0] == 2


def test_a_saved_model_is_loaded_by_its_file(env: CatchEnv, tmp_path: Path) -> None:
    sb3 = pytest.importorskip("stable_baselines3")
    model = sb3.PPO("CnnPolicy", env, n_steps=8, batch_size=8)
    model.save(tmp_path / "model.zip")
    policy = named_policy(f"sb3:{tmp_path / 'model.zip'}")(env, 0)
    observation, _ = env.reset(seed=0)
    expected, _ = model.predict(observation, deterministic=True)
    np.testing.assert_array_equal(policy.predict(observation, deterministic=True)[0], expected)


@pytest.mark.parametrize(
    ("trained", "shown", "options"),
    [
        ((1, 36, 40), (64, 64, 3), "--size 36 40 --gray --channels-first"),
        ((36, 40, 1), (64, 64, 3), "--size 36 40 --gray"),
        ((3, 36, 36), (36, 36, 1), "--size 36 36 --channels-first"),
        ((36, 36, 3), (36, 40, 3), "--size 36 36"),
    ],
)
def test_a_model_of_other_pictures_tells_what_to_give(
    trained: tuple[int, ...], shown: tuple[int, ...], options: str
) -> None:
    spaces = [gym.spaces.Box(0, 255, shape, np.uint8) for shape in (trained, shown)]
    told = rf"of shape {re.escape(str(trained))}, and these have .*: give .* had, {options}$"
    with pytest.raises(ValueError, match=told):
        check_sees(*(cast("Any", SimpleNamespace(observation_space=space)) for space in spaces))


@pytest.mark.parametrize(
    ("trained", "shown"),
    [
        ((1, 36, 36), (1, 36, 36)),
        ((3, 36, 40), (36, 40, 3)),
        ((36, 40, 3), (36, 40, 3)),
        ((4,), (4,)),
    ],
)
def test_a_model_sees_its_pictures_wherever_their_channels_are(
    trained: tuple[int, ...], shown: tuple[int, ...]
) -> None:
    spaces = [gym.spaces.Box(0, 255, shape, np.uint8) for shape in (trained, shown)]
    check_sees(*(cast("Any", SimpleNamespace(observation_space=space)) for space in spaces))


def test_an_environment_that_shows_nothing_passes() -> None:
    space = gym.spaces.Box(0, 255, (1, 36, 36), np.uint8)
    check_sees(cast("Any", SimpleNamespace(observation_space=space)), cast("Any", object()))


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("sb3:no/model.zip", r"must be the file of a saved model, and there is no no/model\.zip"),
        ("clever", "an agent must be random, scripted, .* got 'clever'"),
        (":name", "an agent must be random, scripted"),
        ("no.such.module:agent", "the agent 'no.such.module:agent' cannot be found"),
        (f"{HERE}:Nobody", "cannot be found: .*Nobody"),
        (f"{HERE}:NUMBER", "must have `predict`, be a torch module, or .* got 3"),
    ],
)
def test_what_cannot_be_an_agent_is_named(name: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        named_policy(name)


def test_what_a_function_makes_must_be_an_agent(env: CatchEnv) -> None:
    make = named_policy(f"{HERE}:nobody")
    with pytest.raises(
        ValueError, match="an agent must have `predict` or be a torch module, got 3"
    ):
        make(env, 0)
