"""The keys of ``info`` and their types: the table of the README, to be checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class InfoKey:
    """One key.

    Attributes:
        kind: The type of its value.
        none: Whether it may be ``None``.
        always: Whether every reset and every step gives it; otherwise it is checked where it is.
    """

    kind: type
    none: bool = False
    always: bool = True


INFO_KEYS: Mapping[str, InfoKey] = {
    "frame_id": InfoKey(int),
    "frames_skipped": InfoKey(int),
    "frame_repeated": InfoKey(bool),
    "frame_age_ms": InfoKey(float, none=True),
    "action_to_frame_ms": InfoKey(float, none=True),
    "ack_ms": InfoKey(float, none=True),
    "applied_by": InfoKey(str, none=True),
    "delay_ms": InfoKey(float, none=True, always=False),
    "deadline_missed": InfoKey(bool, none=True, always=False),
    "deadlines_missed": InfoKey(int, none=True, always=False),
    "wait_ms": InfoKey(float),
    "convert_ms": InfoKey(float),
    "step_ms": InfoKey(float),
    "metadata": InfoKey(dict),
    "messages": InfoKey(list),
    "end": InfoKey(str, none=True, always=False),
    "session_lost": InfoKey(str, always=False),
}
"""By name. Numbers are finite and not negative."""


def wrong_keys(info: Mapping[str, Any]) -> dict[str, str]:
    """Return what is wrong with an ``info``, by key; empty when nothing is.

    Args:
        info: What a reset or a step returned.
    """
    found = {}
    for name, key in INFO_KEYS.items():
        if name not in info:
            if key.always:
                found[name] = "is not there"
            continue
        if not _fits(info[name], key):
            kind = f"{key.kind.__name__} or None" if key.none else key.kind.__name__
            number = " of at least 0" if key.kind in (int, float) else ""
            found[name] = f"must be {kind}{number}, is {info[name]!r}"
    return found


def _fits(value: Any, key: InfoKey) -> bool:
    if value is None:
        return key.none
    if not isinstance(value, key.kind) or (isinstance(value, bool) and key.kind is not bool):
        return False
    return not isinstance(value, int | float) or (math.isfinite(value) and value >= 0)
