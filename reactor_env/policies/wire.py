"""What a remote policy and its server send: arrays as they are in memory, behind a JSON header.

A message is::

    4 bytes   length of the header, big-endian
    header    JSON, UTF-8: {"version": 1, "value": ..., "arrays": [["|u1", [84, 84, 4]], ...]}
    arrays    the bytes of each array, in C order, one behind the other

In ``value`` an array is ``{"array": number}``, a tuple ``{"tuple": [...]}``, a list
``{"list": [...]}`` and a dict ``{"dict": {...}}``; text, numbers, truth values and null are
themselves. Nothing is pickled, so that reading a message runs nobody's code, and pictures are not
made text, which costs a third more bytes and time on both sides. Pure.
"""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 1

CONTENT_TYPE = "application/x-reactor-policy"
"""Of requests and answers."""

MAX_BYTES = 64 << 20
"""How long a message may be where nothing else is said."""

_HEADER = struct.Struct(">I")
_MAX_HEADER = 1 << 16
_DTYPE = re.compile(r"[<>|][biuf]\d{1,2}")
_MAX_DEPTH = 16


class WireError(ValueError):
    """A message is not what it should be, or something cannot be sent; the text says what."""


def encode(value: Any) -> bytes:
    """Return a message.

    Args:
        value: Arrays of truth values or numbers, torch tensors, numpy scalars, text, numbers,
            truth values, ``None``, and tuples, lists and dicts of them.

    Raises:
        WireError: If it is something else, or its structure is too large or too deep.
    """
    arrays: list[NDArray[Any]] = []
    node = _node(value, arrays, _MAX_DEPTH)
    told = [[array.dtype.str, list(array.shape)] for array in arrays]
    header = json.dumps({"version": VERSION, "value": node, "arrays": told}).encode()
    if len(header) > _MAX_HEADER:
        raise WireError(f"a message's header must be {_MAX_HEADER} bytes at most: {len(header)}")
    return b"".join([_HEADER.pack(len(header)), header, *(array.tobytes() for array in arrays)])


def decode(message: bytes) -> Any:
    """Return what :func:`encode` was given.

    Args:
        message: As it came.

    Returns:
        The value. Arrays have memory of their own; one without axes becomes a numpy scalar.

    Raises:
        WireError: If it is no such message.
    """
    if len(message) < _HEADER.size:
        raise WireError(f"a message must have a header, got {len(message)} bytes")
    (length,) = _HEADER.unpack_from(message)
    begin = _HEADER.size + length
    if length > _MAX_HEADER or begin > len(message):
        raise WireError(f"a message's header cannot have {length} of its {len(message)} bytes")
    try:
        header = json.loads(message[_HEADER.size : begin])
    except (ValueError, RecursionError) as error:
        raise WireError(f"a message's header must be JSON: {error}") from error
    if not isinstance(header, dict) or header.get("version") != VERSION:
        got = header.get("version") if isinstance(header, dict) else header
        raise WireError(f"a message must have version {VERSION}, got {got!r}")
    arrays = _arrays(header.get("arrays"), memoryview(message)[begin:])
    return _value(header.get("value"), arrays, _MAX_DEPTH)


def _node(value: Any, arrays: list[NDArray[Any]], depth: int) -> Any:
    if not depth:
        raise WireError(f"a value must be nested {_MAX_DEPTH} deep at most")
    match value:
        case None | bool() | str():
            return value
        case int() | float() if type(value) in (int, float):  # a numpy float is a float, too
            return value
        case tuple() | list():
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [_node(each, arrays, depth - 1) for each in value]}
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise WireError(f"the keys of a dict must be text, got {list(value)}")
            return {"dict": {key: _node(each, arrays, depth - 1) for key, each in value.items()}}
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray | np.generic):
        raise WireError(f"arrays, numbers and text can be sent, got {type(value).__name__}")
    array = np.asarray(value)
    if not _DTYPE.fullmatch(array.dtype.str):
        raise WireError(f"an array must be of truth values or numbers, got dtype {array.dtype}")
    arrays.append(array)
    return {"array": len(arrays) - 1}


def _arrays(told: Any, rest: memoryview) -> list[NDArray[Any]]:
    if not isinstance(told, list):
        raise WireError(f"`arrays` must be a list, got {told!r}")
    arrays, begin = [], 0
    for entry in told:
        match entry:
            case [str() as kind, list() as shape] if _DTYPE.fullmatch(kind):
                pass
            case _:
                raise WireError(f"an array must be [dtype, shape] of numbers, got {entry!r}")
        if not all(type(side) is int and 0 <= side < 1 << 32 for side in shape) or len(shape) > 32:
            raise WireError(f"an array's shape must be whole numbers, got {shape}")
        try:
            dtype = np.dtype(kind)
        except TypeError as error:
            raise WireError(f"an array's dtype is unknown: {kind}") from error
        size = math.prod(shape) * dtype.itemsize
        if size > len(rest) - begin:
            raise WireError(
                f"an array of dtype {dtype}, shape {tuple(shape)} has {size} bytes, and there are "
                f"{len(rest) - begin}"
            )
        flat = np.frombuffer(rest, dtype, math.prod(shape), begin) if size else np.empty(0, dtype)
        arrays.append(flat.reshape(shape).copy())
        begin += size
    if begin != len(rest):
        raise WireError(f"a message must end with its arrays, got {len(rest) - begin} more bytes")
    return arrays


def _value(node: Any, arrays: list[NDArray[Any]], depth: int) -> Any:
    if not depth:
        raise WireError(f"a value must be nested {_MAX_DEPTH} deep at most")
    match node:
        case None | bool() | str() | int() | float():
            return node
        case {"array": int() as number, **rest} if not rest and 0 <= number < len(arrays):
            return arrays[number][()]  # a scalar, where there are no axes
        case {"tuple": list() as parts, **rest} if not rest:
            return tuple(_value(each, arrays, depth - 1) for each in parts)
        case {"list": list() as parts, **rest} if not rest:
            return [_value(each, arrays, depth - 1) for each in parts]
        case {"dict": dict() as named, **rest} if not rest:
            return {key: _value(each, arrays, depth - 1) for key, each in named.items()}
    raise WireError(f"a value cannot be {json.dumps(node)[:100]}")
