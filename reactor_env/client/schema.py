"""A model's OpenAPI 3.1 document, read into commands and their typed fields.

Source of the layout: ``platform.md`` B12. Pure functions, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "/events/"
_UPLOAD_FORMAT = "reactor-upload-reference"


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One parameter of a command.

    Attributes:
        name: Its name.
        type: A JSON type (``integer``, ``number``, ``boolean``, ``string``, ``array``,
            ``object``), ``upload`` for a file, or ``any``.
        required: Whether a command without it is refused.
        default: Its default, ``None`` when it has none.
        minimum: The least value, ``None`` where unbounded.
        maximum: The greatest value, ``None`` where unbounded.
        choices: The only values allowed, empty where any is.
        description: What it is for.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    choices: tuple[Any, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class CommandSchema:
    """One command of a model.

    Attributes:
        name: Its wire name.
        description: What it does.
        fields: Its parameters by name.
        reply: The fields of its reply message by name, empty when it only acknowledges.
    """

    name: str
    description: str
    fields: Mapping[str, FieldSchema]
    reply: Mapping[str, FieldSchema] = field(default_factory=dict)


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
    """

    name: str
    commands: Mapping[str, CommandSchema]
    tracks: tuple[TrackSchema, ...]


def parse_schema(document: Mapping[str, Any]) -> ModelSchema:
    """Read a model's OpenAPI document.

    Args:
        document: As ``GET /schema`` or ``request_schema()`` gives it. Parts that are missing
            are taken as empty.

    Returns:
        The model's commands and tracks.
    """
    components = (document.get("components") or {}).get("schemas") or {}
    commands = {}
    for path, item in (document.get("paths") or {}).items():
        if path.startswith(_PREFIX) and "post" in item:
            command = _command(path.removeprefix(_PREFIX), item["post"], components)
            commands[command.name] = command
    tracks = tuple(
        TrackSchema(
            track["name"], track["kind"], "recvonly" if track["direction"] == "out" else "sendonly"
        )
        for track in (document.get("x-reactor") or {}).get("tracks") or ()
    )
    return ModelSchema((document.get("info") or {}).get("title", ""), commands, tracks)


def _command(
    name: str, operation: Mapping[str, Any], components: Mapping[str, Any]
) -> CommandSchema:
    body = _resolve(_json_schema(operation.get("requestBody") or {}), components)
    answer = (operation.get("responses") or {}).get("200") or {}
    reply = _resolve(_json_schema(answer), components)
    return CommandSchema(
        name, operation.get("summary", ""), _fields(body, components), _fields(reply, components)
    )


def _json_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = ((holder.get("content") or {}).get("application/json") or {}).get(
        "schema"
    ) or {}
    return schema


def _resolve(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Mapping[str, Any] = components.get(reference.rpartition("/")[2]) or {}
    return found


def _fields(schema: Mapping[str, Any], components: Mapping[str, Any]) -> dict[str, FieldSchema]:
    required = schema.get("required") or ()
    return {
        name: _field(name, _resolve(raw, components), name in required)
        for name, raw in (schema.get("properties") or {}).items()
    }


def _field(name: str, raw: Mapping[str, Any], required: bool) -> FieldSchema:
    kind = raw.get("type", "any")
    if raw.get("format") == _UPLOAD_FORMAT:
        kind = "upload"
    return FieldSchema(
        name=name,
        type=kind if isinstance(kind, str) else "any",
        required=required,
        default=raw.get("default"),
        minimum=raw.get("minimum"),
        maximum=raw.get("maximum"),
        choices=tuple(raw.get("enum") or ()),
        description=raw.get("description", ""),
    )
