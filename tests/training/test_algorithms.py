from __future__ import annotations

import importlib.util
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.errors import MissingDependencyError
from reactor_env.training.algorithms import ALGORITHMS, check_spaces, is_picture
from reactor_env.worlds.catch import CatchEnv

PICTURE = CatchEnv().observation_space
TWO = gym.spaces.Discrete(2)


def pictures(*shape: int) -> gym.Space[Any]:
    return gym.spaces.Box(0, 255, shape, np.uint8)


@pytest.mark.parametrize(("agent", "missing"), [("ppo", "stable_baselines3"), ("ppo", "torch")])
def test_what_is_not_installed_is_named_with_its_extra(
    agent: str, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found(name)
    )
    with pytest.raises(MissingDependencyError, match=rf'{missing}: .*"reactor-env\[agents\]"'):
        ALGORITHMS[agent].load()


@pytest.mark.parametrize("agent", ["recurrent-ppo", "qrdqn"])
def test_contrib_is_asked_for_by_those_who_are_in_it(
    agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("stable_baselines3")
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "sb3_contrib" else found(name)
    )
    with pytest.raises(MissingDependencyError, match="training needs sb3_contrib"):
        ALGORITHMS[agent].load()


@pytest.mark.parametrize("agent", ALGORITHMS)
def test_every_policy_of_the_table_is_there(agent: str) -> None:
    algorithm = ALGORITHMS[agent]
    pytest.importorskip("stable_baselines3")
    pytest.importorskip(algorithm.package)
    aliases = algorithm.load().policy_aliases
    assert algorithm.policy(PICTURE) in aliases
    assert algorithm.policy(gym.spaces.Box(0, 1, (3,))) in aliases
    history = algorithm.policy(gym.spaces.Dict({"observation": PICTURE}))
    assert issubclass(history, aliases[f"MultiInput{algorithm.picture_policy.removeprefix('Cnn')}"])


def test_what_is_given_comes_before_the_defaults() -> None:
    made = ALGORITHMS["ppo"].arguments({"n_steps": 7, "gamma": 0.5}, streamed=False)
    assert (made["n_steps"], made["gamma"], made["batch_size"]) == (7, 0.5, 120)


def test_a_replay_learner_learns_between_episodes_where_the_world_runs_on() -> None:
    made = ALGORITHMS["qrdqn"].arguments({}, streamed=True)
    assert (made["train_freq"], made["gradient_steps"]) == ((1, "episode"), -1)
    assert ALGORITHMS["qrdqn"].arguments({}, streamed=False)["train_freq"] == 1
    with pytest.raises(ValueError, match=r"`train_freq` cannot be set in streamed mode: .* got 4"):
        ALGORITHMS["qrdqn"].arguments({"train_freq": 4}, streamed=True)


def test_arguments_that_follow_from_others_are_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot be \['env', 'seed'\]"):
        ALGORITHMS["ppo"].arguments({"seed": 1, "env": None}, streamed=False)


@pytest.mark.parametrize("shape", [(35, 64, 3), (1, 36, 35), (16, 16, 1)])
def test_pictures_too_small_for_the_network_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"`size` must be at least 36x36 pixels .* got .*shape"):
        check_spaces("ppo", pictures(*shape), TWO)
    with pytest.raises(ValueError, match="`size` must be at least"):
        check_spaces("ppo", gym.spaces.Dict({"observation": pictures(*shape)}), TWO)


@pytest.mark.parametrize("shape", [(36, 36, 3), (1, 36, 36)])
def test_the_smallest_pictures_have_a_network(shape: tuple[int, ...]) -> None:
    sb3: Any = pytest.importorskip("stable_baselines3")
    check_spaces("ppo", pictures(*shape), TWO)

    class Blank(CatchEnv):
        def __init__(self) -> None:
            super().__init__("rgb_array")
            self.observation_space = gym.spaces.Box(0, 255, shape, np.uint8)

    sb3.PPO("CnnPolicy", Blank(), n_steps=8, batch_size=8)


def test_qrdqn_takes_discrete_actions_only() -> None:
    box = gym.spaces.Box(-1, 1, (2,))
    check_spaces("ppo", PICTURE, box)
    with pytest.raises(ValueError, match=r"'qrdqn' must have actions of Discrete, got Box"):
        check_spaces("qrdqn", PICTURE, box)


def test_a_picture_is_known_by_its_type_and_shape() -> None:
    assert is_picture(PICTURE)
    assert not is_picture(gym.spaces.Box(0, 1, (4, 4, 3), np.float32))
    assert not is_picture(gym.spaces.Box(0, 255, (4,), np.uint8))
