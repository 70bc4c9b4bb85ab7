from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reactor_env.client import Reactor
from reactor_env.client.schema import FieldSchema, ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.codegen import SchemaError, generate_module
from reactor_env.codegen.literals import WIDTH
from reactor_env.codegen.module import reserved_names
from reactor_env.codegen.specification import simple_default
from tests.codegen.documents import FILE, document, generated, module
from tests.models.recorder import recorder

WIDE = {
    "n": {"type": "integer", "minimum": 0.0, "maximum": 9.0, "default": 3.0},
    "f": {"type": "number", "default": 1},
    "s": {"type": "string", "minLength": 1, "maxLength": 5},
    "b": {"type": "boolean", "default": False},
    "side": {"type": "string", "enum": ["left", "right"], "default": "left"},
    "gear": {"type": "integer", "enum": [1, 3]},
    "ratio": {"type": "number", "enum": [0.5, 1.0]},
    "keys": {"type": "string", "enum": [f"key_{n}" for n in range(20)]},
    "pose": {"type": "array", "items": {"type": "number"}, "maxItems": 6, "optional": True},
    "names": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
    "image": FILE,
    "images": {"type": "array", "items": FILE},
    "label": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
    "size": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3},
    "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    "point": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
    "anything": {"optional": True},
    "long": {"type": "string", "default": "word " * 40},
    "list": {"type": "array", "default": [1, 2]},
    "wrong": {"type": "integer", "default": "x"},
}


def signature(properties: dict[str, Any], name: str = "act") -> inspect.Signature:
    return inspect.signature(getattr(generated(document({"act": properties})), name))


def shape(parameters: inspect.Signature) -> dict[str, tuple[str, Any]]:
    return {p.name: (p.annotation, p.default) for p in parameters.parameters.values()}


def test_parameters_have_the_types_and_defaults_of_the_schema() -> None:
    required = inspect.Parameter.empty
    assert shape(signature(WIDE)) == {
        "self": (required, required),
        "n": ("int", 3),
        "f": ("float", 1.0),
        "s": ("str", required),
        "b": ("bool", False),
        "side": ("Literal['left', 'right']", "left"),
        "gear": ("Literal[1, 3]", required),
        "ratio": ("float", required),
        "keys": ("ActKeys", required),
        "pose": ("Sequence[float] | None", None),
        "names": ("Sequence[Literal['a', 'b']]", required),
        "image": ("FileRef", required),
        "images": ("Sequence[FileRef]", required),
        "label": ("str | None", None),
        "size": ("int | None", 3),
        "maybe": ("int | None", required),
        "counts": ("Mapping[str, int]", required),
        "point": ("Mapping[str, Any]", required),
        "anything": ("Any", None),
        "long": ("str | None", None),
        "list": ("Sequence[Any] | None", None),
        "wrong": ("int | None", None),
    }


def test_a_single_parameter_may_be_given_by_position_several_only_by_name() -> None:
    by_position = inspect.Parameter.POSITIONAL_OR_KEYWORD
    (_, only) = signature({"n": {"type": "integer"}}).parameters.values()
    assert only.kind is by_position
    (_, *several) = signature(WIDE).parameters.values()
    assert {p.kind for p in several} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_types_can_be_resolved() -> None:
    made = generated(document({"act": WIDE}))
    hints = typing.get_type_hints(made.act)
    assert hints["gear"] == typing.Literal[1, 3]
    assert typing.get_args(hints["keys"]) == tuple(f"key_{n}" for n in range(20))


async def sent(properties: dict[str, Any], **given: Any) -> Any:
    client, calls = recorder(generated(document({"act": properties})))
    await client.act(**given)
    ((command, data),) = calls
    assert command == "act"
    return data


async def test_a_default_of_the_schema_is_sent() -> None:
    assert await sent({"n": {"type": "integer", "default": 3}}) == {"n": 3}


async def test_a_parameter_without_a_default_is_sent_only_when_it_is_given() -> None:
    properties = {"n": {"type": "integer", "optional": True}}
    assert await sent(properties) == {}
    assert await sent(properties, n=None) == {}
    assert await sent(properties, n=0) == {"n": 0}


async def test_null_is_sent_where_it_differs_from_the_default() -> None:
    with_default = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 3}
    required = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert await sent({"n": with_default}, n=None) == {"n": None}
    assert await sent({"n": required}, n=None) == {"n": None}


