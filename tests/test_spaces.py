from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces import ACTION_COMMAND, SEQUENCE_FIELD, ActionMap, action_map
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
    data = mapped.data(action, number)
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


# -- world -> schema -> client, and back --------------------------------------------------------


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
        assert_within_bounds(mapped.data(action, 0), fields)


def test_an_unbounded_box_stays_unbounded() -> None:
    space = gym.spaces.Box(-np.inf, np.inf, (2,))
    mapped, fields, _ = client_of(space)
    assert [(field.low, field.high) for field in fields] == [(None, None)] * 2
    assert mapped.space == space


def test_fields_stay_in_the_order_of_the_action() -> None:
    space = gym.spaces.MultiDiscrete(np.array([[5, 6], [7, 8]]))
    mapped, _, decode = client_of(space)
    data = mapped.data(np.array([1, 2, 3, 4]), 0)
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
    np.testing.assert_array_equal(decode(mapped.data(np.arange(11), 0)), np.arange(11))


@pytest.mark.parametrize(
    "space",
    [gym.spaces.Text(3), gym.spaces.Dict({}), gym.spaces.Tuple([gym.spaces.Discrete(2)])],
    ids=lambda space: type(space).__name__,
)
def test_a_world_with_another_action_space_is_refused(space: gym.Space[Any]) -> None:
    with pytest.raises(TypeError, match="expected a Discrete, MultiDiscrete, MultiBinary or Box"):
        action_fields(space)


# -- schemas of other models --------------------------------------------------------------------


def model(*fields: FieldSchema, command: str = ACTION_COMMAND) -> ModelSchema:
    found = CommandSchema(command, "", {field.name: field for field in fields})
    return ModelSchema("m", {command: found}, ())


def integer(name: str, low: int | None, high: int | None) -> FieldSchema:
    return FieldSchema(name, "integer", required=True, minimum=low, maximum=high)


def test_one_boolean_is_discrete_with_two_values() -> None:
    mapped = action_map(model(FieldSchema("jump", "boolean", required=True)))
    assert mapped.space == gym.spaces.Discrete(2)
    assert [mapped.data(n, 0) for n in (0, 1)] == [{"jump": False}, {"jump": True}]


def test_a_field_with_choices_is_discrete_over_them() -> None:
    field = FieldSchema("key", "string", required=True, choices=("w", "a", "s"))
    mapped = action_map(model(field))
    assert mapped.space == gym.spaces.Discrete(3)
    assert [mapped.data(np.int64(n), 0) for n in range(3)] == [
        {"key": "w"},
        {"key": "a"},
        {"key": "s"},
    ]


def test_choices_of_an_integer_go_before_its_bounds() -> None:
    field = FieldSchema("gear", "integer", True, minimum=0, maximum=9, choices=(1, 5))
    mapped = action_map(model(field))
    assert mapped.space == gym.spaces.Discrete(2)
    assert mapped.data(1, 0) == {"gear": 5}


def test_several_booleans_are_multi_binary() -> None:
    fields = [FieldSchema(name, "boolean", required=True) for name in ("a", "b")]
    mapped = action_map(model(*fields))
    assert mapped.space == gym.spaces.MultiBinary(2)
    assert mapped.data(np.array([0, 1], np.int8), 0) == {"a": False, "b": True}


def test_one_number_is_a_box_and_not_a_scalar() -> None:
    field = FieldSchema("steer", "number", required=True, minimum=-1, maximum=1)
    mapped = action_map(model(field))
    assert mapped.space == gym.spaces.Box(-1, 1, (1,), np.float32)
    assert mapped.data(np.array([0.5], np.float32), 0) == {"steer": 0.5}


def test_an_action_is_numbered_only_where_the_model_wants_it() -> None:
    plain = action_map(model(integer("a", 0, 1)))
    numbered = action_map(model(integer("a", 0, 1), integer(SEQUENCE_FIELD, -1, None)))
    assert not plain.sequenced
    assert plain.data(1, 7) == {"a": 1}
    assert numbered.sequenced
    assert numbered.data(1, 7) == {"a": 1, SEQUENCE_FIELD: 7}


def test_values_are_plain_python_that_any_codec_takes() -> None:
    mapped = action_map(model(integer("a", 0, 5), integer("b", 0, 5)))
    assert [type(v) for v in mapped.data(np.array([1, 2]), 0).values()] == [int, int]


def test_the_action_command_may_have_another_name() -> None:
    mapped = action_map(model(integer("a", 0, 1), command="press"), command="press")
    assert mapped.command == "press"


def test_a_command_the_model_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(
        UnsupportedModelError,
        match="`action_command` must be a command of model 'm', one of press, got 'act'",
    ):
        action_map(model(integer("a", 0, 1), command="press"))


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        pytest.param([], "no parameters", id="none"),
        pytest.param([integer("a", 0, None)], "a: integer", id="unbounded integer"),
        pytest.param(
            [integer("a", 0, 1), FieldSchema("b", "boolean", True)],
            "a: integer, b: boolean",
            id="mixed",
        ),
        pytest.param([FieldSchema("text", "string", True)], "text: string", id="free text"),
        pytest.param([integer("a", 0, 1), integer("b", None, 1)], "b: integer", id="half bounded"),
    ],
)
def test_parameters_that_fit_no_space_are_listed(fields: list[FieldSchema], listed: str) -> None:
    with pytest.raises(UnsupportedModelError, match=f"command 'act' has no action space.*{listed}"):
        action_map(model(*fields))


@pytest.mark.parametrize(
    ("space", "action", "got"),
    [
        (gym.spaces.Discrete(3), 3, "got 3 of type int"),
        (gym.spaces.Discrete(3), np.int64(-1), "of type int64"),
        (gym.spaces.Discrete(3), 1.0, r"got 1\.0 of type float"),
        (gym.spaces.Box(-1, 1, (2,)), np.zeros(3, np.float32), r"shape \(3,\)"),
        (gym.spaces.Box(-1, 1, (2,)), np.zeros(2, np.float64), "dtype float64"),
        (gym.spaces.Box(-1, 1, (2,)), np.full(2, 1.1, np.float32), "dtype float32"),
        (gym.spaces.Box(-1, 1, (2,)), np.full(2, np.nan, np.float32), "nan"),
        (gym.spaces.MultiBinary(2), np.array([0, 2]), "dtype int64"),
    ],
)
def test_an_action_outside_the_space_is_named(space: gym.Space[Any], action: Any, got: str) -> None:
    mapped, _, _ = client_of(space)
    with pytest.raises(ValueError, match=rf"(?s)`action` must be in .*{got}"):
        mapped.data(action, 0)


def test_bounds_without_a_float32_between_them_name_the_parameter() -> None:
    fields = [ActionField("gain", float, 0.1, 0.1)]
    with pytest.raises(UnsupportedModelError, match=r"'gain' of command 'act' has no float32"):
        action_map(parse_schema(document(fields, sequenced=False)))


def test_an_integer_beyond_what_doubles_carry_has_no_action_space() -> None:
    fields = [ActionField("level", int, 0, 2**60)]
    with pytest.raises(UnsupportedModelError, match="level: integer"):
        action_map(parse_schema(document(fields, sequenced=False)))
