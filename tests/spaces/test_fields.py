from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.schema import FieldSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces.fields import EXACT, leaf, neutral_value
from tests.spaces.models import array, choice, flag, integer, number, text

SPACES = [
    pytest.param([flag("a")], gym.spaces.Discrete(2), id="boolean"),
    pytest.param([choice("a", "w", "s", "d")], gym.spaces.Discrete(3), id="choices"),
    pytest.param([integer("a", -2, 2)], gym.spaces.Discrete(5, start=-2), id="integer"),
    pytest.param(
        [integer("a")], gym.spaces.Box(-EXACT, EXACT, (1,), np.int64), id="unbounded integer"
    ),
    pytest.param(
        [integer("a", 0)], gym.spaces.Box(0, EXACT, (1,), np.int64), id="half bounded integer"
    ),
    pytest.param([number("a", -1, 1)], gym.spaces.Box(-1, 1, (1,), np.float32), id="number"),
    pytest.param(
        [number("a")], gym.spaces.Box(-np.inf, np.inf, (1,), np.float32), id="unbounded number"
    ),
    pytest.param([flag("a"), flag("b")], gym.spaces.MultiBinary(2), id="booleans"),
    pytest.param(
        [integer("a", 1, 3), integer("b", 0, 1)],
        gym.spaces.MultiDiscrete([3, 2], start=[1, 0]),
        id="integers",
    ),
    pytest.param(
        [choice("a", "x", "y", "z"), flag("b"), integer("c", 4, 9)],
        gym.spaces.MultiDiscrete([3, 2, 6], start=[0, 0, 4]),
        id="finite ones",
    ),
    pytest.param(
        [integer("a", 0, 1), number("b", 0, 1)],
        gym.spaces.Dict(a=gym.spaces.Discrete(2), b=gym.spaces.Box(0, 1, (1,), np.float32)),
        id="mixed",
    ),
    pytest.param(
        [integer("a"), integer("b", 0, 5)],
        gym.spaces.Box(np.array([-EXACT, 0]), np.array([EXACT, 5]), dtype=np.int64),
        id="an unbounded integer among others",
    ),
    pytest.param(
        [array("a", number("", -1, 1), 3)], gym.spaces.Box(-1, 1, (3,), np.float32), id="array"
    ),
    pytest.param([array("a", flag(""), 2)], gym.spaces.MultiBinary(2), id="array of booleans"),
    pytest.param(
        [array("a", choice("", "x", "y"), 2)],
        gym.spaces.MultiDiscrete([2, 2]),
        id="array of choices",
    ),
    pytest.param(
        [array("a", number("", 0, 1), 2), flag("b")],
        gym.spaces.Dict(a=gym.spaces.Box(0, 1, (2,), np.float32), b=gym.spaces.Discrete(2)),
        id="array and boolean",
    ),
]


@pytest.mark.parametrize(("fields", "space"), SPACES)
def test_parameters_have_the_plainest_space(
    fields: list[FieldSchema], space: gym.Space[Any]
) -> None:
    assert leaf("c", fields).space == space


@pytest.mark.parametrize(("fields", "space"), SPACES)
def test_every_action_becomes_plain_values_and_the_same_action_again(
    fields: list[FieldSchema], space: gym.Space[Any]
) -> None:
    made = leaf("c", fields)
    made.space.seed(7)
    for _ in range(20):
        action = made.space.sample()
        data = made.to_data(action)
        assert set(data) == {field.name for field in fields}
        for value in data.values():
            for one in value if isinstance(value, list) else [value]:
                assert type(one) in (bool, int, float, str)
        again = made.to_action(data)
        assert made.space.contains(again)
        assert made.to_data(again) == data


@pytest.mark.parametrize(("fields", "space"), SPACES)
def test_doing_nothing_is_an_action(fields: list[FieldSchema], space: gym.Space[Any]) -> None:
    made = leaf("c", fields)
    assert made.space.contains(made.to_action({f.name: neutral_value(f) for f in fields}))


def test_values_are_those_of_the_schema() -> None:
    made = leaf("c", [choice("a", "x", "y"), flag("b"), integer("c", 4, 9)])
    assert made.to_data(np.array([1, 1, 5])) == {"a": "y", "b": True, "c": 5}
    made = leaf("c", [array("pose", number("", -1, 1), 3)])
    assert made.to_data(np.array([0.5, 0, -1], np.float32)) == {"pose": [0.5, 0.0, -1.0]}


def test_choices_of_an_integer_go_before_its_bounds() -> None:
    made = leaf("c", [FieldSchema("gear", "integer", True, minimum=0, maximum=9, choices=(1, 5))])
    assert made.space == gym.spaces.Discrete(2)
    assert made.to_data(1) == {"gear": 5}


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (text("p"), "parameter 'p' is a text without choices"),
        (FieldSchema("p", "upload", True), "parameter 'p' is a file"),
        (FieldSchema("p", "any", True), "of a type that the schema does not tell"),
        (FieldSchema("p", "object", True), "is of type object"),
        (array("p", number("", 0, 1)), "an array whose length is not fixed"),
        (array("p", text(""), 2), "is an array of string"),
        (array("p", None, 2), "is an array of any"),
    ],
)
def test_what_fits_no_space_is_sent_to_reset(field: FieldSchema, reason: str) -> None:
    with pytest.raises(
        UnsupportedModelError,
        match=rf"command 'say' cannot be .*{reason}.*options=\{{'say': ...\}}",
    ):
        leaf("say", [number("a", 0, 1), field])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (choice("a", "forward", "idle"), "idle"),
        (choice("a", "forward", "back"), "forward"),
        (FieldSchema("a", "string", False, "back", choices=("idle", "back")), "back"),
        (flag("a"), False),
        (flag("a", True), True),
        (number("a", -1, 1), 0.0),
        (number("a", 2, 3), 2.0),
        (number("a"), 0.0),
        (integer("a", None, -4), -4),
        (array("a", number("", -1, 1), 2), [0.0, 0.0]),
        (array("a", choice("", "x", "none"), 1), ["none"]),
    ],
)
def test_a_neutral_value_is_the_default_or_does_the_least(field: FieldSchema, value: Any) -> None:
    assert neutral_value(field) == value


@given(low=st.integers(-(2**60), 2**60), size=st.integers(0, 2**61))
def test_an_integers_space_holds_only_what_a_double_carries(low: int, size: int) -> None:
    if low > EXACT or low + size < -EXACT:
        return
    made = leaf("c", [integer("a", low, low + size)])
    made.space.seed(1)
    value = made.to_data(made.space.sample())["a"]
    assert int(float(value)) == value
    assert low <= value <= low + size


def test_bounds_without_a_float32_between_them_name_the_parameter() -> None:
    with pytest.raises(UnsupportedModelError, match=r"'gain' of command 'c' has no float32"):
        leaf("c", [number("gain", 0.1, 0.1)])
