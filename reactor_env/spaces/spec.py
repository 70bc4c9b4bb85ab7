"""What is said about an action command beyond its schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Literal, get_args

Kind = Literal["held", "event", "always"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """One command of an action. Everything but the command has a default made of the schema.

    Attributes:
        command: The command's name.
        name: What it is called in a ``Dict`` action; the command's name by default.
        kind: ``"held"``: a state that lasts, sent when it changes. ``"event"``: happens once, sent
            when it is not neutral. ``"always"``: sent with every action. By default a command
            that takes ``action_seq`` is always sent, ``set_*`` is held, a command without
            parameters is an event, and any other is always sent.
        neutral: The parameters of doing nothing, by name; for keys those that are down.
        fields: The parameters that the action fills; by default all that fit a space.
        constants: Further parameters and their values, the same in every action.
        keys: The keys of a command that takes one key and whether it is pressed, or of one that
            takes a text of keys; by default the choices of its parameter.
        join: What stands between the keys in that text; given, the command takes such a text.
        choices: The only values of a text that has none in the schema, for example prompts.
        length: How many items an array has.
        low: The least value of numbers that the schema leaves unbounded.
        high: The greatest value of the same.
    """

    command: str
    name: str = ""
    kind: Kind | None = None
    neutral: Mapping[str, Any] | tuple[str, ...] | None = None
    fields: tuple[str, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    join: str | None = None
    choices: tuple[Any, ...] = ()
    length: int | None = None
    low: float | None = None
    high: float | None = None


def read_spec(command: str, table: Mapping[str, Any], where: str) -> ActionSpec:
    """Read what is said about a command.

    Args:
        command: The command's name.
        table: The attributes of :class:`ActionSpec` but the command, as TOML or JSON has them.
        where: How the table is called in messages.

    Raises:
        ValueError: If a key is unknown or its value of another type; names it.
    """
    known = [f.name for f in fields(ActionSpec) if f.name != "command"]
    check_keys(table, known, where)
    read: dict[str, Any] = {}
    for key, value in table.items():
        wanted, fits = _EXPECTED[key]
        if not fits(value):
            raise ValueError(f"`{where}.{key}` must be {wanted}, got {value!r}")
        read[key] = tuple(value) if isinstance(value, list) else value
    return ActionSpec(command=command, **read)


def read_specs(given: Sequence[str | Mapping[str, Any] | ActionSpec]) -> list[ActionSpec]:
    """Read the ``action_commands`` of an environment.

    Args:
        given: Names, mappings with a ``command`` and the other attributes of
            :class:`ActionSpec`, or such objects.

    Raises:
        ValueError: If one is something else.
    """
    if isinstance(given, str):
        raise ValueError(f"`action_commands` must be a list of commands, got {given!r}")
    specs = []
    for index, item in enumerate(given):
        if isinstance(item, str):
            specs.append(ActionSpec(command=item))
        elif isinstance(item, ActionSpec):
            specs.append(item)
        elif isinstance(item, Mapping) and isinstance(item.get("command"), str):
            # What an ActionSpec does not say is in its JSON too, empty.
            rest = {
                key: value
                for key, value in item.items()
                if key != "command" and value not in (None, "", [], (), {})
            }
            specs.append(read_spec(item["command"], rest, f"action_commands[{index}]"))
        else:
            raise ValueError(
                f"`action_commands[{index}]` must be a command's name or a mapping with `command`, "
                f"got {item!r}"
            )
    return specs


def check_keys(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse keys that mean nothing.

    Args:
        table: The table.
        known: The keys it may have.
        where: How it is called in messages.

    Raises:
        ValueError: If it has another; names the close ones.
    """
    known = list(known)
    for key in table:
        if key not in known:
            close = get_close_matches(str(key), known, 1)
            hint = f"did you mean {close[0]!r}? It" if close else "it"
            raise ValueError(f"`{where}` has no key {key!r}: {hint} may have {', '.join(known)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


_EXPECTED: dict[str, tuple[str, Any]] = {
    "name": ("a text", lambda value: isinstance(value, str) and value),
    "kind": (f"one of {', '.join(KINDS)}", lambda value: value in KINDS),
    "neutral": (
        "parameters by name, or a list of keys",
        lambda value: isinstance(value, Mapping) or _are_texts(value),
    ),
    "fields": ("a list of parameters", _are_texts),
    "constants": ("parameters by name", lambda value: isinstance(value, Mapping)),
    "keys": ("a list of keys", _are_texts),
    "join": ("a text", lambda value: isinstance(value, str)),
    "choices": ("a list of values", lambda value: isinstance(value, list | tuple) and value),
    "length": (
        "a positive whole number",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
    ),
    "low": ("a number", _is_number),
    "high": ("a number", _is_number),
}
