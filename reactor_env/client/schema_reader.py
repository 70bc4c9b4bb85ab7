"""Reads a model's OpenAPI 3.1 document into :class:`~reactor_env.client.schema.ModelSchema`.

Source of the layout: ``platform.md`` B12, and the documents reactor-runtime 3.10 renders. Pure
functions, no I/O. A document is somebody else's: one that is not laid out like that, or is endless,
is a :class:`~reactor_env.client.errors.ProtocolError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reactor_env.client.errors import ProtocolError
from reactor_env.client.schema import (
    CommandSchema,
    FieldSchema,
    MessageSchema,
    ModelSchema,
    TrackSchema,
)

MAX_DEPTH = 32
"""How deep a value may be nested."""

MAX_FIELDS = 10_000
"""How many values a document may describe: references that fan out make any number of them."""

_PREFIX = "/events/"
_UPLOAD_FORMAT = "reactor-upload-reference"
_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")


def parse_schema(document: Mapping[str, Any]) -> ModelSchema:
    """Read a model's OpenAPI document.

    Args:
        document: As ``GET /schema`` or ``request_schema()`` gives it. Parts that are missing
            are taken as empty.

    Returns:
        The model's commands, messages and tracks.

    Raises:
        ProtocolError: If a part is of another kind than the layout says, is nested deeper than
            :data:`MAX_DEPTH`, or there are more than :data:`MAX_FIELDS` values.
    """
    reader = _Reader(_object(_object(document, "components"), "schemas"))
    messages, names = reader.messages(_object(document, "webhooks"))
    paths = _object(document, "paths")
    commands = {}
    for path in paths:
        item = _object(paths, path)
        if path.startswith(_PREFIX) and "post" in item:
            name = path.removeprefix(_PREFIX)
            commands[name] = reader.command(name, _object(item, "post"), names)
    info = _object(document, "info")
    return ModelSchema(
        _text(info, "title"),
        commands,
        tuple(_track(track) for track in _objects(_object(document, "x-reactor"), "tracks")),
        messages,
        _text(info, "version"),
        _text(info, "description"),
    )


class _Reader:
    """Reads the parts of one document.

    Args:
        components: What references point to, by name.
    """

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = components
        self._fields_left = MAX_FIELDS

    def messages(
        self, webhooks: Mapping[str, Any]
    ) -> tuple[dict[str, MessageSchema], dict[str, str]]:
        """Return the messages by name, and their names by the component that defines them."""
        messages, names = {}, {}
        for name in webhooks:
            operation = _object(_object(webhooks, name), "post")
            body = _json_schema(_object(operation, "requestBody"))
            fields = self._fields(self._resolve(body), frozenset(), 0)
            messages[name] = MessageSchema(name, _text(operation, "summary"), fields)
            if "$ref" in body:
                names[_text(body, "$ref")] = name
        return messages, names

    def command(
        self, name: str, operation: Mapping[str, Any], names: Mapping[str, str]
    ) -> CommandSchema:
        """Read one command; ``names`` are the messages by the component that defines them."""
        body = self._resolve(_json_schema(_object(operation, "requestBody")))
        answer = _json_schema(_object(_object(operation, "responses"), "200"))
        return CommandSchema(
            name,
            _text(operation, "summary"),
            self._fields(body, frozenset(), 0),
            self._fields(self._resolve(answer), frozenset(), 0),
            names.get(_text(answer, "$ref"), ""),
            body.get("additionalProperties") is True,
        )

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a reference; what stands beside it counts too, and counts more."""
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        found = _object(self._components, reference.rpartition("/")[2])
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        if found.get("format") == _UPLOAD_FORMAT:
            # Described once for every upload of the platform: says nothing about this one.
            found = {key: value for key, value in found.items() if key != "description"}
        return {**found, **beside}

    def _fields(
        self, schema: Mapping[str, Any], within: frozenset[str], depth: int
    ) -> dict[str, FieldSchema]:
        required = _list(schema, "required")
        properties = _object(schema, "properties")
        return {
            name: self._field(name, _object(properties, name), name in required, within, depth)
            for name in properties
        }

    def _field(
        self,
        name: str,
        raw: Mapping[str, Any],
        required: bool,
        within: frozenset[str],
        depth: int,
    ) -> FieldSchema:
        """Read one value; ``within`` are the references it is part of, so that none is endless."""
        self._fields_left -= 1
        if depth > MAX_DEPTH or self._fields_left < 0:
            limit = f"nested more than {MAX_DEPTH} deep" if depth > MAX_DEPTH else "too many"
            raise ProtocolError(f"the model's schema cannot be read: its values are {limit}")
        raw, nullable = _without_null(raw)
        reference = raw.get("$ref")
        if isinstance(reference, str):
            raw = {} if reference in within else self._resolve(raw)
            within |= {reference}

        def part(raw: Any) -> FieldSchema | None:
            if not isinstance(raw, Mapping):
                return None
            return self._field("", raw, True, within, depth + 1)

        kind = raw.get("type", "any")
        if raw.get("format") == _UPLOAD_FORMAT:
            kind = "upload"
        kind = kind if isinstance(kind, str) else "any"
        is_object = kind == "object"
        choices = _list(raw, "enum")
        return FieldSchema(
            name=name,
            type=kind,
            required=required,
            default=_whole(raw.get("default"), kind),
            minimum=_bound(raw, "minimum", kind),
            maximum=_bound(raw, "maximum", kind),
            choices=tuple(_whole(value, kind) for value in choices if value is not None),
            description=_text(raw, "description"),
            min_length=_length(raw, "minLength", "minItems"),
            max_length=_length(raw, "maxLength", "maxItems"),
            nullable=nullable,
            moderated=raw.get("x-reactor-moderate") is True,
            items=part(raw.get("items")) if kind == "array" else None,
            properties=self._fields(raw, within, depth + 1) if is_object else {},
            values=part(raw.get("additionalProperties")) if is_object else None,
        )


