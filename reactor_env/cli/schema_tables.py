"""A model's description as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from reactor_env.cli.tables import NOTHING, titled

_SENT = {"held": "when it changes", "event": "when not neutral", "always": "always"}


def schema_tables(document: Mapping[str, Any]) -> Iterator[Group]:
    """Make the tables of a model.

    Args:
        document: As :func:`~reactor_env.cli.inspect.describe` returns it.

    Yields:
        One table each for the tracks, for every command, for what an action is made of, for
        how episodes go, and for the spaces.
    """
    yield _tracks(document)
    for command in document["commands"]:
        yield _command(command)
    if document["actions"]:
        yield _actions(document["actions"])
    if document["profile"] is not None:
        yield _profile(document["profile"])
    yield _spaces(document)


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _tracks(document: Mapping[str, Any]) -> Group:
    table = _table("name", "kind", "direction")
    for track in document["tracks"]:
        table.add_row(Text(track["name"]), track["kind"], track["direction"])
    return titled(f"Tracks of {document['model']}", table)


def _command(command: Mapping[str, Any]) -> Group:
    title = f"Command {command['name']}"
    if command["description"]:
        title += f": {command['description']}"
    table = _table("", "name", "type", "values", "default", "description")
    for field in command["parameters"]:
        table.add_row("parameter", *_field(field))
    if not command["parameters"]:
        table.add_row("parameter", *[NOTHING] * 5)
    for field in command["reply"]:
        table.add_row("reply", *_field(field))
    if not command["reply"]:
        table.add_row("reply", *[NOTHING] * 4, "acknowledged only")
    return titled(title, table)


def _field(field: Mapping[str, Any]) -> tuple[Text, ...]:
    default = json.dumps(field["default"]) if field["default"] is not None else NOTHING
    if field["required"]:
        default = "required"
    texts = (field["name"], field["type"], _values(field), default, field["description"])
    return tuple(Text(text) for text in texts)


def _values(field: Mapping[str, Any]) -> str:
    if field["choices"]:
        return ", ".join(map(json.dumps, field["choices"]))
    low, high = field["minimum"], field["maximum"]
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    if high is not None:
        return f"at most {high}"
    return "any"


def _actions(actions: Sequence[Mapping[str, Any]]) -> Group:
    table = _table("control", "command", "sent", "space", "neutral", "components")
    for control in actions:
        table.add_row(
            Text(control["name"]),
            Text(control["command"]),
            _SENT[control["kind"]],
            Text(control["space"]),
            Text(json.dumps(control["neutral"])),
            Text("\n".join(control["meaning"])),
        )
    return titled("An action", table)


def _profile(profile: Mapping[str, Any]) -> Group:
    table = _table("", "")
    table.show_header = False
    table.add_row("profile", Text(profile["name"] or "none; made of the schema alone"))
    table.add_row("what", Text(profile["summary"]))
    table.add_row("reset sends", Text(", ".join(profile["reset"])))
    options = [name if name == to else f"{name} ({to})" for name, to in profile["options"].items()]
    table.add_row("reset options", Text(", ".join(options) or NOTHING))
    table.add_row("needed", Text(", ".join(profile["required"]) or NOTHING))
    table.add_row("ends with", Text(", ".join(profile["ends"]) or NOTHING))
    table.add_row("frames per step", str(profile["frames_per_step"]))
    table.add_row("presets", Text(", ".join(profile["presets"]) or NOTHING))
    return titled("Episodes", table)


def _spaces(document: Mapping[str, Any]) -> Group:
    table = _table("", "space")
    for key, label in (("action_space", "actions"), ("observation_space", "observations")):
        found = document[key]
        table.add_row(label, Text(found["space"] or f"{NOTHING} ({found['reason']})"))
    return titled("As an environment", table)
