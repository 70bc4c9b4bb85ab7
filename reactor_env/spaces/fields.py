"""The space of a command's parameters, and the way from its actions to values and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.schema import FieldSchema
from reactor_env.errors import UnsupportedModelError

EXACT = 2**53
"""The wire's doubles carry every integer up to here."""

_NEUTRAL = ("idle", "none", "neutral", "still", "off", "stop", "noop", "no_op", "center")
"""Choices that do nothing, most telling first."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A space over some parameters.

    Attributes:
        space: Its actions.
        to_data: From an action to the parameters' values by name, as plain Python.
        to_action: From the values by name to the action.
    """

    space: gym.Space[Any]
    to_data: Callable[[Any], dict[str, Any]]
    to_action: Callable[[Mapping[str, Any]], Any]


def leaf(command: str, fields: Sequence[FieldSchema]) -> Leaf:
    """Derive the space of a command's parameters.

    * One parameter: ``Discrete`` for choices, a boolean or a bounded integer; a ``Box`` of shape
      (1,) for a number (float32) and an unbounded integer (int64); for an array of a fixed length
      what its items give several of.
    * Several: ``MultiBinary`` for booleans, ``MultiDiscrete`` for bounded integers, booleans and
      choices, a float32 ``Box`` for numbers, in the order of the parameters; a ``Dict`` of single
      spaces by parameter for anything mixed.

    Bounds that float32 cannot hold are rounded inwards; integers are bounded by what a double
    carries exactly, 2**53.

    Args:
        command: The command's name, for messages.
        fields: One parameter or more, each of which :func:`misfit` accepts.

    Raises:
        UnsupportedModelError: If a parameter fits no space.
    """
    for field in fields:
        reason = misfit(field)
        if reason:
            raise UnsupportedModelError(
                f"command {command!r} cannot be an action: parameter {field.name!r} {reason}; "
                f"give it to reset() instead: options={{{command!r}: ...}}"
            )
    if len(fields) == 1:
        return _single(command, fields[0])
    return _several(command, fields)


def misfit(field: FieldSchema) -> str:
    """Say why a parameter fits no space, ``""`` where it fits one."""
    if field.choices or field.type in ("boolean", "integer", "number"):
        return ""
    if field.type != "array":
        return {
            "string": "is a text without choices",
            "upload": "is a file",
            "any": "is of a type that the schema does not tell",
        }.get(field.type, f"is of type {field.type}")
    if field.min_length is None or field.min_length != field.max_length:
        return "is an array whose length is not fixed"
    if field.items is None or (field.items.type not in ("boolean", "integer", "number")):
        kind = field.items.type if field.items is not None else "any"
        return "" if field.items is not None and field.items.choices else f"is an array of {kind}"
    return ""


def neutral_value(field: FieldSchema) -> Any:
    """Return what a parameter is when nothing is done: its default, or a value that says so."""
    if field.type == "array":
        assert field.items is not None
        given = field.default or []
        wanted = field.min_length or 0
        return list(given) if len(given) == wanted else [neutral_value(field.items)] * wanted
    if field.default is not None:
        return field.default
    if field.choices:
        return next((word for word in _NEUTRAL if word in field.choices), field.choices[0])
    if field.type == "boolean":
        return False
    low = -np.inf if field.minimum is None else field.minimum
    high = np.inf if field.maximum is None else field.maximum
    return (int if field.type == "integer" else float)(min(max(0, low), high))


def is_finite(field: FieldSchema) -> bool:
    """Tell whether a parameter has finitely many values that the wire carries exactly."""
    return bool(field.choices) or field.type == "boolean" or _bounded(field)


def _single(command: str, field: FieldSchema) -> Leaf:
    name = field.name
    if field.choices:
        choices = field.choices
        return Leaf(
            gym.spaces.Discrete(len(choices)),
            lambda action: {name: choices[int(action)]},
            lambda data: np.int64(choices.index(data[name])),
        )
    if field.type == "array":
        return _array(command, field)
    if field.type == "boolean":
        return Leaf(
            gym.spaces.Discrete(2),
            lambda action: {name: bool(action)},
            lambda data: np.int64(data[name]),
        )
    if _bounded(field):
        low, high = _integer_range(field)
        return Leaf(
            gym.spaces.Discrete(high - low + 1, start=low),
            lambda action: {name: int(action)},
            lambda data: np.int64(data[name]),
        )
    return _several(command, [field])


def _array(command: str, field: FieldSchema) -> Leaf:
    """Treat a fixed array as that many parameters of its items' type."""
    assert field.items is not None
    item, name = field.items, field.name
    parts = [_renamed(item, str(index)) for index in range(field.min_length or 0)]
    inner = _several(command, parts)
    return Leaf(
        inner.space,
        lambda action: {name: list(inner.to_data(action).values())},
        lambda data: inner.to_action({str(index): v for index, v in enumerate(data[name])}),
    )


