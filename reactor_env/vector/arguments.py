"""What callers pass to a vector environment, checked and spread over its slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray

from reactor_env.vector.batching import is_tensor

MASK = "reset_mask"
"""The reset option that says which slots are reset, as in Gymnasium."""


def autoreset_mode_of(mode: AutoresetMode | str) -> AutoresetMode:
    """Return the mode, given as such or by its value.

    Raises:
        ValueError: If it is none.
    """
    try:
        return AutoresetMode(mode)
    except ValueError:
        values = ", ".join(repr(one.value) for one in AutoresetMode)
        raise ValueError(f"`autoreset_mode` must be one of {values}, got {mode!r}") from None


def seed_per_slot(seed: int | Sequence[int | None] | None, size: int) -> list[int | None]:
    """Return one seed per slot: ``seed + i``, or those given, or none.

    Raises:
        ValueError: If there are not as many as slots.
    """
    if seed is None:
        return [None] * size
    if isinstance(seed, int | np.integer):
        return [int(seed) + index for index in range(size)]
    seeds = list(seed)
    if len(seeds) != size:
        raise ValueError(f"`seed` must hold one seed per slot, {size}, got {len(seeds)}")
    return seeds


def action_per_slot(space: gym.Space[Any], actions: Any, size: int) -> list[Any]:
    """Return one action per slot.

    Args:
        space: The batched action space.
        actions: A batch of actions; may be, or hold, torch tensors.
        size: How many there must be.

    Raises:
        ValueError: If there are not as many as slots.
    """
    each = list(iterate(space, _arrays(actions)))
    if len(each) != size:
        raise ValueError(f"`actions` must hold one action per slot, {size}, got {len(each)}")
    return each


def slots_to_send(env_ids: Sequence[int] | NDArray[Any] | None, size: int) -> list[int]:
    """Return the numbers of slots, all of them by default.

    Raises:
        ValueError: If there is no such slot, or one is named twice.
    """
    if env_ids is None:
        return list(range(size))
    chosen = [int(index) for index in env_ids]
    if len(set(chosen)) != len(chosen) or not all(0 <= index < size for index in chosen):
        raise ValueError(f"`env_ids` must be different slots from 0 to {size - 1}, got {chosen}")
    return chosen


def slots_to_reset(options: dict[str, Any] | None, size: int) -> list[int]:
    """Take the mask out of the options and return the slots it chooses, all without one.

    Raises:
        TypeError: If the mask is no NumPy array of bool.
        ValueError: If it has another shape, or chooses none.
    """
    if options is None or MASK not in options:
        return list(range(size))
    mask = options.pop(MASK)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        got = f"an array of {mask.dtype}" if isinstance(mask, np.ndarray) else repr(mask)
        raise TypeError(f"`options[{MASK!r}]` must be a NumPy array of bool, got {got}")
    if mask.shape != (size,) or not mask.any():
        raise ValueError(
            f"`options[{MASK!r}]` must have shape ({size},) and at least one True, got "
            f"{mask.tolist()}"
        )
    return [int(index) for index in np.flatnonzero(mask)]


def named(indices: Sequence[int]) -> str:
    """Return ``"slot 3"`` or ``"slots 0, 2"``."""
    return f"slot{'s'[: len(indices) > 1]} {', '.join(map(str, indices))}"


def _arrays(value: Any) -> Any:
    """Return the same with arrays for tensors."""
    if isinstance(value, dict):
        return {name: _arrays(part) for name, part in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):  # a graph's is a named one
        return tuple(_arrays(part) for part in value)
    return value.numpy(force=True) if is_tensor(value) else value
