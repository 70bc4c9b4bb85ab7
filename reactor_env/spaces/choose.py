"""Which commands of an unknown model are its controls: a guess from the schema alone."""

from __future__ import annotations

import re

from reactor_env.client.schema import CommandSchema, ModelSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces.fields import is_finite, misfit

ACTION_COMMAND = "act"
"""The action command of every bundled world, and the one chosen wherever a model has it."""

_SETTINGS = re.compile(
    "_(anchor|audio|autoplay|backlog|cache|canvas|continuity|controller|demo|duration|fov|fps|image"
    "|interval|paused?|prompt|quality|resolution|scale|scene|seed|speed|strength|video|window|wpm)_"
)
"""Words in the names of commands that set up a run instead of steering it."""


def action_commands(schema: ModelSchema) -> tuple[str, ...]:
    """Choose the commands that make up an action.

    ``act`` where the model has it. Otherwise every ``set_*`` of which each parameter is a boolean,
    has choices, or is a bounded number, and whose name speaks of no setting (a seed, a prompt, a
    resolution, ...). Of an atomic setter and setters of its single parameters the atomic one.

    Args:
        schema: The model's schema.

    Returns:
        Their names, in the order of the schema.

    Raises:
        UnsupportedModelError: If none is left.
    """
    if ACTION_COMMAND in schema.commands:
        return (ACTION_COMMAND,)
    found = [command for command in schema.commands.values() if not unfit(command)]
    atomic = [command for command in found if len(command.fields) > 1]
    chosen = [
        command.name
        for command in found
        if not any(_covers(whole, command) for whole in atomic if whole is not command)
    ]
    if chosen:
        return tuple(chosen)
    reasons = "; ".join(f"{c.name}: {unfit(c)}" for c in schema.commands.values())
    raise UnsupportedModelError(
        f"no command of model {schema.name!r} looks like a control; name those that make up an "
        f"action as `action_commands` ({reasons or 'it has no commands'})"
    )


def unfit(command: CommandSchema) -> str:
    """Say why a command is not taken for a control by itself, ``""`` where it is."""
    for field in command.fields.values():
        reason = misfit(field)
        if reason and field.required:
            return f"parameter {field.name!r} {reason}"
    if command.open:
        return "its parameters are not known"
    if not command.name.startswith("set_"):
        return "its name does not begin with set_"
    if not command.fields:
        return "it has no parameters"
    words = command.name.removeprefix("set_")
    setting = _SETTINGS.search(f"_{words}_")
    if setting is not None:
        return f"it sets up a run ({setting[1]})"
    for field in command.fields.values():
        bounded = field.minimum is not None and field.maximum is not None
        if misfit(field):
            continue  # it may be left out
        if not is_finite(field) and not (field.type == "number" and bounded):
            return f"parameter {field.name!r} is not bounded"
    return ""


def _covers(whole: CommandSchema, single: CommandSchema) -> bool:
    """Tell whether an atomic setter sets the only parameter of another."""
    if len(single.fields) != 1:
        return False
    (name,) = single.fields
    return name in whole.fields or any(single.name == f"{whole.name}_{n}" for n in whole.fields)
