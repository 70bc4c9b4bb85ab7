"""The short form of a model's schema: TOML, turned into the OpenAPI document it stands for.

A whole file::

    model = "owner/name"
    version = "v1.2.3"                  # optional, as everything but `model`
    description = "What it is."

    [tracks]
    main_video = "video out"            # from the model's side: out, or in

    [commands.set_seed]
    description = "Choose the seed."
    reply = "seed_set"                  # the message that answers it
    fields.seed = { type = "integer", minimum = 0, default = 42, description = "..." }

    [commands.set_prompt]
    fields.prompt = "string"            # short for { type = "string" }

    [messages.seed_set]
    fields.seed = "integer"

A field is a JSON Schema as the runtime writes one, with four short forms: a type alone for
``{ type = ... }``; ``upload`` for a file; ``[]`` after a type for a list of it; and ``?`` at the
end for null as well. A parameter is required unless it has a ``default`` or ``optional = true``.
``open = true`` on a command says that its parameters are not known.

``[about]`` holds notes, kept under ``x-reactor-env``: ``controls`` and ``environment`` for the
table in ``docs/models.md``, and ``assumed``, the commands of which a part is not documented; the
description names them. The document is laid out as ``platform.md`` B12 has it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from reactor_env.codegen.errors import SchemaError
from reactor_env.codegen.names import pascal_case

_UPLOAD = "ReactorUploadReference"
_SCALARS = ("any", "boolean", "integer", "number", "object", "string", "upload")
_ABOUT = ("controls", "environment", "assumed")
_TOP = ("model", "version", "description", "about", "tracks", "commands", "messages")
_COMMAND = ("description", "reply", "open", "fields")
_MESSAGE = ("description", "fields")


def read_compact(text: str) -> dict[str, Any]:
    """Read a schema in the short form.

    Args:
        text: The TOML.

    Returns:
        The OpenAPI 3.1 document it stands for.

    Raises:
        SchemaError: If it is no TOML, or something in it has no meaning; the text says where.
    """
    try:
        compact = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"expected TOML: {error}") from error
    _check_keys("the file", compact, _TOP)
    model = compact.get("model")
    if not isinstance(model, str) or not model:
        raise SchemaError(f"`model` must be the model's name, got {model!r}")
    about = compact.get("about") or {}
    _check_keys("`about`", about, _ABOUT)
    messages = compact.get("messages") or {}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": model,
            "version": compact.get("version", ""),
            "description": _description(compact, about.get("assumed") or ()),
        },
        "x-reactor": {
            "tracks": [_track(name, text) for name, text in (compact.get("tracks") or {}).items()]
        },
        "paths": {
            f"/events/{name}": {"post": _command(name, command, messages)}
            for name, command in (compact.get("commands") or {}).items()
        },
        "webhooks": {name: {"post": _webhook(name, found)} for name, found in messages.items()},
        "components": {"schemas": {_UPLOAD: _upload(), **_components(messages)}},
        "x-reactor-env": about,
    }
    return {key: value for key, value in document.items() if value}


def _description(compact: Mapping[str, Any], assumed: Iterable[str]) -> str:
    description: str = compact.get("description", "")
    commands = compact.get("commands") or {}
    for name in assumed:
        if name not in commands:
            raise SchemaError(f"`about.assumed` must name commands of the file, got {name!r}")
    if assumed:
        named = ", ".join(f"``{name}``" for name in assumed)
        description += f" Assumed in part, for want of documentation: {named}."
    return description


def _track(name: str, text: str) -> dict[str, Any]:
    kind, _, direction = text.partition(" ")
    if kind not in ("audio", "video") or direction not in ("in", "out"):
        raise SchemaError(f'`tracks.{name}` must be like "video out" or "audio in", got {text!r}')
    return {"name": name, "kind": kind, "direction": direction}


def _command(name: str, command: Mapping[str, Any], messages: Iterable[str]) -> dict[str, Any]:
    where = f"commands.{name}"
    _check_keys(f"`{where}`", command, _COMMAND)
    reply = command.get("reply")
    if reply is not None and reply not in messages:
        listed = ", ".join(messages) or "none"
        raise SchemaError(f"`{where}.reply` must be one of the messages {listed}, got {reply!r}")
    body = _object(where, command.get("fields") or {})
    if command.get("open"):
        body["additionalProperties"] = True
    answer: dict[str, Any] = {"202": {"description": "Command accepted"}}
    if reply is not None:
        answer = {"200": {"description": pascal_case(reply), **_content(_component(reply))}}
    return {
        "operationId": name,
        "summary": command.get("description") or f"Trigger {name}",
        "requestBody": {"required": True, **_content(body)},
        "responses": answer,
    }


def _webhook(name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    _check_keys(f"`messages.{name}`", message, _MESSAGE)
    operation: dict[str, Any] = {
        "operationId": name,
        "requestBody": {"required": True, **_content(_component(name))},
    }
    if message.get("description"):
        operation["summary"] = message["description"]
    return operation


def _components(messages: Mapping[str, Any]) -> dict[str, Any]:
    return {
        pascal_case(name): _object(f"messages.{name}", message.get("fields") or {})
        for name, message in messages.items()
    }


def _component(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{pascal_case(name)}"}


def _content(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _object(where: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    properties, required = {}, []
    for name, raw in fields.items():
        schema = {"type": raw} if isinstance(raw, str) else dict(raw)
        optional = schema.pop("optional", False)
        properties[name] = _field(f"{where}.fields.{name}", schema)
        if "default" not in schema and not optional:
            required.append(name)
    body: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        body["required"] = required
    return body


def _field(where: str, schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.pop("type", "any")
    return {**_type(where, kind), **schema} if isinstance(kind, str) else {"type": kind, **schema}


def _type(where: str, text: str) -> dict[str, Any]:
    if text.endswith("?"):
        return {"anyOf": [_type(where, text.removesuffix("?")), {"type": "null"}]}
    if text.endswith("[]"):
        return {"type": "array", "items": _type(where, text.removesuffix("[]"))}
    if text not in _SCALARS:
        raise SchemaError(f"`{where}` must have a type of {', '.join(_SCALARS)}, got {text!r}")
    if text == "upload":
        return {"$ref": f"#/components/schemas/{_UPLOAD}"}
    return {} if text == "any" else {"type": text}


def _upload() -> dict[str, Any]:
    kinds = {"upload_id": "string", "name": "string", "mime_type": "string", "size": "integer"}
    return {
        "type": "object",
        "format": "reactor-upload-reference",
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
        "required": list(kinds),
    }


def _check_keys(where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in table:
        if key not in known:
            raise SchemaError(f"{where} may have the keys {', '.join(known)}, got {key!r}")
