"""The action space of a command, and an action's way into the command's parameters.

Everything comes from the model's own schema: types, ranges and choices of the fields of the one
command that makes up an action.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.errors import UnsupportedModelError

ACTION_COMMAND = "act"
"""The action command of every bundled world."""

RESET_COMMAND = "reset"
"""The command that starts an episode, where a model has one."""

SEED_FIELD = "seed"
"""The parameter of the reset command that takes :meth:`gymnasium.Env.reset`'s seed."""

SEQUENCE_FIELD = "action_seq"
"""The parameter a world echoes in its frames' metadata; never part of the action."""

_EXACT = 2**53


@dataclass(frozen=True)
class ActionMap:
    """Turns actions into commands.

    Attributes:
        command: The command's name.
        space: The actions.
        encode: From an action of the space to the command's parameters.
        sequenced: Whether the command takes a sequence number.
    """

    command: str
    space: gym.Space[Any]
    encode: Callable[[Any], dict[str, Any]]
    sequenced: bool

    def data(self, action: Any, sequence: int) -> dict[str, Any]:
        """Return the parameters for an action, numbered where the model wants it.

        Args:
            action: An action of :attr:`space`.
            sequence: The action's number.

        Raises:
            ValueError: If the action is not in the space.
        """
        if not self.space.contains(action):
            got = f"{action!r} of type {type(action).__name__}"
            if isinstance(action, np.ndarray):
                got += f", dtype {action.dtype}, shape {action.shape}"
            raise ValueError(f"`action` must be in {self.space}, got {got}")
        data = self.encode(action)
        if self.sequenced:
            data[SEQUENCE_FIELD] = sequence
        return data


def action_map(schema: ModelSchema, command: str = ACTION_COMMAND) -> ActionMap:
    """Derive the action space of a model from its schema.

    One bounded integer gives ``Discrete``, one boolean ``Discrete(2)``, one field with choices
    ``Discrete`` over them; several bounded integers give ``MultiDiscrete``, several booleans
    ``MultiBinary``, numbers a float32 ``Box`` in the order of the fields.

    Args:
        schema: The model's schema.
        command: The command that makes up an action.

    Returns:
        The space, and the way from its actions to commands.

    Raises:
        UnsupportedModelError: If the model has no such command, or its fields fit no such space.
    """
    found = schema.commands.get(command)
    if found is None:
        raise UnsupportedModelError(
            f"`action_command` must be a command of model {schema.name!r}, one of "
            f"{', '.join(sorted(schema.commands)) or 'none'}, got {command!r}"
        )
    fields = [f for name, f in found.fields.items() if name != SEQUENCE_FIELD]
    space, encode = _space(found, fields)
    return ActionMap(command, space, encode, SEQUENCE_FIELD in found.fields)


def _space(
    command: CommandSchema, fields: Sequence[FieldSchema]
) -> tuple[gym.Space[Any], Callable[[Any], dict[str, Any]]]:
    if len(fields) == 1:
        single = _single(fields[0])
        if single is not None:
            return single
    names = [field.name for field in fields]
    kinds = {field.type for field in fields}
    if fields and kinds == {"boolean"}:
        return gym.spaces.MultiBinary(len(fields)), _by_name(names, bool)
    if fields and kinds == {"integer"} and all(map(_bounded, fields)):
        low = np.array([field.minimum for field in fields], np.int64)
        high = np.array([field.maximum for field in fields], np.int64)
        return gym.spaces.MultiDiscrete(high - low + 1, start=low), _by_name(names, int)
    if fields and kinds == {"number"}:
        bottom = [-np.inf if field.minimum is None else field.minimum for field in fields]
        top = [np.inf if field.maximum is None else field.maximum for field in fields]
        low32, high32 = _float32(bottom, np.inf), _float32(top, -np.inf)
        for field, least, greatest in zip(fields, low32, high32, strict=True):
            if least > greatest:
                raise UnsupportedModelError(
                    f"parameter {field.name!r} of command {command.name!r} has no float32 value "
                    f"between its bounds {field.minimum} and {field.maximum}"
                )
        return gym.spaces.Box(low32, high32), _by_name(names, float)
    listed = ", ".join(f"{field.name}: {field.type}" for field in fields) or "no parameters"
    raise UnsupportedModelError(
        f"command {command.name!r} has no action space: expected only bounded integers, only "
        f"booleans, only numbers, or one field with choices, got {listed}"
    )


def _float32(bounds: Sequence[float], inwards: float) -> NDArray[np.float32]:
    """Round bounds that float32 cannot hold towards ``inwards``, so that none is exceeded."""
    exact = np.array(bounds, np.float64)
    rounded = exact.astype(np.float32)
    outside = rounded < exact if inwards > 0 else rounded > exact
    return np.where(outside, np.nextafter(rounded, np.float32(inwards)), rounded)


def _single(
    field: FieldSchema,
) -> tuple[gym.Space[Any], Callable[[Any], dict[str, Any]]] | None:
    if field.choices:
        choices = field.choices
        return gym.spaces.Discrete(len(choices)), lambda a: {field.name: choices[int(a)]}
    if field.type == "boolean":
        return gym.spaces.Discrete(2), lambda a: {field.name: bool(a)}
    if field.type == "integer" and _bounded(field):
        low, high = int(field.minimum or 0), int(field.maximum or 0)
        return gym.spaces.Discrete(high - low + 1, start=low), lambda a: {field.name: int(a)}
    return None


def _bounded(field: FieldSchema) -> bool:
    """Tell whether an integer has bounds that the wire's doubles carry exactly."""
    if field.minimum is None or field.maximum is None:
        return False
    return max(abs(field.minimum), abs(field.maximum)) <= _EXACT


def _by_name(names: Sequence[str], kind: type) -> Callable[[Any], dict[str, Any]]:
    return lambda action: {
        name: kind(value) for name, value in zip(names, np.ravel(action), strict=True)
    }
