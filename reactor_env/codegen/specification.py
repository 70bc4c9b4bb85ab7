"""A model's schema as the Python expression that builds it again.

It holds what :func:`~reactor_env.client.validation.validate_command` needs: names, types, rules
and defaults. Descriptions are in the docstrings, messages in types of their own.
"""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.client.validation import faults
from reactor_env.codegen.literals import (
    Expression,
    Group,
    Text,
    call,
    dictionary,
    group_of,
    literal,
    quoted,
)

_LONGEST_DEFAULT = 60
_EXACT = 2.0**53


def specification(schema: ModelSchema) -> Group:
    """Return the call that builds the schema again.

    Args:
        schema: The model's schema.
    """
    tracks = [
        call("TrackSchema", Text(track.name), Text(track.kind), Text(track.direction))
        for track in schema.tracks
    ]
    commands = [_command(found) for found in schema.commands.values()]
    return call("published", Text(schema.name), *tracks, *commands)


def simple_default(field: FieldSchema) -> str | None:
    """Return a default as a short literal, or ``None`` where there is none of that kind.

    A long text or a list is left to the model, and so is a default that breaks the schema's own
    rules.

    Args:
        field: The parameter.
    """
    value = field.default
    if not isinstance(value, str | bool | int | float) or any(faults(field, value)):
        return None
    if isinstance(value, str):
        text = quoted(value)
        return text if len(text) <= _LONGEST_DEFAULT else None
    return repr(float(value) if field.type == "number" else value)


def _command(command: CommandSchema) -> Group:
    keywords: dict[str, Expression] = {"open": "True"} if command.open else {}
    return call("command", Text(command.name), *map(_field, command.fields.values()), **keywords)


def _field(field: FieldSchema) -> Group:
    keywords: dict[str, Expression] = {"required": repr(field.required)}
    if (default := simple_default(field)) is not None:
        keywords["default"] = default
    for key in ("minimum", "maximum", "min_length", "max_length"):
        if (value := getattr(field, key)) is not None:
            keywords[key] = _number(value)
    if field.choices:
        keywords["choices"] = group_of([literal(choice) for choice in field.choices])
    for key in ("nullable", "moderated"):
        if getattr(field, key):
            keywords[key] = "True"
    if field.items is not None:
        keywords["items"] = _field(field.items)
    if field.properties:
        parts = {name: _field(part) for name, part in field.properties.items()}
        keywords["properties"] = dictionary(parts)
    if field.values is not None:
        keywords["values"] = _field(field.values)
    return call("FieldSchema", Text(field.name), Text(field.type), **keywords)


def _number(value: Any) -> str:
    """Return a bound; whole ones without a point, as they come over HTTP but not over the wire."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        value = int(value)
    return repr(value)
