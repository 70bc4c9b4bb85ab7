"""What a session offers, completed by what the server leaves out. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reactor_env.client.types import Capabilities, CommandCapability

_PREFIX = "/events/"


def with_commands(capabilities: Capabilities, document: Mapping[str, Any]) -> Capabilities:
    """Fill in the commands from the model's OpenAPI document where the server lists none.

    Args:
        capabilities: As the server described them; a local runtime never lists commands.
        document: The model's schema (``platform.md`` B12).
    """
    if capabilities.commands:
        return capabilities
    paths = document.get("paths")
    commands = [
        _command(path.removeprefix(_PREFIX), item["post"])
        for path, item in (paths.items() if isinstance(paths, Mapping) else ())
        if path.startswith(_PREFIX) and isinstance(item, Mapping) and _is_object(item.get("post"))
    ]
    return replace(capabilities, commands=tuple(commands))


def with_measured_fps(capabilities: Capabilities, fps: float | None) -> Capabilities:
    """Fill in the emission rate that was measured where the server announced none."""
    if capabilities.emission_fps is not None or fps is None:
        return capabilities
    return replace(capabilities, emission_fps=fps, emission_fps_measured=True)


def _command(name: str, operation: Mapping[str, Any]) -> CommandCapability:
    schema: Any = operation
    for key in ("requestBody", "content", "application/json", "schema"):
        schema = schema.get(key) if _is_object(schema) else None
    summary = operation.get("summary")
    return CommandCapability(
        name, summary if isinstance(summary, str) else "", schema if _is_object(schema) else None
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)
