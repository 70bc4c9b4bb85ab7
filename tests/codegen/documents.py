"""OpenAPI documents made of a few words, and the modules generated from them."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from reactor_env.codegen import generate_module


def document(
    commands: dict[str, dict[str, Any]],
    messages: dict[str, dict[str, Any]] | None = None,
    title: str = "test-model",
) -> dict[str, Any]:
    """Return the document of a model.

    Args:
        commands: Properties of each command; one is required unless it has a ``default`` or
            ``"optional": True``.
        messages: Properties of each message.
        title: The model's name.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": title},
        "paths": {
            f"/events/{name}": {"post": {"operationId": name, **body(properties)}}
            for name, properties in commands.items()
        },
        "webhooks": {
            name: {"post": {"operationId": name, **body(properties)}}
            for name, properties in (messages or {}).items()
        },
        "components": {"schemas": {"ReactorUploadReference": UPLOAD}},
    }


def body(properties: dict[str, Any]) -> dict[str, Any]:
    required = [
        name for name, raw in properties.items() if not {"default", "optional"} & raw.keys()
    ]
    plain = {
        name: {key: value for key, value in raw.items() if key != "optional"}
        for name, raw in properties.items()
    }
    schema = {"type": "object", "properties": plain, "required": required}
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def module(text: str, name: str = "generated") -> ModuleType:
    """Run the text of a module; its types can be resolved afterwards."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(text, f"{name}.py", "exec"), made.__dict__)
    return made


def generated(found: dict[str, Any], **options: Any) -> Any:
    """Return the class generated from a document."""
    options.setdefault("class_name", "TestModel")
    return getattr(module(generate_module(found, **options)), options["class_name"])


UPLOAD = {"type": "object", "format": "reactor-upload-reference"}
FILE = {"$ref": "#/components/schemas/ReactorUploadReference"}
