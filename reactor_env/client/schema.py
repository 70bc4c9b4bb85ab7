"""A model's OpenAPI 3.1 document, read into commands, messages and their typed fields.

Source of the layout: ``platform.md`` B12, and the documents reactor-runtime 3.10 renders. Pure
functions, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "/events/"
_UPLOAD_FORMAT = "reactor-upload-reference"
_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One value: a parameter of a command, a field of a message, or a part of either.

    Attributes:
        name: Its name; empty for the items of an array and the values of an object.
        type: A JSON type (``integer``, ``number``, ``boolean``, ``string``, ``array``,
            ``object``), ``upload`` for a file, or ``any``.
        required: Whether a command without it is refused.
        default: Its default, ``None`` when it has none.
        minimum: The least value, ``None`` where unbounded.
        maximum: The greatest value, ``None`` where unbounded.
        choices: The only values allowed, empty where any is.
        description: What it is for.
        min_length: The fewest characters of a string, items of an array or entries of an object,
            ``None`` where unbounded.
        max_length: The most of the same.
        nullable: Whether null is a value too.
        moderated: Whether the model asks for its content to be moderated; ``platform.md`` E3.
        items: What every item of an array must be, ``None`` where anything is allowed.
        properties: The named parts of an object, empty for one with free names.
        values: What every value of an object with free names must be, ``None`` where anything
            is allowed.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    choices: tuple[Any, ...] = ()
    description: str = ""
    min_length: int | None = None
    max_length: int | None = None
    nullable: bool = False
    moderated: bool = False
    items: FieldSchema | None = None
    properties: Mapping[str, FieldSchema] = field(default_factory=dict)
    values: FieldSchema | None = None


@dataclass(frozen=True, slots=True)
class CommandSchema:
    """One command of a model.

    Attributes:
        name: Its wire name.
        description: What it does.
        fields: Its parameters by name.
        reply: The fields of its reply message by name, empty when it only acknowledges.
        reply_message: The wire name of its reply message, empty when it only acknowledges or the
            document does not tell.
        open: Whether it takes parameters that the schema does not name. Never so in a document
            of the runtime's; in one written by hand it says that they are not known.
    """

    name: str
    description: str
    fields: Mapping[str, FieldSchema]
    reply: Mapping[str, FieldSchema] = field(default_factory=dict)
    reply_message: str = ""
    open: bool = False


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """One message that a model sends, to everybody or as the reply to a command.

    Attributes:
        name: Its wire name.
        description: What it tells.
        fields: Its fields by name. Numbers arrive as floats whatever the type says
            (``platform.md`` B7).
    """

    name: str
    description: str
    fields: Mapping[str, FieldSchema]


@dataclass(frozen=True, slots=True)
class TrackSchema:
    """One track; ``direction`` is from the client's side: ``recvonly`` or ``sendonly``."""

    name: str
    kind: str
    direction: str


@dataclass(frozen=True, slots=True)
class ModelSchema:
    """What a model publishes about itself.

    Attributes:
        name: The model's name.
        commands: Its commands by name.
        tracks: Its tracks.
        messages: The messages it sends, by name.
        version: Its version, for example ``v1.2.3``; empty where it is not told.
        description: What it is.
    """

    name: str
    commands: Mapping[str, CommandSchema]
    tracks: tuple[TrackSchema, ...]
    messages: Mapping[str, MessageSchema] = field(default_factory=dict)
    version: str = ""
    description: str = ""


def parse_schema(document: Mapping[str, Any]) -> ModelSchema:
    """Read a model's OpenAPI document.

    Args:
        document: As ``GET /schema`` or ``request_schema()`` gives it. Parts that are missing
            are taken as empty.

    Returns:
        The model's commands, messages and tracks.
    """
    components = (document.get("components") or {}).get("schemas") or {}
    messages, names = _messages(document.get("webhooks") or {}, components)
    commands = {}
    for path, item in (document.get("paths") or {}).items():
        if path.startswith(_PREFIX) and "post" in item:
            command = _command(path.removeprefix(_PREFIX), item["post"], components, names)
            commands[command.name] = command
    tracks = tuple(
        TrackSchema(
            track.get("name", ""),
            track.get("kind", ""),
            "recvonly" if track.get("direction") == "out" else "sendonly",
        )
        for track in (document.get("x-reactor") or {}).get("tracks") or ()
    )
    info = document.get("info") or {}
    return ModelSchema(
        info.get("title", ""),
        commands,
        tracks,
        messages,
        info.get("version", ""),
        info.get("description", ""),
    )


