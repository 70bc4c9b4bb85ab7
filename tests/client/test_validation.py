from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.client.types import FileRef
from reactor_env.client.validation import InvalidCommandError, validate_command

FILE = FileRef("id", "room.jpg", "image/jpeg", 3)
NUMBER = FieldSchema("", "number", required=True, minimum=0, maximum=1)


def model(*fields: FieldSchema) -> ModelSchema:
    command = CommandSchema("act", "", {field.name: field for field in fields})
    others = {name: CommandSchema(name, "", {}) for name in ("set_prompt", "set_image", "reset")}
    return ModelSchema("m", {"act": command, **others}, ())


def field(kind: str, **rules: Any) -> FieldSchema:
    return FieldSchema("x", kind, required=True, **rules)


def refusal(schema: ModelSchema, data: dict[str, Any], command: str = "act") -> InvalidCommandError:
    with pytest.raises(InvalidCommandError) as refused:
        validate_command(schema, command, data)
    return refused.value


def test_an_unknown_command_is_told_with_those_there_are_and_the_likely_one() -> None:
    error = refusal(model(), {}, "set_promt")
    assert (error.command, error.parameter) == ("set_promt", None)
    assert str(error) == (
        "command 'set_promt' is none of model 'm': did you mean set_prompt? "
        "It must be one of act, reset, set_image, set_prompt"
    )


def test_an_unknown_parameter_is_told_with_those_there_are_and_the_likely_one() -> None:
    error = refusal(model(field("string", default="")), {"x": "", "xx": [1]})
    assert (error.command, error.parameter) == ("act", "xx")
    assert str(error) == (
        "command 'act': `xx` is none of its parameters: did you mean x? "
        "It must be one of x; got [1]"
    )


def test_a_command_without_parameters_says_that_there_are_none() -> None:
    assert "`seed` is none of its parameters: there are none; got 1" in str(
        refusal(model(), {"seed": 1}, "reset")
    )


def test_a_command_whose_parameters_are_not_known_takes_any_json_value() -> None:
    schema = ModelSchema("m", {"act": CommandSchema("act", "", {}, open=True)}, ())
    validate_command(schema, "act", {"image": FILE, "n": [1, None]})
    assert refusal(schema, {"n": float("nan")}).parameter == "n"


def test_a_missing_parameter_is_told_with_what_it_must_be() -> None:
    error = refusal(model(field("integer", minimum=0)), {})
    assert str(error) == (
        "command 'act': `x` is required: it must be an integer of at least 0, got nothing"
    )


def test_a_parameter_with_a_default_may_be_left_out() -> None:
    validate_command(model(FieldSchema("x", "integer", required=False, default=3)), "act", {})


