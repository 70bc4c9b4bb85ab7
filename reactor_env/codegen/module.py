"""A model's schema as the text of a Python module with one class."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reactor_env.client.schema import ModelSchema, TrackSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.codegen import names
from reactor_env.codegen.annotations import Annotations
from reactor_env.codegen.errors import SchemaError
from reactor_env.codegen.literals import Group, lines, quoted
from reactor_env.codegen.messages import message_method, message_type
from reactor_env.codegen.methods import command_method
from reactor_env.codegen.names import Names
from reactor_env.codegen.prose import Section, docstring, wrapped
from reactor_env.codegen.specification import specification

_IMPORTS = (
    ("collections.abc", ("Mapping", "Sequence")),
    ("typing", ("Any", "Literal", "TypedDict")),
    ("reactor_env.client.schema", ("FieldSchema", "TrackSchema")),
    ("reactor_env.client.types", ("FileRef",)),
    ("reactor_env.models.base", ("Handler", "ReactorModel", "Reply", "command", "published")),
)
_STANDARD = ("collections.abc", "typing")
_TYPES = frozenset(
    [
        "bool",
        "dict",
        "float",
        "int",
        "list",
        "str",
        *(name for _, found in _IMPORTS for name in found),
    ]
)
"""Names that the text of a module uses, and that nothing in it may have for its own."""


def generate_module(
    document: Mapping[str, Any],
    *,
    model_name: str | None = None,
    class_name: str | None = None,
    origin: str = "",
) -> str:
    """Write the module of a model.

    Args:
        document: The model's OpenAPI document, as ``GET /schema`` gives it.
        model_name: The name that the class connects to, with its owner where it has one; the
            document's title by default.
        class_name: The class's name; made of the model's name by default.
        origin: How to make the module again, for its head.

    Returns:
        The text of the module, formatted as ``ruff format`` would with lines of 100 characters.

    Raises:
        SchemaError: If the document has no commands, no name can be found, or ``class_name`` is
            not one.
    """
    schema = parse_schema(document)
    if not schema.commands:
        raise SchemaError(
            "expected an OpenAPI document with commands under `paths` (/events/<command>), got "
            f"one with the keys {', '.join(document) or 'none'}"
        )
    model_name = model_name or schema.name
    if not model_name:
        raise SchemaError("the document has no `info.title`: give the model's name")
    class_name = class_name or names.class_name(model_name)
    if not names.is_field_name(class_name):
        raise SchemaError(f"the class's name must be a Python name, got {class_name!r}")

    scope = Names({*_TYPES, "_SCHEMA", class_name}, word="Type")
    annotations = Annotations(scope)
    members, types = _members(schema, annotations, scope)
    parts = [
        lines(specification(schema), 0, before="_SCHEMA = "),
        *types,
        [
            f"class {class_name}(ReactorModel):",
            *_class_docstring(schema, model_name),
            "",
            f"    MODEL_NAME = {quoted(model_name)}",
            "    SCHEMA = _SCHEMA",
            *(line for member in members for line in ("", *member)),
        ],
    ]
    aliases = [
        lines(Group("Literal[", choices, "]"), 0, before=f"{alias} = ")
        for alias, choices in annotations.aliases.items()
    ]
    body = _separated([*aliases, *parts])
    head = [
        *(wrapped(f"{origin} Do not edit.", "# ") if origin else ()),
        *docstring(0, f"A typed client of the model ``{model_name}``."),
        "",
        "from __future__ import annotations",
        "",
        *_imports("\n".join(body)),
        "",
    ]
    return "\n".join([*head, *body]) + "\n"


def reserved_names() -> frozenset[str]:
    """Return the names that a method may not have: those of the base class and of its types."""
    from reactor_env.models.base import ReactorModel

    declared = inspect.get_annotations(ReactorModel)
    return frozenset({*dir(ReactorModel("", local=True)), *declared}) | _TYPES


def _members(
    schema: ModelSchema, annotations: Annotations, scope: Names
) -> tuple[list[list[str]], list[list[str]]]:
    """Write the class's methods, and the types of the messages."""
    methods = Names(reserved_names(), word="command")
    members = [
        command_method(methods.give(name), command, annotations)
        for name, command in schema.commands.items()
    ]
    types = []
    for name, message in schema.messages.items():
        type_name = scope.give(f"{names.pascal_case(name)}Message")
        types.append(message_type(type_name, message, annotations))
        members.append(message_method(methods.give(f"on_{name}"), type_name, message))
    return members, types


def _class_docstring(schema: ModelSchema, model_name: str) -> list[str]:
    version = f" {schema.version}" if schema.version else ""
    description = f"The model ``{model_name}``{version}. {schema.description}"
    tracks = Section("Tracks", [_track(track) for track in schema.tracks])
    return docstring(1, "", description, [tracks])


def _track(track: TrackSchema) -> str:
    side = "from the model" if track.direction == "recvonly" else "to the model"
    return f"{track.name}: {track.kind} {side}."


def _separated(parts: Iterable[Sequence[str]]) -> list[str]:
    """Put two empty lines before and after a class, one between other statements."""
    found: list[str] = []
    before: Sequence[str] = ()
    for part in parts:
        wide = any(side and side[0].startswith("class ") for side in (before, part))
        found += [*([""] * (2 if wide and before else 1)), *part]
        before = part
    return found[1:]


def _imports(body: str) -> list[str]:
    """Import what the body uses, sorted as isort does."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    groups: dict[bool, list[str]] = {True: [], False: []}
    for module, found in _IMPORTS:
        wanted = ", ".join(name for name in found if name in used)
        if wanted:
            groups[module in _STANDARD].append(f"from {module} import {wanted}")
    return [*groups[True], *([""] if groups[True] else []), *groups[False]]
