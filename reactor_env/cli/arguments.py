"""What commands do with their arguments: check numbers, and tell them again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reactor_env.cli.target import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def flag(name: str) -> str:
    """Return an argument as it is typed.

    Args:
        name: The field's name, for example ``"step_timeout"``.
    """
    return f"--{name.replace('_', '-')}"


def check_at_least(command: object, least: int, *names: str) -> None:
    """Check that numbers are not too small.

    Args:
        command: Whose arguments they are; ``None`` is none that was given.
        least: What they must be at least.
        names: The arguments' names.

    Raises:
        UsageError: If one is smaller.
    """
    for name in names:
        value = getattr(command, name)
        if value is not None and value < least:
            must = f"be at least {least}" if least else "not be negative"
            raise UsageError(f"{flag(name)} must {must}, got {value}")


def check_positive(command: object, *names: str) -> None:
    """Check that numbers are positive and finite; arguments as of :func:`check_at_least`.

    Raises:
        UsageError: If one is not.
    """
    for name in names:
        value = getattr(command, name)
        if value is not None and not 0 < value < float("inf"):
            raise UsageError(f"{flag(name)} must be positive, got {value}")


def check_folder(out: Path | None) -> None:
    """Check that ``--out`` can be a folder.

    Raises:
        UsageError: If there is a file of that name.
    """
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out must be a folder, got the file {out}")


def plain(command: DataclassInstance) -> dict[str, Any]:
    """Return a command's arguments as JSON has them."""
    return {name: _plain(value) for name, value in asdict(command).items()}


def command_line(
    name: str,
    command: DataclassInstance,
    *,
    always: tuple[str, ...] = (),
    repeated: Mapping[str, str] | None = None,
) -> str:
    """Return what to type to get the same.

    Args:
        name: Of the command, for example ``"eval"``.
        command: Its arguments.
        always: Arguments that are told even where they are the defaults of today.
        repeated: The option, by argument, of those that are given once for each value.
    """
    words = ["reactor-env", name]
    for field in fields(command):
        value = getattr(command, field.name)
        if value == field.default and field.name not in always:
            continue
        option = (repeated or {}).get(field.name)
        if option is not None:
            words += [word for each in value for word in (option, str(each))]
        elif value is True:
            words.append(flag(field.name))
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [flag(field.name), *map(str, values)]
    return shlex.join(words)


def say(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value
