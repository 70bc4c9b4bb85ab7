"""A Gymnasium action space as the typed fields of a command, and back.

The command's schema is all a client sees of the action space, so every bound goes into it.
:mod:`reactor_env.spaces` reads these fields on the other side.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np

RESERVED = "action_seq"
"""The parameter of the command that is not part of an action."""


@dataclass(frozen=True, slots=True)
class ActionField:
    """One parameter of the action command.

    Attributes:
        name: Its name.
        type: ``int``, ``float`` or ``bool``.
        low: The least value, ``None`` where unbounded.
        high: The greatest value, ``None`` where unbounded.
        description: What it stands for.
    """

    name: str
    type: type
    low: float | int | None = None
    high: float | int | None = None
    description: str = ""


Decode = Callable[[Mapping[str, Any]], Any]
"""From the values of the fields to an action."""

ROOT = "action"
"""What the fields of an action are called that has no parts with names."""


def action_fields(space: gym.Space[Any]) -> tuple[list[ActionField], Decode]:
    """Describe an action space as command fields.

    A single number is the field ``action``, the elements of an array ``action_0``, ``action_1``,
    ...; in a ``Dict`` the key is there instead of ``action``.

    Args:
        space: A ``Discrete``, ``MultiDiscrete``, ``MultiBinary`` or ``Box`` space, or a ``Dict`` of
            such spaces.

    Returns:
        The fields, and a function from their values to an action of the space.

    Raises:
        TypeError: If the space is of another kind, or a key cannot be a field's name.
    """
    if not isinstance(space, gym.spaces.Dict) or not space.spaces:
        return _part(ROOT, space)
    parts: dict[str, Decode] = {}
    fields: list[ActionField] = []
    for key, part in space.items():
        if not (isinstance(key, str) and key.isidentifier()) or keyword.iskeyword(key):
            raise TypeError(f"the keys of a Dict action space must be names, got {key!r}")
        found, parts[key] = _part(key, part)
        fields += found
    names = [field.name for field in fields]
    if len(set(names)) < len(names) or RESERVED in names:
        raise TypeError(
            f"the keys of a Dict action space must give different names, and none {RESERVED!r}, "
            f"got {names}"
        )
    return fields, lambda values: {key: decode(values) for key, decode in parts.items()}


def _part(root: str, space: gym.Space[Any]) -> tuple[list[ActionField], Decode]:
    match space:
        case gym.spaces.Discrete():
            low, high = int(space.start), int(space.start + space.n - 1)
            return [_field(root, "", int, low, high, space)], lambda v: np.int64(v[root])
        case gym.spaces.MultiDiscrete() | gym.spaces.MultiBinary() | gym.spaces.Box():
            fields = _array_fields(root, space)
            names = [field.name for field in fields]

            def decode(values: Mapping[str, Any]) -> Any:
                flat = np.array([values[name] for name in names], dtype=space.dtype)
                return flat.reshape(space.shape)

            return fields, decode
        case _:
            raise TypeError(
                "expected a Discrete, MultiDiscrete, MultiBinary or Box action space, or a Dict of "
                f"such spaces, got {space!r}"
            )


def _array_fields(
    root: str,
    space: gym.spaces.MultiDiscrete | gym.spaces.MultiBinary | gym.spaces.Box,
) -> list[ActionField]:
    match space:
        case gym.spaces.MultiBinary():
            count = int(np.prod(space.shape))
            return [_field(root, str(i), bool, None, None, space) for i in range(count)]
        case gym.spaces.MultiDiscrete():
            starts = np.ravel(space.start)
            return [
                _field(root, str(i), int, int(start), int(start + n - 1), space)
                for i, (start, n) in enumerate(zip(starts, np.ravel(space.nvec), strict=True))
            ]
        case gym.spaces.Box():
            whole = np.issubdtype(space.dtype, np.integer)
            kind: type = int if whole else float
            return [
                _field(
                    root,
                    str(i),
                    kind,
                    kind(low) if np.isfinite(low) else None,
                    kind(high) if np.isfinite(high) else None,
                    space,
                )
                for i, (low, high) in enumerate(
                    zip(np.ravel(space.low), np.ravel(space.high), strict=True)
                )
            ]


def _field(
    root: str,
    index: str,
    kind: type,
    low: float | int | None,
    high: float | int | None,
    space: gym.Space[Any],
) -> ActionField:
    whole = "An action" if root == ROOT else f"Part {root!r} of an action"
    part = f"Element {index} of {whole[0].lower()}{whole[1:]}" if index else whole
    name = f"{root}_{index}" if index else root
    return ActionField(name, kind, low, high, f"{part} of {space}.")
