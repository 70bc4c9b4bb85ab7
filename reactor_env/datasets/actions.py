"""Actions in the two shapes that datasets have: stacked like their space, and as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray


def stacked(space: gym.Space[Any], actions: Sequence[Any]) -> Any:
    """Return actions as one array, or as arrays in the structure of their space.

    Args:
        space: The action space.
        actions: At least one.

    Returns:
        (N, ...) arrays in dicts and tuples; a list of strings for a ``Text`` space.
    """
    match space:
        case gym.spaces.Dict():
            return {
                key: stacked(part, [action[key] for action in actions])
                for key, part in space.spaces.items()
            }
        case gym.spaces.Tuple():
            return tuple(
                stacked(part, [action[number] for action in actions])
                for number, part in enumerate(space.spaces)
            )
        case gym.spaces.Text():
            return [str(action) for action in actions]
    return np.stack([np.asarray(action, space.dtype) for action in actions])


def names(space: gym.Space[Any], prefix: str = "") -> list[str]:
    """Return the names of the entries of :func:`vector`.

    Args:
        space: The action space.
        prefix: What they begin with.

    Raises:
        ValueError: If the space holds text, or something else that is no number.
    """
    match space:
        case gym.spaces.Dict():
            parts = [(str(key), part) for key, part in space.spaces.items()]
        case gym.spaces.Tuple():
            parts = [(str(number), part) for number, part in enumerate(space.spaces)]
        case gym.spaces.Discrete():
            return [prefix or "action"]
        case gym.spaces.Box() | gym.spaces.MultiDiscrete() | gym.spaces.MultiBinary():
            shape = space.shape
            assert shape is not None
            if not shape:
                return [prefix or "action"]
            stem = prefix or "action"
            return [".".join([stem, *map(str, index)]) for index in np.ndindex(*shape)]
        case _:
            raise ValueError(
                f"actions of {space} cannot be a vector of numbers, as LeRobot has it; "
                'the format "minari" takes them'
            )
    return [
        name for key, part in parts for name in names(part, f"{prefix}.{key}" if prefix else key)
    ]


def vector(space: gym.Space[Any], action: Any) -> NDArray[np.float32]:
    """Return an action as (len(names),) float32: a choice is its number, not one of many bits.

    Args:
        space: The action space, one for which :func:`names` has names.
        action: An action of it.
    """
    match space:
        case gym.spaces.Dict():
            parts = [vector(part, action[key]) for key, part in space.spaces.items()]
        case gym.spaces.Tuple():
            parts = [vector(part, action[number]) for number, part in enumerate(space.spaces)]
        case _:
            return np.asarray(action, np.float32).reshape(-1)
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
