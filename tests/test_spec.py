"""Environments made again: of a pickle, of a copy, of their spec, of its JSON."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

from reactor_env.clock import Clock
from reactor_env.env import ReactorEnv
from reactor_env.observations import Observation
from reactor_env.spaces import ActionSpec
from reactor_env.spec import Remade

HOSTED: dict[str, Any] = {"model": "reactor/lingbot-world-2"}
"""A model whose spaces are known without a session."""

KEY = "rk_of_nobody"

ARGUMENTS: dict[str, dict[str, Any]] = {
    "observation": {"observation": Observation(size=(84, 96), gray=True)},
    "observation as a mapping": {"observation": {"size": (84, 96), "channels_first": True}},
    "profile": {"profile": "lingbot_world_2"},
    "profile as a table": {"profile": {"actions": {"set_move_lateral": {}}, "size": [96, 160]}},
    "action commands": {"action_commands": ["set_move_lateral", {"command": "set_look_vertical"}]},
    "action specs": {"action_commands": [ActionSpec(command="set_rotation_speed_deg", low=1)]},
    "presets": {
        "action_form": "presets",
        "action_presets": {"stay": {}, "left": {"set_move_lateral": "strafe_left"}},
    },
    "pacing": {"pacing": "latest"},
    "clock": {"pacing": Clock(20)},
    "numbers": {"horizon": 7, "delay": 0.4, "frames_per_step": 2, "step_timeout": 3.0},
    "rendering": {"render_mode": "rgb_array"},
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", KEY)


class Made(Remade):
    """Holds something that cannot be pickled."""

    def __init__(self, first: int, *, second: Any = None) -> None:
        self.first = first
        self.second = second
        self.spec = None
        self.held = lambda: None


class MadeDifferently(Made):
    def __init__(self, text: str) -> None:
        super().__init__(int(text))


def make(**arguments: Any) -> ReactorEnv:
    env = gym.make("reactor_env/World-v0", **HOSTED, **arguments).unwrapped
    assert isinstance(env, ReactorEnv)
    return env


def test_it_is_made_again_of_what_it_was_made_of() -> None:
    made = pickle.loads(pickle.dumps(Made(1, second=[2])))
    assert (made.first, made.second) == (1, [2])


def test_a_copy_of_a_copy_is_one_too() -> None:
    assert copy.copy(copy.copy(Made(1, second="x"))).second == "x"


def test_a_deep_copy_has_arguments_of_its_own() -> None:
    original = Made(1, second=[2])
    copied = copy.deepcopy(original)
    original.second.append(3)
    assert copied.second == [2]


def test_a_subclass_is_made_of_its_own_arguments() -> None:
    made = pickle.loads(pickle.dumps(MadeDifferently("7")))
    assert (type(made), made.first) == (MadeDifferently, 7)


def test_the_spec_is_kept() -> None:
    original = Made(1)
    original.spec = EnvSpec("made-v0", kwargs={"first": 1})
    assert pickle.loads(pickle.dumps(original)).spec == original.spec


def test_an_api_key_is_in_no_spec() -> None:
    env = gym.wrappers.TimeLimit(make(api_key="rk_given"), 5)
    assert env.spec is not None
    assert "api_key" not in env.spec.kwargs
    assert "rk_given" not in env.spec.to_json()
    assert "rk_given" not in repr(env.spec)


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize(
    "again",
    [
        lambda env: pickle.loads(pickle.dumps(env)),
        lambda env: gym.make(copy.deepcopy(env.spec)).unwrapped,
        lambda env: gym.make(EnvSpec.from_json(env.spec.to_json())).unwrapped,
    ],
    ids=["pickle", "deepcopy of the spec", "JSON"],
)
def test_an_environment_made_again_is_the_same(
    again: Callable[[ReactorEnv], ReactorEnv], arguments: dict[str, Any]
) -> None:
    env = make(**arguments)
    other = again(env)
    assert other.action_space == env.action_space
    assert other.observation_space == env.observation_space
    assert other.observation == env.observation
    assert other.pacing == env.pacing
    assert other.profile == env.profile
    assert other.render_mode == env.render_mode
    assert other.spec is not None
    assert env.spec is not None
    assert other.spec.to_json() == env.spec.to_json()


def test_a_copy_of_a_spec_equals_it() -> None:
    spec = make(observation=Observation(size=(84, 96))).spec
    assert copy.deepcopy(spec) == spec


def test_wrappers_of_a_spec_are_made_again() -> None:
    env = gym.wrappers.TimeLimit(make(), 5)
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(again, gym.wrappers.TimeLimit)
    assert isinstance(again.unwrapped, ReactorEnv)


def test_what_only_cloudpickle_can_pickle_is_named_by_pickle() -> None:
    env = make(reward=lambda observation, action, info: 1.0)
    with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
        pickle.dumps(env)
    assert isinstance(cloudpickle.loads(cloudpickle.dumps(env)), ReactorEnv)


def test_a_key_of_the_environment_variable_is_in_no_pickle() -> None:
    assert KEY.encode() not in pickle.dumps(ReactorEnv(model=HOSTED["model"]))
