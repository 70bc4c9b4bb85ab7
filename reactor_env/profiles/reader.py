"""Reads a profile from TOML, and refuses whatever in it has no meaning.

The layout is documented in ``docs/profiles.md``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reactor_env.profiles.profile import (
    OTHERS,
    Confirmation,
    EndRule,
    Ends,
    Profile,
    ResetRecipe,
)
from reactor_env.spaces.spec import check_keys, read_spec

_PROFILE = (
    "models",
    "summary",
    "refused",
    "frames_per_step",
    "delay",
    "fps",
    "size",
    "release",
    "actions",
    "presets",
    "keyboard",
    "reset",
    "ends",
    "confirm",
)


class ProfileError(ValueError):
    """A profile is not laid out as it must be; the text names the key."""


def load_profile(path: Path) -> Profile:
    """Read a profile from a file.

    Args:
        path: A TOML file.

    Raises:
        ProfileError: If it is no profile; says what was expected where.
        OSError: If it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"profile {path.name} must be TOML: {error}") from error
    return read_profile(path.stem, table)


def read_profile(name: str, table: Mapping[str, Any]) -> Profile:
    """Read a profile from a table.

    Args:
        name: What it is called.
        table: As TOML gives it.

    Raises:
        ProfileError: If it is no profile; says what was expected where.
    """
    try:
        return _profile(name, table)
    except ValueError as error:
        raise ProfileError(f"profile {name}: {error}") from None


def _profile(name: str, table: Mapping[str, Any]) -> Profile:
    check_keys(table, _PROFILE, "profile")
    confirm = _get(table, "confirm", "", _table, None)
    return Profile(
        name=name,
        models=_get(table, "models", "", _texts, ()),
        summary=_get(table, "summary", "", _text, ""),
        refused=_get(table, "refused", "", _text, ""),
        actions=tuple(
            read_spec(command, _checked(_table, spec, f"actions.{command}"), f"actions.{command}")
            for command, spec in _get(table, "actions", "", _table, {}).items()
        ),
        release=_get(table, "release", "", _text, ""),
        presets={
            title: _checked(_table, preset, f"presets.{title}")
            for title, preset in _get(table, "presets", "", _table, {}).items()
        },
        keyboard={
            key: _checked(_preset, given, f"keyboard.{key}")
            for key, given in _get(table, "keyboard", "", _table, {}).items()
        },
        reset=_reset(_get(table, "reset", "", _table, {})),
        ends=_ends(_get(table, "ends", "", _table, {})),
        confirm=_confirmation(confirm) if confirm is not None else None,
        frames_per_step=_get(table, "frames_per_step", "", _count, 1),
        delay=_get(table, "delay", "", _positive, None),
        fps=_get(table, "fps", "", _positive, None),
        size=_get(table, "size", "", _size, None),
    )


def _reset(table: Mapping[str, Any]) -> ResetRecipe:
    check_keys(table, ResetRecipe.__slots__, "reset")
    options = _get(table, "options", "reset", _table, {})
    for option, target in options.items():
        if not isinstance(target, str) or target.count(".") != 1:
            raise ValueError(
                f'`reset.options.{option}` must be "command.parameter", got {target!r}'
            )
    recipe = _get(table, "recipe", "reset", _texts, (OTHERS,))
    if recipe.count(OTHERS) != 1 or len(set(recipe)) < len(recipe):
        raise ValueError(
            f'`reset.recipe` must name each command once, and "{OTHERS}" once for the commands of '
            f"other options, got {list(recipe)}"
        )
    required = _get(table, "required", "reset", _texts, ())
    for option in required:
        if option not in options:
            raise ValueError(f"`reset.required` must be among the options, got {option!r}")
    return ResetRecipe(
        recipe=recipe,
        options=options,
        required=required,
        forgets=_get(table, "forgets", "reset", _flag, False),
        began=_get(table, "began", "reset", _text, ""),
        stops=_get(table, "stops", "reset", _flag, False),
    )


def _ends(table: Mapping[str, Any]) -> Ends:
    check_keys(table, Ends.__slots__, "ends")
    return Ends(
        terminated=_rules(table, "terminated"),
        truncated=_rules(table, "truncated"),
        refused=_get(table, "refused", "ends", _texts, ()),
        horizon=_get(table, "horizon", "ends", _count, None),
    )


def _rules(table: Mapping[str, Any], key: str) -> tuple[EndRule, ...]:
    rules = table.get(key, [])
    if not isinstance(rules, list):
        raise ValueError(f"`ends.{key}` must be a list of messages, got {rules!r}")
    return tuple(_rule(rule, f"ends.{key}") for rule in rules)


def _rule(rule: Any, where: str) -> EndRule:
    if isinstance(rule, str):
        return EndRule(message=rule)
    if not isinstance(rule, Mapping) or not isinstance(rule.get("message"), str):
        raise ValueError(
            f"`{where}` must hold messages, by name or as a table with `message`, got {rule!r}"
        )
    check_keys(rule, EndRule.__slots__, where)
    if ("field" in rule) != ("equals" in rule):
        raise ValueError(f"`{where}` needs `field` and `equals` together, got {dict(rule)!r}")
    return EndRule(**rule)


def _confirmation(table: Mapping[str, Any]) -> Confirmation:
    check_keys(table, Confirmation.__slots__, "confirm")
    texts = {
        key: _get(table, key, "confirm", _text, "")
        for key in ("message", "chunk", "done", "number")
    }
    given = {key for key, value in texts.items() if value}
    if given not in ({"message"}, {"done"}, {"message", "chunk", "done", "number"}):
        raise ValueError(
            "`confirm` needs `message`, or `done`, or all of `message`, `chunk`, `done` and "
            f"`number`, got {sorted(given)}"
        )
    return Confirmation(**texts, after=_get(table, "after", "confirm", _count, 1))


# -- values -------------------------------------------------------------------------------------

type _Check = tuple[str, Callable[[Any], bool]]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_text: _Check = ("a text", lambda value: isinstance(value, str))
_texts: _Check = (
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
_table: _Check = ("a table", lambda value: isinstance(value, Mapping))
_preset: _Check = (
    "the name of a preset, or a table",
    lambda value: isinstance(value, str | Mapping),
)
_flag: _Check = ("true or false", lambda value: isinstance(value, bool))
_count: _Check = (
    "a positive whole number",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
)
_size: _Check = (
    "a height and a width",
    lambda value: isinstance(value, list) and len(value) == 2 and all(map(_count[1], value)),
)
_positive: _Check = ("a positive number", lambda value: _is_number(value) and value > 0)


def _get(table: Mapping[str, Any], key: str, within: str, check: _Check, default: Any) -> Any:
    if key not in table:
        return default
    return _checked(check, table[key], f"{within}.{key}" if within else key)


def _checked(check: _Check, value: Any, where: str) -> Any:
    wanted, fits = check
    if not fits(value):
        raise ValueError(f"`{where}` must be {wanted}, got {value!r}")
    return tuple(value) if isinstance(value, list) else value
