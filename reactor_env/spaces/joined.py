"""Several spaces as one, and the way from its actions to theirs and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

Space = gym.Space[Any]

_FLOAT32_EXACT = 2**24


@dataclass(frozen=True, slots=True)
class Joined:
    """A space made of others.

    Attributes:
        space: The space.
        split: From its action to one action of each.
        join: Back.
    """

    space: Space
    split: Callable[[Any], Sequence[Any]]
    join: Callable[[Sequence[Any]], Any]


def joined(parts: Mapping[str, Space]) -> Joined:
    """Join spaces into the plainest one that says the same.

    One space stays as it is; only ``MultiBinary`` give ``MultiBinary``, only ``Discrete`` and
    ``MultiDiscrete`` give ``MultiDiscrete``, only ``Box`` of one dtype a ``Box``, in the order of
    the parts; anything mixed a ``Dict`` by name.

    Args:
        parts: The spaces by name; at least one.
    """
    spaces = list(parts.values())
    if len(spaces) == 1:
        return Joined(spaces[0], lambda action: (action,), lambda actions: actions[0])
    if all(isinstance(space, gym.spaces.MultiBinary) for space in spaces):
        return _concatenated(gym.spaces.MultiBinary(sum(map(_size, spaces))), spaces, np.int8)
    if all(isinstance(space, gym.spaces.Discrete | gym.spaces.MultiDiscrete) for space in spaces):
        bounds = np.concatenate([_bounds(space) for space in spaces])
        low, high = bounds[:, 0].astype(np.int64), bounds[:, 1].astype(np.int64)
        return _concatenated(gym.spaces.MultiDiscrete(high - low + 1, start=low), spaces, np.int64)
    if all(isinstance(space, gym.spaces.Box) for space in spaces):
        kinds = {space.dtype for space in spaces}
        if len(kinds) == 1:
            dtype: Any = kinds.pop()
            bounds = np.concatenate([_bounds(space) for space in spaces]).astype(dtype)
            return _concatenated(
                gym.spaces.Box(bounds[:, 0], bounds[:, 1], dtype=dtype), spaces, dtype
            )
    return by_name(parts)


def by_name(parts: Mapping[str, Space]) -> Joined:
    """Join spaces into a ``Dict`` by name.

    Args:
        parts: The spaces by name.
    """
    names = list(parts)
    return Joined(
        gym.spaces.Dict(dict(parts)),
        lambda action: [action[name] for name in names],
        lambda actions: dict(zip(names, actions, strict=True)),
    )


def flat(parts: Mapping[str, Space]) -> Joined:
    """Join spaces into one vector, for libraries that know no ``Dict``.

    Finite parts alone give a ``MultiDiscrete``. With a ``Box`` among them everything is one
    ``Box``: numbers as they are, and each finite component as a number that is rounded, between
    half less than its least and half more than its greatest value, so that a uniform sample is
    uniform over its values. Its dtype is float32, or float64 where an integer needs it.

    Args:
        parts: The spaces by name; at least one.
    """
    spaces = [leaf for space in parts.values() for leaf in _leaves(space)]
    if not any(isinstance(space, gym.spaces.Box) for space in spaces):
        bounds = np.concatenate([_bounds(space) for space in spaces]).astype(np.int64)
        low, high = bounds[:, 0], bounds[:, 1]
        space: Space = gym.spaces.MultiDiscrete(high - low + 1, start=low)
        inner = _concatenated(space, spaces, np.int64)
        return Joined(
            space, lambda a: _nest(parts, inner.split(a)), lambda a: inner.join(_flat(parts, a))
        )
    bounds = np.concatenate([_widened(space) for space in spaces])
    whole = [space for space in spaces if not np.issubdtype(_dtype(space), np.floating)]
    large = any(np.abs(_bounds(space)).max() >= _FLOAT32_EXACT for space in whole)
    dtype: Any = np.float64 if large else np.float32
    box = gym.spaces.Box(bounds[:, 0].astype(dtype), bounds[:, 1].astype(dtype), dtype=dtype)
    inner = _concatenated(box, spaces, dtype)
    return Joined(
        box, lambda a: _nest(parts, inner.split(a)), lambda a: inner.join(_flat(parts, a))
    )


def _concatenated(space: Space, parts: Sequence[Space], dtype: Any) -> Joined:
    ends = np.cumsum([_size(part) for part in parts])[:-1]

    def split(action: Any) -> list[Any]:
        pieces = np.split(np.asarray(action), ends)
        return [_shaped(part, piece) for part, piece in zip(parts, pieces, strict=True)]

    def join(actions: Sequence[Any]) -> NDArray[Any]:
        return np.concatenate([np.ravel(action) for action in actions]).astype(dtype)

    return Joined(space, split, join)


def _shaped(space: Space, piece: NDArray[Any]) -> Any:
    """Return a piece of a vector as an action of a space; what is not whole is rounded."""
    dtype = _dtype(space)
    if np.issubdtype(dtype, np.integer) and np.issubdtype(piece.dtype, np.floating):
        bounds = _bounds(space)
        piece = np.clip(np.rint(piece.astype(np.float64)), bounds[:, 0], bounds[:, 1])
    piece = piece.astype(dtype)
    return piece[0] if isinstance(space, gym.spaces.Discrete) else piece.reshape(space.shape or ())


def _dtype(space: Space) -> Any:
    return np.dtype(space.dtype)


def _size(space: Space) -> int:
    return int(np.prod(space.shape or ()))


def _bounds(space: Space) -> NDArray[Any]:
    """Return the least and the greatest value of each component, (n, 2)."""
    if isinstance(space, gym.spaces.Discrete):
        return np.array([[space.start, space.start + space.n - 1]])
    if isinstance(space, gym.spaces.MultiDiscrete):
        low = np.ravel(space.start)
        return np.stack([low, low + np.ravel(space.nvec) - 1], 1)
    if isinstance(space, gym.spaces.MultiBinary):
        return np.tile([0, 1], (_size(space), 1))
    assert isinstance(space, gym.spaces.Box)
    return np.stack([np.ravel(space.low), np.ravel(space.high)], 1)


def _widened(space: Space) -> NDArray[np.float64]:
    bounds = _bounds(space).astype(np.float64)
    return bounds if isinstance(space, gym.spaces.Box) else bounds + np.array([-0.5, 0.5])


def _leaves(space: Space) -> list[Space]:
    if isinstance(space, gym.spaces.Dict):
        return [leaf for inner in space.values() for leaf in _leaves(inner)]
    return [space]


def _nest(parts: Mapping[str, Space], pieces: Sequence[Any]) -> list[Any]:
    rest = iter(pieces)

    def take(space: Space) -> Any:
        if isinstance(space, gym.spaces.Dict):
            return {name: take(inner) for name, inner in space.items()}
        return next(rest)

    return [take(space) for space in parts.values()]


def _flat(parts: Mapping[str, Space], actions: Sequence[Any]) -> list[Any]:
    def pieces(space: Space, action: Any) -> list[Any]:
        if isinstance(space, gym.spaces.Dict):
            return [p for name, inner in space.items() for p in pieces(inner, action[name])]
        return [action]

    pairs = zip(parts.values(), actions, strict=True)
    return [piece for space, action in pairs for piece in pieces(space, action)]
