"""From a command's schema to the part of an action it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces.controls import SEQUENCE_FIELD, Control, Keys, Setter, Trigger
from reactor_env.spaces.fields import leaf, misfit, neutral_value
from reactor_env.spaces.spec import ActionSpec, Kind


def control(schema: ModelSchema, spec: ActionSpec) -> Control:
    """Make one part of an action.

    Args:
        schema: The model's schema.
        spec: The command, and what is said about it.

    Raises:
        UnsupportedModelError: If the model has no such command or parameter, or one that fits no
            space.
    """
    command = schema.commands.get(spec.command)
    if command is None:
        raise UnsupportedModelError(
            f"an action command must be a command of model {schema.name!r}, one of "
            f"{', '.join(sorted(schema.commands)) or 'none'}, got {spec.command!r}"
        )
    for name in (*spec.fields, *spec.constants):
        if name not in command.fields and not command.open:
            raise UnsupportedModelError(
                f"command {spec.command!r} of model {schema.name!r} has the parameters "
                f"{', '.join(command.fields) or 'none'}, got {name!r}"
            )
    fields = _action_fields(command, spec)
    kind = spec.kind or _kind(command)
    if not fields:
        return _trigger(command, spec, kind)
    keys = _keys(command, fields, spec, kind)
    return keys if keys is not None else _setter(command, fields, spec, kind)


def _action_fields(command: CommandSchema, spec: ActionSpec) -> list[FieldSchema]:
    """Return the parameters that the action fills, with what was said about them."""
    if spec.fields:
        chosen = [command.fields[name] for name in spec.fields if name in command.fields]
    else:
        # One that may be left out and fits no space is left out.
        chosen = [
            field
            for name, field in command.fields.items()
            if name != SEQUENCE_FIELD
            and name not in spec.constants
            and (field.required or not misfit(_completed(field, spec)) or spec.join is not None)
        ]
    return [_completed(field, spec) for field in chosen]


def _completed(field: FieldSchema, spec: ActionSpec) -> FieldSchema:
    low = spec.low if field.minimum is None else field.minimum
    high = spec.high if field.maximum is None else field.maximum
    if field.type == "string" and spec.choices and not field.choices:
        return replace(field, choices=spec.choices)
    if field.type in ("number", "integer"):
        return replace(field, minimum=low, maximum=high)
    if field.type == "array" and spec.length is not None:
        item = field.items or FieldSchema("", "number", True)
        items = _completed(item, spec)
        return replace(field, min_length=spec.length, max_length=spec.length, items=items)
    return field


def _kind(command: CommandSchema) -> Kind:
    if SEQUENCE_FIELD in command.fields:
        return "always"
    if not command.fields:
        return "event"
    return "held" if command.name.startswith("set_") else "always"


def _trigger(command: CommandSchema, spec: ActionSpec, kind: Kind) -> Trigger:
    required = [
        f.name for f in command.fields.values() if f.required and f.name not in spec.constants
    ]
    if required or command.open:
        raise UnsupportedModelError(
            f"command {command.name!r} cannot be an action: the schema does not tell its "
            "parameters; give it to reset() instead"
        )
    return Trigger(
        name=spec.name or command.name,
        command=command.name,
        kind="event",
        space=gym.spaces.Discrete(2),
        neutral=False,
        meaning=(f"0 nothing, 1 {command.name}",),
        constants=spec.constants,
    )


def _keys(
    command: CommandSchema, fields: Sequence[FieldSchema], spec: ActionSpec, kind: Kind
) -> Keys | None:
    """Make keys of a command that takes a key and whether it is down, or a text of keys."""
    texts = [field for field in fields if field.type == "string"]
    flags = [field for field in fields if field.type == "boolean"]
    if spec.join is not None:
        if len(fields) != 1 or len(texts) != 1 or not spec.keys:
            raise UnsupportedModelError(
                f"command {command.name!r} cannot take joined keys: expected one text parameter "
                f"and a list of keys, got {_listed(fields)}"
            )
        down_field = ""
    elif kind == "held" and len(fields) == 2 and len(texts) == 1 and len(flags) == 1:
        down_field = flags[0].name
    else:
        return None
    keys = spec.keys or tuple(map(str, texts[0].choices))
    unknown = [key for key in keys if texts[0].choices and key not in texts[0].choices]
    if unknown:
        raise UnsupportedModelError(
            f"`keys` of command {command.name!r} must be among "
            f"{', '.join(map(str, texts[0].choices))}, got {unknown}"
        )
    if not keys:
        return None
    if isinstance(spec.neutral, Mapping):
        raise UnsupportedModelError(
            f"the neutral value of {command.name!r} must be a list of keys, got {spec.neutral!r}"
        )
    neutral = frozenset(spec.neutral or ())
    return Keys(
        name=spec.name or command.name,
        command=command.name,
        kind="held",
        space=gym.spaces.MultiBinary(len(keys)),
        neutral=neutral,
        meaning=(f"down: {', '.join(keys)}",),
        constants=spec.constants,
        keys=keys,
        key_field=texts[0].name,
        down_field=down_field,
        join=spec.join or "",
    )


def _setter(
    command: CommandSchema, fields: Sequence[FieldSchema], spec: ActionSpec, kind: Kind
) -> Setter:
    made = leaf(command.name, fields)
    setter = Setter(
        name=spec.name or command.name,
        command=command.name,
        kind=kind,
        space=made.space,
        neutral={field.name: neutral_value(field) for field in fields},
        meaning=tuple(text for field in fields for text in _meanings(field)),
        constants=spec.constants,
        leaf=made,
        sequenced=SEQUENCE_FIELD in command.fields,
    )
    if isinstance(spec.neutral, tuple):
        raise UnsupportedModelError(
            f"the neutral value of {command.name!r} must name its parameters, got {spec.neutral!r}"
        )
    try:
        # Through the space and back, so that it equals the value of its own action.
        start = made.to_data(_within(made.space, made.to_action(setter.neutral)))
        return replace(setter, neutral=replace(setter, neutral=start).read(spec.neutral or {}))
    except ValueError as error:
        raise UnsupportedModelError(f"the neutral value does not fit: {error}") from None


def _within(space: gym.Space[Any], action: Any) -> Any:
    """Move an action's numbers to the nearest that the space has."""
    if isinstance(space, gym.spaces.Dict):
        return {name: _within(inner, action[name]) for name, inner in space.items()}
    return np.clip(action, space.low, space.high) if isinstance(space, gym.spaces.Box) else action


def _meanings(field: FieldSchema) -> list[str]:
    if field.type == "array":
        return [f"{field.name}[{index}]" for index in range(field.min_length or 0)]
    if field.choices:
        listed = ", ".join(f"{index} {choice}" for index, choice in enumerate(field.choices))
        return [f"{field.name}: {listed}"]
    if field.type == "boolean":
        return [f"{field.name}: 0 false, 1 true"]
    return [field.name]


def _listed(fields: Sequence[FieldSchema]) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in fields) or "no parameters"
