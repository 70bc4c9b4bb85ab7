"""Every typed client against its schema: what it sends, and what it refuses to send."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reactor_env.models
from reactor_env.client import InvalidCommandError, Reactor
from reactor_env.client.schema import CommandSchema, FieldSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.types import FileRef
from reactor_env.codegen.bundled import BundledSchema, bundled_schemas
from reactor_env.models import FastH3Model, LingbotWorld2Model, ReactorModel
from tests.models.recorder import recorder

BUNDLED = {found.class_name: found for found in bundled_schemas()}
CLASSES = pytest.mark.parametrize("found", BUNDLED.values(), ids=BUNDLED)
FILE = FileRef("id", "room.jpg", "image/jpeg", 3)
WRONG: dict[str, list[Any]] = {
    "integer": [1.5, "1", True, float("nan"), None],
    "number": ["1", True, float("nan"), float("inf"), None],
    "boolean": [0, 1, "true", None],
    "string": [1, b"text", None],
    "array": ["ab", 1, {}],
    "upload": ["room.jpg", {"upload_id": "id"}, b"bytes"],
}


def class_of(found: BundledSchema) -> type[ReactorModel]:
    model: type[ReactorModel] = getattr(reactor_env.models, found.class_name)
    return model


def values(field: FieldSchema) -> st.SearchStrategy[Any]:
    """Return the values that the schema allows."""
    low, high = field.minimum, field.maximum
    if field.choices:
        return st.sampled_from(field.choices)
    match field.type:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(
                -(2**53) if low is None else int(low), 2**53 if high is None else int(high)
            )
        case "number":
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case "string":
            printable = st.characters(exclude_categories=["Cs"])
            return st.text(printable, max_size=min(field.max_length or 20, 20))
        case "array":
            assert field.items is not None
            return st.lists(values(field.items), max_size=min(field.max_length or 9, 9))
        case "upload":
            return st.just(FILE)
    return (
        st.none() | st.integers(-9, 9) | st.text(max_size=5) | st.dictionaries(st.text(), st.none())
    )


def parameters(command: CommandSchema) -> st.SearchStrategy[dict[str, Any]]:
    fields = command.fields.values()
    return st.fixed_dictionaries(
        {field.name: values(field) for field in fields if field.required},
        optional={field.name: values(field) for field in fields if not field.required},
    )


def expected(command: CommandSchema, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes out: what was given, and the schema's defaults."""
    data = {name: value for name, value in given.items()}
    for field in command.fields.values():
        if not field.required and data.get(field.name) is None:
            data.pop(field.name, None)
            if field.default is not None:
                data[field.name] = field.default
    return data


def method(name: str) -> str:
    """Return the name of a command's or message's method: never one of the client's own."""
    return f"{name}_" if hasattr(Reactor, name) else name


async def call(client: Any, command: str, given: Mapping[str, Any]) -> None:
    await getattr(client, method(command))(**given)


def run(coroutine: Any) -> None:
    """Run a coroutine that never waits."""
    with pytest.raises(StopIteration):
        coroutine.send(None)


@CLASSES
@given(st.data())
@settings(max_examples=20)
def test_every_command_is_sent_as_its_schema_has_it(
    found: BundledSchema, data: st.DataObject
) -> None:
    client, calls = recorder(class_of(found))
    for name, command in parse_schema(found.document).commands.items():
        given = data.draw(parameters(command), label=name)
        calls.clear()
        run(call(client, name, given))
        assert calls == [(name, expected(command, given))]


@CLASSES
def test_wrong_values_are_refused_before_anything_is_sent(found: BundledSchema) -> None:
    client, calls = recorder(class_of(found))
    refused = 0
    for name, command in parse_schema(found.document).commands.items():
        right = {field.name: example(field) for field in command.fields.values()}
        for field in command.fields.values():
            for value in wrong_values(field):
                with pytest.raises(InvalidCommandError, match=f"command '{name}': `{field.name}"):
                    call(client, name, {**right, field.name: value}).send(None)
                refused += 1
    assert calls == []
    assert refused or not any(c.fields for c in class_of(found).SCHEMA.commands.values())


def example(field: FieldSchema) -> Any:
    """Return a value that the schema allows."""
    if field.choices:
        return field.choices[0]
    low = 0 if field.minimum is None else field.minimum
    plain = {"boolean": True, "string": "text", "array": [], "upload": FILE}
    return plain.get(field.type, low)


def wrong_values(field: FieldSchema) -> list[Any]:
    wrong = [value for value in WRONG.get(field.type, []) if value is not None or field.required]
    if field.minimum is not None:
        wrong.append(field.minimum - 1)
    if field.maximum is not None:
        wrong.append(field.maximum + 1)
    if field.max_length is not None:
        wrong.append(("a" if field.type == "string" else [0]) * (field.max_length + 1))
    if field.choices and field.type == "string":
        wrong.append("no such choice")
    return wrong


@CLASSES
def test_a_class_has_its_name_and_a_method_for_each_command_and_message(
    found: BundledSchema,
) -> None:
    model, schema = class_of(found), parse_schema(found.document)
    assert issubclass(model, Reactor)
    assert found.model_name == model.MODEL_NAME
    methods = {name for name, value in vars(model).items() if inspect.isfunction(value)}
    names = [*schema.commands, *(f"on_{name}" for name in schema.messages)]
    assert methods == {*map(method, names)}
    for name in methods:
        assert typing.get_type_hints(getattr(model, name))


@CLASSES
def test_every_message_has_a_type_with_its_fields(found: BundledSchema) -> None:
    module = sys.modules[class_of(found).__module__]
    types = {
        name: typing.get_type_hints(value)
        for name, value in vars(module).items()
        if typing.is_typeddict(value)
    }
    messages = parse_schema(found.document).messages.values()
    assert [list(fields) for fields in types.values()] == [list(m.fields) for m in messages]


def test_a_command_with_the_name_of_one_of_the_clients_methods_has_another() -> None:
    client, calls = recorder(FastH3Model)
    run(client.get_state_())
    assert calls == [("get_state", {})]
    assert FastH3Model.get_state is Reactor.get_state


def test_camera_poses_of_lingbot_world_2_are_numbers_of_a_limited_count() -> None:
    client, calls = recorder(LingbotWorld2Model)
    run(client.set_camera_pose([0.0] * 1536))
    for poses in ([0.0] * 1537, [0.0, float("nan")], "000000"):
        with pytest.raises(InvalidCommandError, match="set_camera_pose"):
            client.set_camera_pose(poses).send(None)
    assert len(calls) == 1


def test_the_package_names_every_class_and_no_other() -> None:
    assert set(reactor_env.models.__all__) == {"ReactorModel", *BUNDLED}
    assert set(reactor_env.models.__all__) <= set(dir(reactor_env.models))
    with pytest.raises(AttributeError, match="has no attribute 'NoSuchModel'"):
        _ = reactor_env.models.NoSuchModel


def test_importing_the_package_imports_no_client() -> None:
    code = (
        "import sys, reactor_env.models as m\n"
        "heavy = {'aiortc', 'av', 'reactor_env.models.base'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "m.HeliosModel\n"
        "assert 'reactor_env.models.helios' in sys.modules\n"
        "assert 'reactor_env.models.lingbot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
