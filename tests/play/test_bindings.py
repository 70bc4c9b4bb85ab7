from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.schema import FieldSchema
from reactor_env.model_setup import set_up
from reactor_env.play import KeyMap, UnboundError, key_map
from reactor_env.play.bindings import CONVENTION, RESERVED, _Axes
from reactor_env.profiles.reader import read_profile
from reactor_env.profiles.registry import bundled_profiles
from tests.profiles.test_bundled import WITH_SCHEMA, schema_for
from tests.spaces.models import axis, choice, command, integer, model, number
from tests.spaces.models import keys as named_keys

NO_KEYS = ("x2",)
"""Steered by a pointer."""

WALK = {
    "actions": {"set_move": {}, "set_turn": {}},
    "presets": {"forward": {"set_move": "forward"}, "turn_left": {"set_turn": "left"}},
}


SCHEMA = model(
    command("set_move", choice("move", "idle", "forward")),
    command("set_turn", choice("turn", "idle", "left", "right")),
)


def keys_of(profile: Mapping[str, Any]) -> tuple[KeyMap, gym.Space[Any]]:
    setup = set_up("model", SCHEMA, profile=read_profile("mine", profile))
    return key_map(setup.actions, setup.profile), setup.actions.space


def world(action: FieldSchema) -> tuple[KeyMap, gym.Space[Any]]:
    setup = set_up("world", model(command("act", action)))
    return key_map(setup.actions, setup.profile), setup.actions.space


def test_presets_with_a_usual_name_have_the_usual_keys() -> None:
    keys, _ = keys_of(WALK)
    assert keys.bound == {"w": "forward", "left": "turn_left"}


def test_keys_that_are_down_together_are_combined_and_others_ignored() -> None:
    keys, space = keys_of(WALK)
    assert isinstance(space, gym.spaces.MultiDiscrete)
    assert [list(keys.action(down)) for down in ({"w"}, {"left"}, {"w", "left", "x"}, set())] == [
        [1, 0],
        [0, 1],
        [1, 1],
        [0, 0],
    ]


def test_a_profile_binds_keys_to_presets_and_to_anything_else() -> None:
    keys, _ = keys_of({**WALK, "keyboard": {"up": "forward", "x": {"set_turn": "right"}}})
    assert keys.bound == {"up": "forward", "x": "set_turn right", "left": "turn_left"}
    assert list(keys.action({"up", "x"})) == [1, 2]


@pytest.mark.parametrize(
    ("keyboard", "message"),
    [
        ({"x": "dance"}, "`keyboard.x` must be a preset, one of forward, turn_left.*got 'dance'"),
        ({"tab": "forward"}, "`keyboard` must leave escape, p, ., tab.*got 'tab'"),
        ({"x": {"set_hat": "on"}}, "the key 'x' may set set_move, set_turn, got set_hat"),
        ({"x": {"set_turn": "up"}}, "'set_turn' must be in .*got .*'up'"),
    ],
)
def test_a_binding_that_cannot_be_is_refused(keyboard: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keys_of({**WALK, "keyboard": keyboard})


def test_a_binding_of_the_wrong_kind_is_refused_when_the_profile_is_read() -> None:
    with pytest.raises(ValueError, match=r"`keyboard.x` must be the name of a preset, or a table"):
        read_profile("mine", {**WALK, "keyboard": {"x": 3}})


def test_arrows_are_the_first_and_the_last_of_three_actions_and_nothing_is_the_middle() -> None:
    keys, _ = world(integer("action", 0, 2))
    assert [keys.action(down) for down in ({"left"}, {"right"}, {"1"}, set())] == [0, 2, 1, 1]


def test_the_last_of_two_actions_is_held() -> None:
    keys, _ = world(integer("action", 0, 1))
    assert [keys.action(down) for down in (set(), {"right"}, set(), {"left"})] == [0, 1, 1, 0]


def test_many_actions_have_digits() -> None:
    keys, _ = world(integer("action", 0, 30))
    assert list(keys.bound) == [str(digit) for digit in range(10)]
    assert keys.action({"7"}) == 7


def test_an_axis_on_both_sides_of_zero_has_two_keys_and_another_one() -> None:
    space = gym.spaces.Box(np.array([-1, 0, -3]), np.array([1, 1, 3]), dtype=np.float32)
    keys = _Axes(space)
    assert list(keys.bound) == ["left", "right", "up", "a", "d"]
    assert list(keys.action({"left", "up", "d"})) == [-1.0, 1.0, 1.0]
    assert list(keys.action(set())) == [0.0, 0.0, 0.0]
    assert space.contains(keys.action({"left"}))


def test_the_axes_of_a_camera_have_pairs_of_keys() -> None:
    setup = set_up("model", model(axis("forward"), axis("strafe")))
    keys = key_map(setup.actions, setup.profile)
    assert list(keys.action({"w", "a"})) == [1.0, -1.0]


def test_keys_that_a_model_takes_by_name_are_themselves() -> None:
    setup = set_up("model", model(named_keys("w", "x")))
    keys = key_map(setup.actions, setup.profile)
    assert list(keys.action({"x"})) == [0, 1]


def test_a_model_without_anything_a_key_could_do_says_what_to_do() -> None:
    setup = set_up("model", model(*(command(f"set_{name}", number(name, 0, 1)) for name in "ab")))
    with pytest.raises(UnboundError, match="give the profile a table `keyboard`"):
        key_map(setup.actions, setup.profile)


@pytest.mark.parametrize("name", [name for name in WITH_SCHEMA if name not in NO_KEYS])
@given(down=st.sets(st.sampled_from([*CONVENTION, *RESERVED, "1", "2", "z", "c", "left shift"])))
def test_any_keys_give_an_action_of_every_published_model(name: str, down: set[str]) -> None:
    setup = set_up(name, schema_for(name), profile=bundled_profiles()[name])
    keys = key_map(setup.actions, setup.profile)
    assert setup.actions.space.contains(keys.action(down))


@pytest.mark.parametrize("name", [name for name in WITH_SCHEMA if name not in NO_KEYS])
def test_every_published_model_can_be_moved_by_keys(name: str) -> None:
    setup = set_up(name, schema_for(name), profile=bundled_profiles()[name])
    keys = key_map(setup.actions, setup.profile)
    still = setup.actions.values(keys.action(set()))
    assert any(setup.actions.values(keys.action({key})) != still for key in keys.bound)
