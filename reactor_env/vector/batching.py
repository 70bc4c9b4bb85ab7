"""From one observation and one ``info`` per slot to those of the vector."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import concatenate, create_empty_array
from numpy.typing import NDArray

Info = Mapping[str, Any]

FINAL = "final_obs"
"""The last observation of an episode, in ``SAME_STEP`` mode."""

_NUMBERS = (bool, int, float, np.bool_, np.number)
_DTYPES: dict[type, np.dtype[Any]] = {
    bool: np.dtype(np.bool_),
    int: np.dtype(np.int64),
    float: np.dtype(np.float64),
}


class Batcher:
    """Stacks the slots' observations; NumPy arrays, torch tensors, or both in one structure.

    Args:
        space: The space of one observation.
        size: How many slots there are.
        reuse: Whether every batch is written into the same memory.
    """

    def __init__(self, space: gym.Space[Any], size: int, *, reuse: bool) -> None:
        self._space = space
        self._size = size
        self._reuse = reuse
        self._buffers: dict[tuple[str | int, ...], Any] = {}

    def __call__(self, observations: Sequence[Any]) -> Any:
        """Return a batch of up to ``size`` observations; torch tensors become one tensor."""
        return self._stack(self._space, observations, ())

    def _stack(
        self, space: gym.Space[Any], items: Sequence[Any], path: tuple[str | int, ...]
    ) -> Any:
        if isinstance(space, gym.spaces.Dict):
            return {
                name: self._stack(part, [item[name] for item in items], (*path, name))
                for name, part in space.items()
            }
        if isinstance(space, gym.spaces.Tuple):
            return tuple(
                self._stack(part, [item[number] for item in items], (*path, number))
                for number, part in enumerate(space.spaces)
            )
        if is_tensor(items[0]):
            return self._stack_tensors(items, path)
        if isinstance(space, gym.spaces.Box):
            out = self._buffer(path, lambda: np.empty((self._size, *space.shape), space.dtype))
            rows = out[: len(items)]
            for row, item in zip(rows, items, strict=True):
                row[...] = item
            return rows
        return concatenate(space, items, cast("Any", create_empty_array(space, len(items))))

    def _stack_tensors(self, items: Sequence[Any], path: tuple[str | int, ...]) -> Any:
        torch = sys.modules["torch"]
        first = items[0]
        if not self._reuse:
            return torch.stack(items)
        out = self._buffer(path, lambda: first.new_empty((self._size, *first.shape)))
        return torch.stack(items, out=out[: len(items)])

    def _buffer(self, path: tuple[str | int, ...], make: Any) -> Any:
        if not self._reuse:
            return make()
        if path not in self._buffers:
            self._buffers[path] = make()
        return self._buffers[path]


def is_tensor(value: Any) -> bool:
    """Return whether something is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def batch_infos(infos: Sequence[Info | None]) -> dict[str, Any]:
    """Return one ``info`` for all slots, with Gymnasium's layout.

    Every key holds one value per slot, and ``_key`` says which slots have one. Numbers become an
    array of their type, arrays of one shape an array with one more dimension, anything else an
    array of objects; dictionaries are batched in turn. Observations under ``final_obs`` stay one
    object each.

    ``None`` counts as no value, so that a measurement which some slots could not make is still an
    array of floats; it is NaN there. (Gymnasium's own batching gives an array of floats or of
    objects, depending on which slot comes first.)

    Args:
        infos: The ``info`` of each slot; ``None`` for a slot that has none.
    """
    first = list(infos[0] or ()) if infos else []
    if all(info is not None and list(info) == first for info in infos):
        return _batch_alike(cast("Sequence[Info]", infos), first)
    batch: dict[str, Any] = {}
    for key in dict.fromkeys(key for info in infos if info is not None for key in info):
        has = [info is not None and key in info for info in infos]
        values = [info.get(key) if info is not None else None for info in infos]
        batch[key], batch[f"_{key}"] = _column(key, values, has)
    return batch


