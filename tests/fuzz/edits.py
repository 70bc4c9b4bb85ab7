"""JSON documents with some of their parts replaced, as a server that is wrong would send them."""

from __future__ import annotations

import copy
import json
import struct
from pathlib import Path
from typing import Any

DOCUMENTS = Path(__file__).with_name("documents")

MAX_EDITS = 6  # each may double the document
_EDIT = struct.Struct("<HB")
_REPLACEMENTS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7.5, 10**400, float("inf"), float("nan"), "", "x", "\ud800"),
    *([], {}, [None], [[]], [{}], {"": None}, {"x": {}}, "integer", "array", "object"),
    *({"$ref": "#/components/schemas/Act"}, {"type": "null"}, [{"type": "null"}]),
)


def document(name: str) -> Any:
    """Return what reactor-runtime 3.10 sent, with what ``platform.md`` says of others added."""
    return json.loads((DOCUMENTS / name).read_text())


def edited(original: Any, instructions: bytes) -> Any:
    """Replace parts of a document.

    Args:
        original: Any JSON value; it is left as it is.
        instructions: Three bytes per edit: which part, in the order of a walk through the
            document, and what to put there. From 128 on, what to put there is another part,
            which may be an ancestor's copy and makes documents deep.
    """
    holder = [copy.deepcopy(original)]
    edits = min(len(instructions) // _EDIT.size, MAX_EDITS)
    for where, what in _EDIT.iter_unpack(instructions[: edits * _EDIT.size]):
        places = list(_places(holder))
        container, key = places[where % len(places)]
        if what < 128:
            container[key] = copy.deepcopy(_REPLACEMENTS[what % len(_REPLACEMENTS)])
        else:
            other, part = places[what % len(places)]
            container[key] = copy.deepcopy(other[part])
    return holder[0]


def _places(container: Any) -> Any:
    keys = container if isinstance(container, dict) else range(len(container))
    for key in keys:
        yield container, key
        if isinstance(container[key], dict | list):
            yield from _places(container[key])
