"""A bundled world's action space, through its schema and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reactor_env.client.schema_reader import parse_schema
from reactor_env.spaces import SEQUENCE_FIELD, ActionMap, action_map
from reactor_env.worlds.action_fields import ActionField, action_fields

JSON_TYPES: dict[type, str] = {int: "integer", float: "number", bool: "boolean"}


def document(fields: Sequence[ActionField], *, sequenced: bool = True) -> dict[str, Any]:
    """The OpenAPI document of a world, as reactor-runtime renders it over the data channel."""
    properties: dict[str, Any] = {}
    for field in fields:
        properties[field.name] = {"type": JSON_TYPES[field.type], "x-reactor-moderate": False}
        # A Struct has no integers: every bound is a double on the wire.
        if field.low is not None:
            properties[field.name]["minimum"] = float(field.low)
        if field.high is not None:
            properties[field.name]["maximum"] = float(field.high)
    required = list(properties)
    if sequenced:
        properties[SEQUENCE_FIELD] = {"type": "integer", "default": -1.0, "minimum": -1.0}
    body = {"type": "object", "properties": properties, "required": required}
    content = {"application/json": {"schema": body}}
    operation = {"operationId": "act", "requestBody": {"content": content, "required": True}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "m"},
        "paths": {"/events/act": {"post": operation}},
    }


def client_of(space: gym.Space[Any]) -> tuple[ActionMap, list[ActionField], Any]:
    """What a client makes of a world's action space: world, schema, client space."""
    fields, decode = action_fields(space)
    return action_map(parse_schema(document(fields))), fields, decode


def sent(mapped: ActionMap, action: Any, number: int = 0) -> dict[str, Any]:
    """The parameters of the one command that an action sends."""
    (command,) = mapped.commands(mapped.values(action), None, number)
    return dict(command.data)


def assert_within_bounds(data: Mapping[str, Any], fields: Sequence[ActionField]) -> None:
    assert set(data) == {field.name for field in fields}
    for field in fields:
        value = data[field.name]
        assert field.low is None or value >= field.low
        assert field.high is None or value <= field.high
        assert type(value) is field.type


def assert_goes_back(space: gym.Space[Any], action: Any, *, number: int = 3) -> None:
    """Check that the world decodes what the client encodes, and may decode it."""
    mapped, fields, decode = client_of(space)
    assert mapped.space.contains(action)
    data = sent(mapped, action, number)
    assert data.pop(SEQUENCE_FIELD) == number
    assert_within_bounds(data, fields)
    decoded = decode(data)
    assert space.contains(decoded), f"{decoded!r} is not in {space}"
    np.testing.assert_array_equal(np.ravel(decoded), np.ravel(action))


SMALL = st.integers(-(2**40), 2**40)
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)
# Adding 0.0 makes -0.0 positive: NumPy draws nothing from [0.0, -0.0].
FLOATS = st.floats(-1e6, 1e6, width=32).map(lambda number: number + 0.0)


@st.composite
def multi_discretes(draw: st.DrawFn) -> gym.spaces.MultiDiscrete:
    shape = draw(SHAPES)
    count = int(np.prod(shape))
    sizes = draw(st.lists(st.integers(1, 2**31), min_size=count, max_size=count))
    starts = draw(st.lists(SMALL, min_size=count, max_size=count))
    return gym.spaces.MultiDiscrete(
        np.array(sizes, np.int64).reshape(shape), start=np.array(starts, np.int64).reshape(shape)
    )


@st.composite
def boxes(draw: st.DrawFn) -> gym.spaces.Box:
    shape = draw(SHAPES)
    count = int(np.prod(shape))
    low, high = np.empty(count, np.float32), np.empty(count, np.float32)
    for index in range(count):
        one, other = sorted([draw(FLOATS), draw(FLOATS)])
        low[index] = draw(st.sampled_from([one, -np.inf]))
        high[index] = draw(st.sampled_from([other, np.inf]))
    return gym.spaces.Box(low.reshape(shape), high.reshape(shape), dtype=np.float32)


@st.composite
def integer_boxes(draw: st.DrawFn) -> gym.spaces.Box:
    dtype: Any = draw(st.sampled_from([np.uint8, np.int16, np.int32]))
    limits = np.iinfo(dtype)
    low, high = sorted(draw(st.lists(st.integers(limits.min, limits.max), min_size=2, max_size=2)))
    return gym.spaces.Box(low, high, draw(SHAPES), dtype)


@given(n=st.integers(1, 2**40), start=SMALL, seed=SEEDS)
def test_a_discrete_action_goes_to_the_world_and_back(n: int, start: int, seed: int) -> None:
    space = gym.spaces.Discrete(n, start=start)
    mapped, _, _ = client_of(space)
    assert mapped.space == space
    mapped.space.seed(seed)
    assert_goes_back(space, mapped.space.sample())


@given(space=multi_discretes(), seed=SEEDS)
def test_a_multi_discrete_action_goes_to_the_world_and_back(
    space: gym.spaces.MultiDiscrete, seed: int
) -> None:
    mapped, _, _ = client_of(space)
    mapped.space.seed(seed)
    assert_goes_back(space, mapped.space.sample())


