"""A command held against the model's schema before it is sent, by the runtime's own rules.

Protocol v0 answers no command, so that a wrong one is lost in silence (``platform.md`` B7); and
an error raised here names the parameter, what it may be and what it was. The rules are those of
reactor-runtime 3.10, but for three cases in which these are stricter: a file must be a
:class:`~reactor_env.client.types.FileRef`, a boolean is never one of several numbers, and a
number must be one that the wire's doubles hold exactly. Pure functions, no I/O.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.schema import FieldSchema, ModelSchema
from reactor_env.client.types import FileRef

_LONGEST_VALUE = 60
_ANYTHING = FieldSchema("", "any", required=True)
_NOUNS = {
    "any": "a JSON value or a FileRef",
    "array": "a list",
    "boolean": "True or False",
    "integer": "an integer",
    "number": "a number",
    "object": "a mapping",
    "string": "a string",
    "upload": "a FileRef from upload_file()",
}
_PARTS = {
    "array": ("item", "items"),
    "object": ("entry", "entries"),
    "string": ("character", "characters"),
}


class InvalidCommandError(ReactorClientError, ValueError):
    """A command does not fit the model's schema. Nothing was sent.

    Attributes:
        command: The command's name.
        parameter: The parameter at fault, with the place inside it (``camera_pose[3]``), or
            ``None`` when there is no such command.
        reason: What was expected, and what came.
    """

    def __init__(self, command: str, parameter: str | None, reason: str) -> None:
        subject = f"command {command!r}" if parameter is None else f"`{parameter}`"
        at = "" if parameter is None else f"command {command!r}: "
        super().__init__(f"{at}{subject} {reason}")
        self.command = command
        self.parameter = parameter
        self.reason = reason


def validate_command(schema: ModelSchema, command: str, data: Mapping[str, Any]) -> None:
    """Check a command and its parameters against a model's schema.

    Args:
        schema: The model's schema.
        command: The command's name.
        data: Its parameters: JSON values, and :class:`~reactor_env.client.types.FileRef` for
            files.

    Raises:
        InvalidCommandError: If the model has no such command, or a parameter is unknown, missing
            or not what the schema says.
    """
    found = schema.commands.get(command)
    if found is None:
        known = _known(command, schema.commands)
        raise InvalidCommandError(command, None, f"is none of model {schema.name!r}: {known}")
    for name, field in found.fields.items():
        if field.required and name not in data:
            raise InvalidCommandError(command, name, _missing(field))
    for name, value in data.items():
        if name not in found.fields and not found.open:
            known = _known(name, found.fields)
            reason = f"is none of its parameters: {known}; got {shortened(value)}"
            raise InvalidCommandError(command, name, reason)
        for where, reason in faults(found.fields.get(name, _ANYTHING), value):
            raise InvalidCommandError(command, name + where, reason)


def faults(field: FieldSchema, value: Any) -> Iterator[tuple[str, str]]:
    """Find what is wrong with a value.

    Args:
        field: What it must be.
        value: The value.

    Yields:
        The place inside the value (empty for the whole of it), and what was expected there and
        what came; nothing when the value is right.
    """
    if value is None and field.nullable:
        return
    if _has_type(field, value) and _is_within(field, value) and _is_choice(field, value):
        yield from _faults_inside(field, value)
    else:
        yield "", f"must be {described(field)}, got {shortened(value)}"


def described(field: FieldSchema) -> str:
    """Say in words what a value must be, for example ``a number from 0 to 30``."""
    if field.choices:
        listed = ", ".join(map(repr, field.choices))
        text = f"one of {listed}" if len(field.choices) > 1 else listed
    else:
        text = _NOUNS.get(field.type, _NOUNS["any"])
        text += _range("from", ("", ""), field.minimum, field.maximum)
        parts = _PARTS.get(field.type, ("item", "items"))
        text += _range("of", parts, field.min_length, field.max_length)
        item = field.items
        if item is not None and (item.type != "any" or item.choices):
            text += f", each {described(item)}"
    return f"{text}, or None" if field.nullable else text


def shortened(value: Any) -> str:
    """Return a value's ``repr``, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _missing(field: FieldSchema) -> str:
    return f"is required: it must be {described(field)}, got nothing"


def _known(name: str, names: Iterable[str]) -> str:
    """List the names that exist, after those that may have been meant."""
    listed = sorted(names)
    close = difflib.get_close_matches(str(name), listed, n=3)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    return f"{meant}It must be one of {', '.join(listed)}" if listed else "there are none"


def _has_type(field: FieldSchema, value: Any) -> bool:
    match field.type:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _is_number(value) and float(value).is_integer()
        case "number":
            return _is_number(value)
        case "string":
            return _is_text(value)
        case "array":
            return isinstance(value, list | tuple)
        case "object":
            return isinstance(value, Mapping)
        case "upload":
            return isinstance(value, FileRef)
    return (
        value is None
        or isinstance(value, bool | list | tuple | Mapping | FileRef)
        or _is_number(value)
        or _is_text(value)
    )


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number that a double holds: finite, and exactly."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value) and float(value) == value
    except OverflowError:
        return False


def _is_text(value: Any) -> bool:
    """Tell whether a value is a string that UTF-8 can carry: one without lone surrogates."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_within(field: FieldSchema, value: Any) -> bool:
    """Check bounds and lengths; what has no order, or no length, is outside of them."""
    try:
        return not (
            (field.minimum is not None and value < field.minimum)
            or (field.maximum is not None and value > field.maximum)
            or (field.min_length is not None and len(value) < field.min_length)
            or (field.max_length is not None and len(value) > field.max_length)
        )
    except TypeError:
        return False


def _is_choice(field: FieldSchema, value: Any) -> bool:
    return not field.choices or any(
        isinstance(value, bool) == isinstance(choice, bool) and value == choice
        for choice in field.choices
    )


def _faults_inside(field: FieldSchema, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            for where, reason in faults(field.items or _ANYTHING, item):
                yield f"[{index}]{where}", reason
    elif isinstance(value, Mapping):
        for name, part in field.properties.items():
            if part.required and name not in value:
                yield f".{name}", _missing(part)
        for name, item in value.items():
            if not isinstance(name, str):
                yield "", f"must have strings for keys, got {shortened(name)}"
                continue
            # What an object's schema does not name, the runtime leaves to the model.
            part = field.properties.get(name) or field.values or _ANYTHING
            for where, reason in faults(part, item):
                yield f".{name}{where}", reason


def _range(word: str, unit: tuple[str, str], low: float | None, high: float | None) -> str:
    one, many = (f" {name}" if name else "" for name in unit)
    if low is not None and high is not None and low != high:
        return f" {word} {low} to {high}{many}"
    if low is not None and high is not None:
        return f" of exactly {low}{one if low == 1 else many}"
    if low is not None:
        return f" of at least {low}{one if low == 1 else many}"
    if high is not None:
        return f" of at most {high}{one if high == 1 else many}"
    return ""