async def test_names_that_python_does_not_have_go_out_as_they_are() -> None:
    properties = {name: {"type": "integer"} for name in ("from", "a-b", "self", "_x", "a_b")}
    given = {"from_": 1, "a_b": 2, "self_": 3, "x": 4, "a_b_": 5}
    data = await sent(properties, **given)
    assert data == {"from": 1, "a-b": 2, "self": 3, "_x": 4, "a_b": 5}


async def test_a_command_with_unknown_parameters_takes_all() -> None:
    found = document({"act": {"n": {"type": "integer"}}})
    content = found["paths"]["/events/act"]["post"]["requestBody"]["content"]
    content["application/json"]["schema"]["additionalProperties"] = True
    client, calls = recorder(generated(found))
    await client.act(n=1, other="x")
    assert calls == [("act", {"n": 1, "other": "x"})]


@pytest.mark.parametrize("taken", ["step", "on", "connect", "on_frame", "send_validated", "SCHEMA"])
def test_a_command_never_hides_what_the_base_class_has(taken: str) -> None:
    made = generated(document({taken: {}}))
    assert inspect.iscoroutinefunction(getattr(made, f"{taken}_"))
    base = made.__mro__[1]
    assert taken == "SCHEMA" or getattr(made, taken) is getattr(base, taken)


def test_every_public_name_of_the_client_is_reserved() -> None:
    assert {name for name in dir(Reactor) if not name.startswith("_")} <= reserved_names()


@pytest.mark.parametrize("name", ["list", "str", "Any", "Sequence", "Literal", "FileRef", "Reply"])
def test_a_command_never_hides_a_type(name: str) -> None:
    made = generated(document({name: {}, "act": {"x": {"type": "array"}, "y": FILE}}))
    assert hasattr(made, f"{name}_")
    assert "return" in typing.get_type_hints(made.act)


def test_a_message_and_a_command_of_the_same_name_are_told_apart() -> None:
    made = generated(document({"on_state": {}}, {"state": {}, "error": {}, "message": {}}))
    assert inspect.iscoroutinefunction(made.on_state)
    assert {"on_state_", "on_error_", "on_message_"} <= set(vars(made))


