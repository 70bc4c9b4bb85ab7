"""The validator's verdicts against the runtime's own, for every kind of parameter it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from reactor_env.client import CommandRefusedError, Reactor
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.validation import InvalidCommandError, validate_command
from reactor_env.runtime import LocalRuntime

MODEL = '''
import enum
from dataclasses import dataclass
from typing import Any, Literal

from reactor_runtime import InputField, Output, ReactorApp, UploadedFile, Video, event


class Gear(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass
class Pose:
    x: float
    tag: str | None = None


def command(name, kind, **constraints):
    async def handler(self, value) -> None:
        pass

    handler.__annotations__["value"] = kind
    handler.__defaults__ = (InputField(**constraints),)
    return event(name=name)(handler)


class Out(Output):
    main_video: Video


class Model(ReactorApp):
    """Takes everything, does nothing."""

    output: Out

    any_integer = command("any_integer", int)
    integer = command("integer", int, ge=-2, le=3)
    any_number = command("any_number", float)
    number = command("number", float, ge=-1.5, le=1)
    boolean = command("boolean", bool)
    any_string = command("any_string", str)
    string = command("string", str, min_length=1, max_length=3)
    literal = command("literal", Literal["low", "high"])
    literal_integer = command("literal_integer", Literal[1, 3])
    literal_mixed = command("literal_mixed", Literal[1, "low"])
    gear = command("gear", Gear)
    gear_or_none = command("gear_or_none", Gear | None)
    choice = command("choice", int, choices=[1, 3])
    choice_or_none = command("choice_or_none", str | None, choices=["low", "high"])
    numbers = command("numbers", list[float], min_length=1, max_length=2)
    words = command("words", list[Literal["low"]])
    any_list = command("any_list", list)
    nested = command("nested", list[list[int]])
    counts = command("counts", dict[str, int])
    any_object = command("any_object", dict)
    short_object = command("short_object", dict, max_length=1)
    pose = command("pose", Pose)
    poses = command("poses", list[Pose])
    optional_number = command("optional_number", float | None)
    optional_bounded = command("optional_bounded", float | None, ge=0)
    optional_short = command("optional_short", str | None, max_length=3)
    optional_list = command("optional_list", list[int] | None)
    image = command("image", UploadedFile)
    optional_image = command("optional_image", UploadedFile | None)
    images = command("images", list[UploadedFile])
    anything = command("anything", Any)
    anything_bounded = command("anything_bounded", Any, ge=0, le=2)

    @event(name="several")
    async def several(self, a: int, b: str = "b", c: int | None = None) -> None:
        pass

    @event(name="nothing")
    async def nothing(self) -> None:
        pass

    def generate(self, *args, **kwargs):
        return None
'''
MANIFEST = "model:\n  name: everything\nruntime:\n  import: model:Model\n"

VALUES: list[Any] = [
    None,
    False,
    True,
    *(-3, -2, -1, 0, 1, 2, 3, 4, 2**53, 2**60, -(2**62)),
    *(-1.5, -1.25, 0.0, 0.5, 1.0, 1.0000001, 2.0, 3.0, 1e300),
    *("", "a", "low", "high", "slow", "1", "äöü", "😀😀😀", "😀😀😀😀", "x" * 5000),
    *([], [1], [1.5], [1, 2], [1, 2, 3], ["low"], ["high"], [None], [True], [[1], []], [[1.5]]),
    *([{}], [{"x": 1}], [{"x": "1"}], [{"x": 1}, {"tag": "a"}]),
    *({}, {"a": 1}, {"a": 1.5}, {"a": 1, "b": 2}, {"x": 1}, {"x": 0.5, "tag": None}),
    *({"x": 1, "tag": "a"}, {"x": 1, "tag": 2}, {"x": True}, {"x": 1, "other": []}, {"tag": "a"}),
]
type Table = list[tuple[str, dict[str, Any]]]

STRICTER = [("literal_integer", True), ("literal_mixed", True)]
"""What the runtime takes and the validator does not: in Python, True is 1."""

SEVERAL: Table = [
    ("nothing", {}),
    ("nothing", {"a": 1}),
    ("several", {}),
    ("several", {"a": 1}),
    ("several", {"a": 1, "b": "", "c": 2}),
    ("several", {"a": 1, "c": None}),
    ("several", {"a": 1, "b": None}),
    ("several", {"a": 1, "d": 1}),
    ("several", {"b": "b"}),
    ("no_such_command", {}),
    ("", {}),
]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    folder: Path = tmp_path_factory.mktemp("everything")
    (folder / "model.py").write_text(MODEL)
    (folder / "reactor.yaml").write_text(MANIFEST)
    with LocalRuntime(folder) as runtime:
        yield runtime


def is_valid(schema: ModelSchema, command: str, data: dict[str, Any]) -> bool:
    try:
        validate_command(schema, command, data)
    except InvalidCommandError:
        return False
    return True


async def is_accepted(reactor: Reactor, command: str, data: dict[str, Any]) -> bool:
    try:
        await reactor.send_command(command, data)
    except CommandRefusedError as refused:
        if refused.code != "invalid_command":
            raise
        return False
    return True


def commands_of_one_parameter(schema: ModelSchema) -> list[str]:
    return [name for name, found in schema.commands.items() if "value" in found.fields]


async def differing(runtime: LocalRuntime, schema: ModelSchema, table: Table) -> Table:
    """Return the entries on which the validator and the runtime do not agree."""
    async with Reactor("everything", local=True, api_url=runtime.url) as reactor:
        await reactor.connect()
        accepted = await asyncio.gather(*(is_accepted(reactor, *entry) for entry in table))
    assert 0.1 < sum(accepted) / len(table) < 0.9
    return [
        entry
        for entry, told in zip(table, accepted, strict=True)
        if told != is_valid(schema, *entry)
    ]


async def test_every_verdict_is_the_runtimes(runtime: LocalRuntime) -> None:
    schema = parse_schema(runtime.schema())
    names = commands_of_one_parameter(schema)
    table: Table = [(name, {"value": value}) for name, value in product(names, VALUES)]
    found = await differing(runtime, schema, table + SEVERAL)
    assert found == [(name, {"value": value}) for name, value in STRICTER]
    for entry in found:
        assert not is_valid(schema, *entry)


async def test_a_file_belongs_where_the_runtime_takes_one(runtime: LocalRuntime) -> None:
    schema = parse_schema(runtime.schema())
    async with Reactor("everything", local=True, api_url=runtime.url) as reactor:
        await reactor.connect()
        file = await reactor.upload_file(b"bytes", name="a.bin")
        for name in commands_of_one_parameter(schema):
            for value in (file, [file], [file, file], {"a": file}, [{"x": file}]):
                accepted = await is_accepted(reactor, name, {"value": value})
                assert accepted == is_valid(schema, name, {"value": value}), (name, value)


async def test_the_schema_is_the_same_over_http_and_over_the_wire(runtime: LocalRuntime) -> None:
    async with Reactor("everything", local=True, api_url=runtime.url) as reactor:
        await reactor.connect()
        sent = await reactor.request_schema()
    assert parse_schema(sent) == parse_schema(runtime.schema())