@given(shape=SHAPES, seed=SEEDS)
def test_a_multi_binary_action_goes_to_the_world_and_back(
    shape: tuple[int, ...], seed: int
) -> None:
    space = gym.spaces.MultiBinary(shape)
    mapped, _, _ = client_of(space)
    mapped.space.seed(seed)
    assert_goes_back(space, mapped.space.sample())


@given(space=boxes(), seed=SEEDS)
def test_a_box_action_goes_to_the_world_and_back(space: gym.spaces.Box, seed: int) -> None:
    mapped, _, _ = client_of(space)
    mapped.space.seed(seed)
    assert_goes_back(space, mapped.space.sample())


@given(space=integer_boxes(), seed=SEEDS)
def test_an_integer_box_action_goes_to_the_world_and_back(space: gym.spaces.Box, seed: int) -> None:
    mapped, _, _ = client_of(space)
    mapped.space.seed(seed)
    assert_goes_back(space, mapped.space.sample())


@given(space=boxes())
def test_a_box_keeps_its_bounds_and_takes_actions_on_them(space: gym.spaces.Box) -> None:
    mapped, _, _ = client_of(space)
    assert isinstance(mapped.space, gym.spaces.Box)
    np.testing.assert_array_equal(mapped.space.low, np.ravel(space.low))
    np.testing.assert_array_equal(mapped.space.high, np.ravel(space.high))
    for corner in (space.low, space.high):
        assert_goes_back(space, np.nan_to_num(np.ravel(corner), posinf=1e7, neginf=-1e7))


@given(bounds=st.tuples(st.floats(-100, 100), st.floats(-100, 100)).map(sorted))
def test_no_action_exceeds_bounds_that_float32_cannot_hold(bounds: list[float]) -> None:
    low, high = bounds
    assume(high - low > 1e-3)
    # A model of the user's own, for example with Field(ge=0, le=0.1).
    fields = [ActionField("a", float, low, high)]
    mapped = action_map(parse_schema(document(fields, sequenced=False)))
    assert isinstance(mapped.space, gym.spaces.Box)
    for action in (mapped.space.low, mapped.space.high):
        assert_within_bounds(sent(mapped, action, 0), fields)


def test_an_unbounded_box_stays_unbounded() -> None:
    space = gym.spaces.Box(-np.inf, np.inf, (2,))
    mapped, fields, _ = client_of(space)
    assert [(field.low, field.high) for field in fields] == [(None, None)] * 2
    assert mapped.space == space


def test_fields_stay_in_the_order_of_the_action() -> None:
    space = gym.spaces.MultiDiscrete(np.array([[5, 6], [7, 8]]))
    mapped, _, decode = client_of(space)
    data = sent(mapped, np.array([1, 2, 3, 4]), 0)
    assert data == {
        "action_0": 1,
        "action_1": 2,
        "action_2": 3,
        "action_3": 4,
        SEQUENCE_FIELD: 0,
    }
    np.testing.assert_array_equal(decode(data), [[1, 2], [3, 4]])


def test_eleven_fields_are_not_sorted_by_their_names() -> None:
    # action_10 sorts before action_2; schema order counts.
    mapped, _, decode = client_of(gym.spaces.MultiDiscrete([20] * 11))
    np.testing.assert_array_equal(decode(sent(mapped, np.arange(11), 0)), np.arange(11))


@pytest.mark.parametrize(
    "space",
    [gym.spaces.Text(3), gym.spaces.Dict({}), gym.spaces.Tuple([gym.spaces.Discrete(2)])],
    ids=lambda space: type(space).__name__,
)
def test_a_world_with_another_action_space_is_refused(space: gym.Space[Any]) -> None:
    with pytest.raises(TypeError, match="expected a Discrete, MultiDiscrete, MultiBinary or Box"):
        action_fields(space)


def test_a_dict_action_goes_to_the_world_and_back_by_its_keys() -> None:
    space = gym.spaces.Dict(
        {
            "steer": gym.spaces.Box(-1, 1, (2,)),
            "gear": gym.spaces.Discrete(3, start=1),
            "horn": gym.spaces.MultiBinary(1),
        }
    )
    mapped, fields, decode = client_of(space)
    assert [field.name for field in fields] == ["gear", "horn_0", "steer_0", "steer_1"]
    assert isinstance(mapped.space, gym.spaces.Dict)
    mapped.space.seed(3)
    for _ in range(20):
        action = mapped.space.sample()
        decoded = decode(sent(mapped, action))
        assert space.contains(decoded)
        assert decoded["gear"] == action["gear"]
        assert decoded["horn"] == [action["horn_0"]]


@pytest.mark.parametrize("keys", [["a b"], ["class"], ["action_seq"], ["x", "x_0"]])
def test_a_key_that_cannot_be_a_field_is_refused(keys: list[str]) -> None:
    part = gym.spaces.MultiBinary(1) if keys[0] == "x" else gym.spaces.Discrete(2)
    space = gym.spaces.Dict(
        {key: part if key == keys[0] else gym.spaces.Discrete(2) for key in keys}
    )
    with pytest.raises(TypeError, match="the keys of a Dict action space must"):
        action_fields(space)
