"""Parameters of commands as both protocols carry them: JSON values and uploaded files.

The runtime turns every number into a double and knows two places for a file: a parameter that
*is* a file travels beside the data, in a map from parameter name to reference; a file deeper
inside a parameter, or in the state of a step, stays in its place as an object with an
``upload_id``. Source: ``platform.md`` B7 and B9, and what reactor-runtime 3.10 resolves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from reactor_env.client.types import FileRef

MAX_DEPTH = 32
"""Levels of nested objects and arrays, the parameters themselves included.

protobuf reads at most 100 nested messages, and an object takes three of them.
"""


def inline(data: Mapping[str, Any]) -> dict[str, Any]:
    """Copy parameters into plain JSON values, with every file as a reference in its place.

    Args:
        data: Parameter name to JSON value or :class:`~reactor_env.client.types.FileRef`, at
            any depth; tuples count as arrays.

    Returns:
        Dicts, lists, strings, finite numbers, booleans and ``None``.

    Raises:
        ValueError: If something is none of these, is an integer that no double holds exactly,
            or is nested deeper than :data:`MAX_DEPTH`; the text says where.
    """
    return _object(data, "data", 1)


def beside(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, FileRef]]:
    """Split parameters into JSON values and the files that travel beside them.

    Args:
        data: As for :func:`inline`.

    Returns:
        The parameters without those that are a file, and those, by parameter name.

    Raises:
        ValueError: As :func:`inline`.
    """
    files = {key: value for key, value in data.items() if isinstance(value, FileRef)}
    for key in files:
        _text(key, "a name in `data`")
    return inline({key: value for key, value in data.items() if key not in files}), files


def reference(file: FileRef) -> dict[str, Any]:
    """Return the object that stands for an uploaded file."""
    return {
        "upload_id": _text(file.upload_id, "`upload_id`"),
        "name": _text(file.name, "`name`"),
        "mime_type": _text(file.mime_type, "`mime_type`"),
        "size": file.size,
    }


def _object(data: Mapping[Any, Any], where: str, depth: int) -> dict[str, Any]:
    return {
        _text(key, f"a name in `{where}`"): _value(item, f"{where}[{key!r:.40}]", depth + 1)
        for key, item in data.items()
    }


def _value(value: Any, where: str, depth: int) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, f"`{where}`")
        case int():
            return _integer(value, where)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"`{where}` must be a finite number, got {value}")
            return float(value)
        case FileRef():
            return reference(value)
        case Mapping() | list() | tuple():
            if depth > MAX_DEPTH:
                raise ValueError(f"the parameters may be nested {MAX_DEPTH} deep, `{where}` is not")
            if isinstance(value, Mapping):
                return _object(value, where, depth)
            return [_value(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    raise ValueError(f"`{where}` must be a JSON value or a FileRef, got {type(value).__name__}")


def _integer(value: int, where: str) -> int:
    try:
        exact = int(float(value)) == value
    except OverflowError:
        exact = False
    if not exact:
        raise ValueError(
            f"`{where}` must be a number that a double holds exactly, got an integer of "
            f"{value.bit_length()} bits"
        )
    return int(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where} must be a string, got {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{where} must be Unicode text, got a lone surrogate") from error
    return value
