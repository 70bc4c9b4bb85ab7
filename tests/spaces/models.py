"""Small schemas for tests."""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema


def command(name: str, *fields: FieldSchema, open: bool = False) -> CommandSchema:
    return CommandSchema(name, "", {field.name: field for field in fields}, open=open)


def model(*commands: CommandSchema) -> ModelSchema:
    return ModelSchema("m", {found.name: found for found in commands}, ())


def choice(name: str, *choices: Any) -> FieldSchema:
    return FieldSchema(name, "string", True, choices=choices)


def text(name: str) -> FieldSchema:
    return FieldSchema(name, "string", True)


def flag(name: str, default: bool | None = None) -> FieldSchema:
    return FieldSchema(name, "boolean", default is None, default)


def integer(name: str, low: int | None = None, high: int | None = None) -> FieldSchema:
    return FieldSchema(name, "integer", True, minimum=low, maximum=high)


def number(name: str, low: float | None = None, high: float | None = None) -> FieldSchema:
    return FieldSchema(name, "number", True, minimum=low, maximum=high)


def array(name: str, item: FieldSchema | None, length: int | None = None) -> FieldSchema:
    return FieldSchema(name, "array", True, items=item, min_length=length, max_length=length)


def axis(name: str) -> CommandSchema:
    return command(f"set_{name}", number(name, -1, 1))


def keys(*names: str) -> CommandSchema:
    return command("set_key_state", choice("key", *names), flag("pressed"))
