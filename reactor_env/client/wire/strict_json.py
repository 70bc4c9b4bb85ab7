"""JSON as RFC 8259 means it, where the standard library is more generous.

:func:`json.loads` takes ``NaN``, ``Infinity`` and numbers that overflow to it, UTF-16 and
UTF-32, strings no encoding can write again, and any depth that the stack of its thread holds.
What comes off the network is refused here with one kind of error instead.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 100
"""Levels of nested objects and arrays that are read."""

# A string, which is never given back to look for shorter matches, or one bracket.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(payload: bytes | str) -> Any:
    """Read one JSON document.

    Args:
        payload: Text, or UTF-8.

    Returns:
        The document. Every number in it is finite and fits a double, every string can be
        encoded.

    Raises:
        ValueError: If it is not such a document, or nested deeper than :data:`MAX_DEPTH`.
    """
    text = payload if isinstance(payload, str) else payload.decode()
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text)
    document = json.loads(
        text, parse_float=_float, parse_int=_integer, parse_constant=_not_a_number
    )
    if not text.isascii():
        text.encode()
    if _SURROGATE_ESCAPE.search(text):
        # Only a pair of them stands for a character.
        json.dumps(document, ensure_ascii=False).encode()
    return document


def dumps(document: Any) -> str:
    """Write one JSON document, without spaces, in characters rather than escapes.

    Raises:
        ValueError: If a number in it is not finite or a string cannot be encoded.
    """
    text = json.dumps(document, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    text.encode()
    return text


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        bracket = token.group()
        if bracket in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
        elif bracket in "]}":
            depth -= 1


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits:.40} is no double")
    return value


def _integer(digits: str) -> int:
    _float(digits)
    return int(digits)


def _not_a_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")