def test_a_refusal_is_a_client_error_and_a_value_error() -> None:
    error = refusal(model(), {}, "no")
    assert isinstance(error, ReactorClientError)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        (field("integer"), 1.5, "an integer, got 1.5"),
        (field("integer"), True, "an integer, got True"),
        (field("integer"), "1", "an integer, got '1'"),
        (field("integer"), 2**53 + 1, "an integer, got 9007199254740993"),
        (field("integer", minimum=0, maximum=9), 10, "an integer from 0 to 9, got 10"),
        (field("number"), float("nan"), "a number, got nan"),
        (field("number"), float("inf"), "a number, got inf"),
        (field("number"), False, "a number, got False"),
        (field("number", minimum=-1.5), -2, "a number of at least -1.5, got -2"),
        (field("number", maximum=30), 30.1, "a number of at most 30, got 30.1"),
        (field("boolean"), 1, "True or False, got 1"),
        (field("string"), 1, "a string, got 1"),
        (field("string"), b"a", "a string, got b'a'"),
        (field("string"), "\ud800", "a string, got '\\ud800'"),
        (field("string", min_length=1), "", "a string of at least 1 character, got ''"),
        (field("string", max_length=2), "abc", "a string of at most 2 characters, got 'abc'"),
        (field("string", choices=("a", "b")), "c", "one of 'a', 'b', got 'c'"),
        (field("string", choices=("a",)), "c", "'a', got 'c'"),
        (field("string", choices=("a",), nullable=True), "c", "'a', or None, got 'c'"),
        (field("integer", choices=(1, 3)), True, "one of 1, 3, got True"),
        (field("string"), None, "a string, got None"),
        (field("upload"), "room.jpg", "a FileRef from upload_file(), got 'room.jpg'"),
        (field("upload"), {"upload_id": "id"}, "a FileRef from upload_file(), got {'upload_id"),
        (field("array", items=NUMBER), "ab", "a list, each a number from 0 to 1, got 'ab'"),
        (field("array", min_length=2, max_length=2), [1], "a list of exactly 2 items, got [1]"),
        (field("array", min_length=1, max_length=2), [], "a list of 1 to 2 items, got []"),
        (field("object"), [], "a mapping, got []"),
        (field("any"), {1, 2}, "a JSON value or a FileRef, got {1, 2}"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_must_be(
    rule: FieldSchema, value: Any, told: str
) -> None:
    error = refusal(model(rule), {"x": value})
    assert str(error).startswith(f"command 'act': `x` must be {told}")
    assert error.parameter == "x"


@pytest.mark.parametrize(
    ("rule", "value", "place"),
    [
        (field("array", items=NUMBER), [0, 0.5, 2], "x[2]"),
        (field("array", items=field("array", items=NUMBER)), [[0], [1, "a"]], "x[1][1]"),
        (field("array"), [1, {"a": float("nan")}], "x[1].a"),
        (field("object", values=NUMBER), {"a": 1, "b": 2}, "x.b"),
        (field("object", properties={"p": FieldSchema("p", "string", True)}), {"p": 1}, "x.p"),
        (field("object", properties={"p": FieldSchema("p", "string", True)}), {}, "x.p"),
        (field("any"), {"a": [float("inf")]}, "x.a[0]"),
    ],
)
def test_a_wrong_part_is_told_with_its_place(rule: FieldSchema, value: Any, place: str) -> None:
    error = refusal(model(rule), {"x": value})
    assert error.parameter == place
    assert f"`{place}` " in str(error)


def test_keys_that_are_no_strings_are_refused() -> None:
    assert "`x` must have strings for keys, got 1" in str(
        refusal(model(field("object")), {"x": {1: 2}})
    )


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (field("integer"), 3.0),
        (field("integer", minimum=0, maximum=0), 0),
        (field("number"), 3),
        (field("string", max_length=2), "😀😀"),
        (field("string", nullable=True), None),
        (field("array", items=NUMBER), (0, 1)),
        (field("array", items=field("upload")), [FILE]),
        (field("object", properties={"p": NUMBER}), {"p": 1, "other": "text"}),
        (field("upload"), FILE),
        (field("any"), FILE),
        (field("any"), {"a": [None, True, 1, 0.5, "text", {}]}),
        (field("any"), None),
        (field("integer", choices=(1, 3)), 3.0),
    ],
)
def test_a_right_value_is_taken(rule: FieldSchema, value: Any) -> None:
    validate_command(model(rule), "act", {"x": value})


def test_a_long_value_is_cut() -> None:
    text = str(refusal(model(field("integer")), {"x": "a" * 10_000}))
    assert len(text) < 150
    assert text.endswith("aaa...")


@given(value=st.floats() | st.integers(), low=st.integers(-5, 0), high=st.integers(1, 5))
def test_a_number_is_taken_exactly_when_it_is_in_its_range(
    value: float, low: int, high: int
) -> None:
    schema = model(field("number", minimum=low, maximum=high))
    if low <= value <= high:
        validate_command(schema, "act", {"x": value})
    else:
        assert re.search(f"a number from {low} to {high}", str(refusal(schema, {"x": value})))


numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=json_values)
def test_a_parameter_of_any_type_takes_every_json_value(value: Any) -> None:
    validate_command(model(field("any")), "act", {"x": value})