def _track(track: Mapping[str, Any]) -> TrackSchema:
    direction = "recvonly" if track.get("direction") == "out" else "sendonly"
    return TrackSchema(_text(track, "name"), _text(track, "kind"), direction)


def _json_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(_object(holder, "content"), "application/json"), "schema")


def _without_null(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """Take a nullable value apart: what it is otherwise, and whether null is allowed.

    The runtime holds null, too, against the constraints that stand beside ``anyOf``, and null
    meets none of them: an optional string with a ``maxLength`` may be left out, but not be null.
    """
    choices = _list(raw, "enum")
    kinds = raw.get("type")
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds:
        kind = next((kind for kind in kinds if kind != "null"), "null")
        return {**raw, "type": kind}, not choices or None in choices
    arms = raw.get("anyOf")
    if not isinstance(arms, list) or {"type": "null"} not in arms:
        return raw, False
    others = [arm for arm in arms if arm != {"type": "null"} and isinstance(arm, Mapping)]
    beside = {key: value for key, value in raw.items() if key != "anyOf"}
    allowed = (not choices or None in choices) and not any(key in raw for key in _BOUNDS)
    return {**(others[0] if len(others) == 1 else {}), **beside}, allowed


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(key, "an object", value)
    return value


def _objects(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    values = _list(holder, key)
    if not all(isinstance(value, Mapping) for value in values):
        raise _wrong(key, "a list of objects", values)
    return list(values)


def _list(holder: Mapping[str, Any], key: str) -> Sequence[Any]:
    value = holder.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise _wrong(key, "a list", value)
    return value


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(key, "a string", value)
    return value


def _bound(holder: Mapping[str, Any], key: str, kind: str) -> float | int | None:
    value = _whole(holder.get(key), kind)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise _wrong(key, "a number", value)
    return value


def _length(holder: Mapping[str, Any], *keys: str) -> int | None:
    for key in keys:
        value = _bound(holder, key, "integer")
        if value is not None:
            if not isinstance(value, int):
                raise _wrong(key, "a whole number", value)
            return value
    return None


def _whole(value: Any, kind: str) -> Any:
    """Return an integer's value as an int: on the wire every number is a double."""
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _wrong(key: str, wanted: str, value: object) -> ProtocolError:
    return ProtocolError(
        f"the model's schema cannot be read: expected `{key}` to be {wanted}, got {value!r:.100}"
    )