def _several(command: str, fields: Sequence[FieldSchema]) -> Leaf:
    names = [field.name for field in fields]
    kinds = {field.type for field in fields if not field.choices}
    plain = not any(field.choices or field.type == "array" for field in fields)
    if plain and kinds == {"boolean"}:
        binary = gym.spaces.MultiBinary(len(fields))
        return Leaf(binary, _by_name(names, bool), _array_of(names, np.int8))
    if all(map(is_finite, fields)):
        return _multi_discrete(fields)
    if plain and kinds == {"number"}:
        return Leaf(_float_box(command, fields), _by_name(names, float), _array_of(names, "f4"))
    if plain and kinds == {"integer"}:
        bounds = np.array([_integer_range(field) for field in fields], np.int64)
        box = gym.spaces.Box(bounds[:, 0], bounds[:, 1], dtype=np.int64)
        return Leaf(box, _by_name(names, int), _array_of(names, np.int64))
    leaves = {field.name: _single(command, field) for field in fields}
    return Leaf(
        gym.spaces.Dict({name: found.space for name, found in leaves.items()}),
        lambda action: {n: v for k, f in leaves.items() for n, v in f.to_data(action[k]).items()},
        lambda data: {name: found.to_action(data) for name, found in leaves.items()},
    )


def _multi_discrete(fields: Sequence[FieldSchema]) -> Leaf:
    starts, sizes = [], []
    for field in fields:
        if field.choices or field.type == "boolean":
            starts.append(0)
            sizes.append(len(field.choices) or 2)
        else:
            low, high = _integer_range(field)
            starts.append(low)
            sizes.append(high - low + 1)
    space = gym.spaces.MultiDiscrete(np.array(sizes, np.int64), start=np.array(starts, np.int64))

    def value(field: FieldSchema, number: Any) -> Any:
        if field.choices:
            return field.choices[int(number)]
        return bool(number) if field.type == "boolean" else int(number)

    def index(field: FieldSchema, data: Mapping[str, Any]) -> int:
        found = data[field.name]
        return field.choices.index(found) if field.choices else int(found)

    return Leaf(
        space,
        lambda action: {f.name: value(f, a) for f, a in zip(fields, np.ravel(action), strict=True)},
        lambda data: np.array([index(field, data) for field in fields], np.int64),
    )


def _float_box(command: str, fields: Sequence[FieldSchema]) -> gym.spaces.Box:
    bottom = [-np.inf if field.minimum is None else field.minimum for field in fields]
    top = [np.inf if field.maximum is None else field.maximum for field in fields]
    low, high = _float32(bottom, np.inf), _float32(top, -np.inf)
    for field, least, greatest in zip(fields, low, high, strict=True):
        if least > greatest:
            raise UnsupportedModelError(
                f"parameter {field.name!r} of command {command!r} has no float32 value "
                f"between its bounds {field.minimum} and {field.maximum}"
            )
    return gym.spaces.Box(low, high)


def _float32(bounds: Sequence[float], inwards: float) -> NDArray[np.float32]:
    """Round bounds that float32 cannot hold towards ``inwards``, so that none is exceeded."""
    exact = np.array(bounds, np.float64)
    rounded = exact.astype(np.float32)
    outside = rounded < exact if inwards > 0 else rounded > exact
    return np.where(outside, np.nextafter(rounded, np.float32(inwards)), rounded)


def _bounded(field: FieldSchema) -> bool:
    """Tell whether a field is an integer with bounds that doubles carry exactly."""
    if field.type != "integer" or field.minimum is None or field.maximum is None:
        return False
    return max(abs(field.minimum), abs(field.maximum)) <= EXACT


def _integer_range(field: FieldSchema) -> tuple[int, int]:
    low = -EXACT if field.minimum is None else max(int(np.ceil(field.minimum)), -EXACT)
    high = EXACT if field.maximum is None else min(int(np.floor(field.maximum)), EXACT)
    return low, high


def _renamed(field: FieldSchema, name: str) -> FieldSchema:
    return FieldSchema(
        name, field.type, True, minimum=field.minimum, maximum=field.maximum, choices=field.choices
    )


def _by_name(names: Sequence[str], kind: type) -> Callable[[Any], dict[str, Any]]:
    return lambda action: {
        name: kind(value) for name, value in zip(names, np.ravel(action), strict=True)
    }


def _array_of(names: Sequence[str], dtype: Any) -> Callable[[Mapping[str, Any]], NDArray[Any]]:
    return lambda data: np.array([data[name] for name in names], dtype)
