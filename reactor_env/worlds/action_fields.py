"""A Gymnasium action space as the typed fields of a command, and back.

The command's schema is all a client sees of the action space, so every bound goes into it.
:mod:`reactor_env.spaces` reads these fields on the other side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np


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


def action_fields(
    space: gym.Space[Any],
) -> tuple[list[ActionField], Callable[[Mapping[str, Any]], Any]]:
    """Describe an action space as command fields.

    Args:
        space: A ``Discrete``, ``MultiDiscrete``, ``MultiBinary`` or ``Box`` space.

    Returns:
        The fields, and a function from their values to an action of the space.

    Raises:
        TypeError: If the space is of another kind.
    """
    match space:
        case gym.spaces.Discrete():
            low, high = int(space.start), int(space.start + space.n - 1)
            return [_field("action", int, low, high, space)], lambda v: np.int64(v["action"])
        case gym.spaces.MultiDiscrete() | gym.spaces.MultiBinary() | gym.spaces.Box():
            fields = _array_fields(space)
            names = [field.name for field in fields]

            def decode(values: Mapping[str, Any]) -> Any:
                flat = np.array([values[name] for name in names], dtype=space.dtype)
                return flat.reshape(space.shape)

            return fields, decode
        case _:
            raise TypeError(
                "expected a Discrete, MultiDiscrete, MultiBinary or Box action space, "
                f"got {space!r}"
            )


def _array_fields(
    space: gym.spaces.MultiDiscrete | gym.spaces.MultiBinary | gym.spaces.Box,
) -> list[ActionField]:
    match space:
        case gym.spaces.MultiBinary():
            count = int(np.prod(space.shape))
            return [_field(f"action_{i}", bool, None, None, space) for i in range(count)]
        case gym.spaces.MultiDiscrete():
            starts = np.ravel(space.start)
            return [
                _field(f"action_{i}", int, int(start), int(start + n - 1), space)
                for i, (start, n) in enumerate(zip(starts, np.ravel(space.nvec), strict=True))
            ]
        case gym.spaces.Box():
            whole = np.issubdtype(space.dtype, np.integer)
            kind: type = int if whole else float
            return [
                _field(
                    f"action_{i}",
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
    name: str,
    kind: type,
    low: float | int | None,
    high: float | int | None,
    space: gym.Space[Any],
) -> ActionField:
    index = name.removeprefix("action").removeprefix("_")
    part = f"Element {index} of an action of" if index else "An action of"
    return ActionField(name, kind, low, high, f"{part} {space}.")