def _messages(
    webhooks: Mapping[str, Any], components: Mapping[str, Any]
) -> tuple[dict[str, MessageSchema], dict[str, str]]:
    """Return the messages by name, and their names by the component that defines them."""
    messages, names = {}, {}
    for name, item in webhooks.items():
        operation = item.get("post") or {}
        body = _json_schema(operation.get("requestBody") or {})
        messages[name] = MessageSchema(
            name, operation.get("summary", ""), _fields(_resolve(body, components), components)
        )
        if "$ref" in body:
            names[body["$ref"]] = name
    return messages, names


def _command(
    name: str,
    operation: Mapping[str, Any],
    components: Mapping[str, Any],
    names: Mapping[str, str],
) -> CommandSchema:
    body = _resolve(_json_schema(operation.get("requestBody") or {}), components)
    answer = _json_schema((operation.get("responses") or {}).get("200") or {})
    return CommandSchema(
        name,
        operation.get("summary", ""),
        _fields(body, components),
        _fields(_resolve(answer, components), components),
        names.get(answer.get("$ref", ""), ""),
        body.get("additionalProperties") is True,
    )


def _json_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = ((holder.get("content") or {}).get("application/json") or {}).get(
        "schema"
    ) or {}
    return schema


def _resolve(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference; what stands beside it counts too, and counts more."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found = components.get(reference.rpartition("/")[2]) or {}
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    if found.get("format") == _UPLOAD_FORMAT:
        # Described once for every upload of the platform: says nothing about this one.
        found = {key: value for key, value in found.items() if key != "description"}
    return {**found, **beside}


def _fields(
    schema: Mapping[str, Any], components: Mapping[str, Any], within: frozenset[str] = frozenset()
) -> dict[str, FieldSchema]:
    required = schema.get("required") or ()
    return {
        name: _field(name, raw, name in required, components, within)
        for name, raw in (schema.get("properties") or {}).items()
    }


def _field(
    name: str,
    raw: Mapping[str, Any],
    required: bool,
    components: Mapping[str, Any],
    within: frozenset[str],
) -> FieldSchema:
    """Read one value; ``within`` are the references it is part of, so that none is endless."""
    raw, nullable = _without_null(raw)
    reference = raw.get("$ref")
    if isinstance(reference, str):
        raw = {} if reference in within else _resolve(raw, components)
        within |= {reference}

    def part(raw: Any) -> FieldSchema | None:
        return _field("", raw, True, components, within) if isinstance(raw, Mapping) else None

    kind = raw.get("type", "any")
    if raw.get("format") == _UPLOAD_FORMAT:
        kind = "upload"
    kind = kind if isinstance(kind, str) else "any"
    is_object = kind == "object"
    return FieldSchema(
        name=name,
        type=kind,
        required=required,
        default=_number(raw.get("default"), kind),
        minimum=_number(raw.get("minimum"), kind),
        maximum=_number(raw.get("maximum"), kind),
        choices=tuple(_number(value, kind) for value in raw.get("enum") or () if value is not None),
        description=raw.get("description", ""),
        min_length=_number(raw.get("minLength", raw.get("minItems")), "integer"),
        max_length=_number(raw.get("maxLength", raw.get("maxItems")), "integer"),
        nullable=nullable,
        moderated=raw.get("x-reactor-moderate") is True,
        items=part(raw.get("items")) if kind == "array" else None,
        properties=_fields(raw, components, within) if is_object else {},
        values=part(raw.get("additionalProperties")) if is_object else None,
    )


def _without_null(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Take a nullable value apart: what it is otherwise, and whether null is allowed.

    The runtime holds null, too, against the constraints that stand beside ``anyOf``, and null
    meets none of them: an optional string with a ``maxLength`` may be left out, but not be null.
    """
    kinds = raw.get("type")
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds:
        kind = next((kind for kind in kinds if kind != "null"), "null")
        return {**raw, "type": kind}, None in (raw.get("enum") or (None,))
    arms = raw.get("anyOf")
    if not isinstance(arms, list) or {"type": "null"} not in arms:
        return raw, False
    others = [arm for arm in arms if arm != {"type": "null"}]
    beside = {key: value for key, value in raw.items() if key != "anyOf"}
    allowed = None in (raw.get("enum") or (None,)) and not any(key in raw for key in _BOUNDS)
    return {**(others[0] if len(others) == 1 else {}), **beside}, allowed


def _number(value: Any, kind: str) -> Any:
    """Return an integer's value as an int: on the wire every number is a double."""
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