def test_messages_have_types_whose_numbers_are_floats() -> None:
    properties = {
        "index": {"type": "integer"},
        "action": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "keys": {"type": "array", "items": {"type": "string"}},
        "phase": {"type": "string", "enum": ["a", "b"]},
        "mode": {"type": "integer", "enum": [1, 2]},
        "file": FILE,
        "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    text = generate_module(document({"act": {}}, {"chunk_done": properties}))
    hints = typing.get_type_hints(module(text).ChunkDoneMessage)
    assert hints == {
        "index": float,
        "action": str | None,
        "keys": list[str],
        "phase": typing.Literal["a", "b"],
        "mode": float,
        "file": dict[str, Any],
        "sizes": dict[str, float],
    }


def test_a_message_with_a_field_that_is_no_name_is_a_plain_dict() -> None:
    found = document({"act": {}}, {"odd": {"a-b": {}}, "private": {"__x": {}}})
    made = module(generate_module(found))
    assert made.OddMessage == made.PrivateMessage == dict[str, Any]


def test_the_docstrings_tell_rules_replies_and_tracks() -> None:
    found = document({"act": {"n": {"type": "number", "maximum": 1, "description": "how far"}}})
    operation = found["paths"]["/events/act"]["post"]
    operation["summary"] = "Go on."
    reply = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Done"}}}}
    operation["responses"] = {"200": reply}
    found["webhooks"] = {"done": {"post": {"requestBody": reply}}}
    found["x-reactor"] = {"tracks": [{"name": "cam", "kind": "video", "direction": "in"}]}
    found["info"] |= {"version": "v1.2.3", "description": "A test."}
    made = generated(found)
    assert inspect.getdoc(made.act) == (
        "Go on.\n\nArgs:\n    n: How far. A number of at most 1.\n\n"
        "Returns:\n    The reply, of type ``done``."
    )
    assert inspect.getdoc(made) == (
        "The model ``test-model`` v1.2.3.\n\nA test.\n\nTracks:\n    cam: video to the model."
    )


def test_a_document_in_another_order_of_keys_gives_the_same_names() -> None:
    text = generate_module(document({"act": WIDE}), origin="Written by a test.")
    assert text == generate_module(document({"act": WIDE}), origin="Written by a test.")
    assert text.startswith("# Written by a test. Do not edit.\n")


@pytest.mark.parametrize(
    ("found", "options", "told"),
    [
        ({}, {}, "commands under `paths` .* got one with the keys none"),
        (document({"act": {}}, title=""), {}, "no `info.title`: give the model's name"),
        (document({"act": {}}), {"class_name": "class"}, "a Python name, got 'class'"),
    ],
)
def test_what_no_module_can_be_made_of_is_told(
    found: dict[str, Any], options: Any, told: str
) -> None:
    with pytest.raises(SchemaError, match=told):
        generate_module(found, **options)


def test_the_text_is_what_the_formatter_and_the_linter_want(tmp_path: Path) -> None:
    messages: dict[str, Any] = {"done": WIDE, "empty": {}, "odd": {"a-b": {}}}
    found = document({"act": WIDE, "nothing": {}, "a_long_name" * 5: {"n": {}}}, messages)
    for name, part in (("wide", found), ("small", document({"nothing": {}}))):
        (tmp_path / f"{name}.py").write_text(generate_module(part))
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--isolated", "--line-length", str(WIDTH), "--target-version", "py312"]
    rules = ["--select", "E,F,I,UP,B,D,N,RUF", "--config", "lint.pydocstyle.convention='google'"]
    for arguments in (
        ["format", "--diff", *config],
        ["check", "--ignore", "D107", *rules, *config],
    ):
        checked = subprocess.run(
            [*ruff, *arguments, tmp_path], capture_output=True, text=True, timeout=60
        )
        assert checked.returncode == 0, checked.stdout


printable = st.characters(exclude_categories=["C", "Z"])
names = st.text(printable, min_size=1, max_size=12) | st.sampled_from(
    ["step", "class", "self", "a-b", "Any"]
)
texts = st.text(max_size=150)


def schemas(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.dictionaries(names, children, max_size=3)
    return (
        st.builds(lambda item: {"type": "array", "items": item}, children)
        | st.builds(lambda values: {"type": "object", "additionalProperties": values}, children)
        | st.builds(lambda parts: {"type": "object", "properties": parts}, objects)
        | st.builds(lambda inner: {"anyOf": [inner, {"type": "null"}]}, children)
    )


scalars = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number", "boolean", "string"])},
    optional={
        "default": st.none() | st.booleans() | st.integers() | texts,
        "enum": st.lists(texts | st.integers() | st.booleans(), min_size=1, max_size=4),
        "minimum": st.integers() | st.floats(-1e9, 1e9),
        "maxLength": st.integers(0, 10**6),
        "description": texts,
        "x-reactor-moderate": st.booleans(),
    },
)
properties = st.dictionaries(
    names, st.recursive(scalars | st.just(FILE), schemas, max_leaves=4), max_size=4
)
documents = st.builds(
    document,
    st.dictionaries(names, properties, min_size=1, max_size=3),
    st.dictionaries(names, properties, max_size=2),
    st.text("abz-09/_:", min_size=1, max_size=20),
)


def essence(schema: ModelSchema) -> ModelSchema:
    """Return what a module keeps of a schema: no descriptions, messages or long defaults."""
    return ModelSchema(
        schema.name,
        {
            name: dataclasses.replace(
                found,
                description="",
                reply={},
                reply_message="",
                fields={key: bare(field) for key, field in found.fields.items()},
            )
            for name, found in schema.commands.items()
        },
        schema.tracks,
    )


def bare(field: FieldSchema) -> FieldSchema:
    return dataclasses.replace(
        field,
        description="",
        default=field.default if simple_default(field) is not None else None,
        items=bare(field.items) if field.items else None,
        values=bare(field.values) if field.values else None,
        properties={name: bare(part) for name, part in field.properties.items()},
    )


@given(documents)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_every_document_gives_a_module_that_holds_its_schema(found: dict[str, Any]) -> None:
    text = generate_module(found, class_name="TestModel")
    assert all(len(line) <= WIDTH for line in text.splitlines())
    made = module(text).TestModel
    schema = parse_schema(found)
    assert essence(schema) == made.SCHEMA
    methods = [name for name, value in vars(made).items() if inspect.isfunction(value)]
    assert len(methods) == len(schema.commands) + len(schema.messages)
    for name in methods:
        typing.get_type_hints(getattr(made, name))