def _batch_alike(infos: Sequence[Info], keys: Sequence[str]) -> dict[str, Any]:
    """Batch infos that have the same keys in the same order: all of them, in nearly every step.

    This is what a vector does after its slowest slot, so it calls NumPy once for all the floats.
    """
    batch: dict[str, Any] = {}
    size = len(infos)
    floats: dict[str, tuple[Any, ...]] = {}
    columns = zip(*(info.values() for info in infos), strict=True)
    everywhere = np.ones((len(keys), size), np.bool_)
    for key, values, everyone in zip(keys, columns, everywhere, strict=True):
        kind = type(values[0]) if key != FINAL else None
        column: Any = None
        if kind is float:
            column = floats[key] = values  # if there is nothing else among them, see below
        elif kind is int or kind is bool:
            column = _array_of(values, kind)
        elif kind is type(None) and values.count(None) == size:
            batch[key] = np.empty(size, dtype=object)  # filled with None
            batch[f"_{key}"] = np.zeros(size, np.bool_)
            continue
        elif kind is dict and set(map(type, values)) == {dict}:
            column = batch_infos(values)
        if column is not None:
            batch[key], batch[f"_{key}"] = column, everyone
        else:
            batch[key], batch[f"_{key}"] = _column(key, values, [True] * size)
    rows = _array_of(list(floats.values()), float)
    if rows is not None:
        batch.update(zip(floats, rows, strict=True))
    else:
        for key, values in floats.items():
            batch[key], batch[f"_{key}"] = _column(key, values, [True] * size)
    return batch


def _array_of(values: Sequence[Any], kind: type) -> NDArray[Any] | None:
    """Return an array of Python's numbers of one kind; ``None`` if they are not all of it."""
    try:
        array = np.array(values)
    except ValueError:  # arrays among them
        return None
    return array if array.dtype == _DTYPES[kind] else None


def _column(key: str, values: Sequence[Any], has: Sequence[bool]) -> tuple[Any, NDArray[np.bool_]]:
    """Return the values of one key, and which slots have one.

    Args:
        key: The key.
        values: What each slot has; ``None`` where it has nothing.
        has: Which slots have the key, if only with ``None``.
    """
    given = {index: value for index, value in enumerate(values) if value is not None}
    mask = np.zeros(len(values), np.bool_)
    mask[list(given)] = True
    if key == FINAL:
        return _objects(len(values), given), mask
    if given and all(isinstance(value, dict) for value in given.values()):
        return batch_infos(values), mask
    array = _array(len(values), given)
    if array.dtype.kind == "f":
        array[np.array(has) & ~mask] = np.nan
    return array, mask


def _array(size: int, given: dict[int, Any]) -> NDArray[Any]:
    values = list(given.values())
    array: NDArray[Any] | None = None
    if values and all(isinstance(value, _NUMBERS) for value in values):
        array = _numbers(size, given)
    elif values and all(isinstance(value, np.ndarray) for value in values):
        array = _arrays(size, given)
    return _objects(size, given) if array is None else array


def _numbers(size: int, given: dict[int, Any]) -> NDArray[Any] | None:
    found = np.array(list(given.values()))
    if found.dtype == object:  # integers that no type of NumPy's holds
        return None
    if len(given) == size:
        return found
    array = np.zeros(size, found.dtype)
    array[list(given)] = found
    return array


def _arrays(size: int, given: dict[int, Any]) -> NDArray[Any] | None:
    values = list(given.values())
    if len({value.shape for value in values}) > 1:
        return None
    array = np.zeros((size, *values[0].shape), np.result_type(*values))
    for index, value in given.items():
        array[index] = value
    return array


def _objects(size: int, given: dict[int, Any]) -> NDArray[Any]:
    array = np.full(size, None, dtype=object)
    for index, value in given.items():
        array[index] = value
    return array
