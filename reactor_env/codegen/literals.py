"""Python expressions as text, laid out the way ``ruff format`` leaves them.

An expression stands on one line where it fits. Otherwise what is between the brackets of a call or
of a type goes on a line of its own where that fits. Otherwise every item gets a line, with a comma
after the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 100
_INDENT = "    "


@dataclass(frozen=True)
class Group:
    """Items between brackets.

    Attributes:
        opening: The text up to the opening bracket, and the bracket.
        items: What stands between, without commas.
        closing: The closing bracket, and what follows it.
    """

    opening: str
    items: Sequence[Expression]
    closing: str


@dataclass(frozen=True)
class Text:
    """A string literal, cut into several where it is too long for a line.

    Attributes:
        value: The string.
    """

    value: str


@dataclass(frozen=True)
class Keyed:
    """An expression after its key: ``seed=42`` or ``"seed": seed``.

    Attributes:
        key: The key, with its ``=`` or ``: ``.
        value: The expression.
    """

    key: str
    value: Expression


type Expression = str | Text | Group | Keyed


def call(function: str, *items: Expression, **keywords: Expression) -> Group:
    """Return a call with positional and keyword arguments."""
    named = [Keyed(f"{name}=", value) for name, value in keywords.items()]
    return Group(f"{function}(", [*items, *named], ")")


def dictionary(items: Mapping[str, Expression]) -> Group:
    """Return a dict with strings for keys."""
    return Group("{", [Keyed(f"{quoted(key)}: ", value) for key, value in items.items()], "}")


def lines(expression: Expression, indent: int, *, before: str = "", after: str = "") -> list[str]:
    """Lay an expression out.

    Args:
        expression: The expression.
        indent: How many levels deep it stands.
        before: What comes before it on its first line.
        after: What comes after it on its last line.

    Returns:
        Its lines, indented; none longer than :data:`WIDTH` where the names allow it.
    """
    space = _INDENT * indent
    whole = f"{space}{before}{_inline(expression)}{after}"
    if len(whole) <= WIDTH:
        return [whole]
    match expression:
        case Keyed(key, value):
            return lines(value, indent, before=before + key, after=after)
        case Group(opening, items, closing) if items:
            between = f"{space}{_INDENT}{', '.join(map(_inline, items))}"
            if opening[:-1] and len(between) <= WIDTH:
                return [f"{space}{before}{opening}", between, f"{space}{closing}{after}"]
            inner = [line for item in items for line in lines(item, indent + 1, after=",")]
            # The comma that makes a tuple of a single item is already there.
            end = closing.removeprefix(",")
            return [f"{space}{before}{opening}", *inner, f"{space}{end}{after}"]
        case Text(value):
            room = WIDTH - len(space) - len(before) - len(after) - 2
            parts = [quoted(part) for part in _cut(value, room)]
            return [
                f"{space}{before}{parts[0]}",
                *(f"{space}{part}" for part in parts[1:-1]),
                f"{space}{parts[-1]}{after}",
            ]
    return [whole]


def literal(value: Any) -> Expression:
    """Return a JSON value as an expression; whole floats keep their point."""
    match value:
        case str():
            return Text(value)
        case Mapping():
            return dictionary({str(key): literal(item) for key, item in value.items()})
        case list() | tuple():
            return Group("[", [literal(item) for item in value], "]")
    return repr(value)


def group_of(items: Sequence[Expression]) -> Group:
    """Return a tuple; one of a single item has its comma."""
    return Group("(", items, ",)" if len(items) == 1 else ")")


def quoted(text: str) -> str:
    """Return a string literal with the quotes that ``ruff format`` prefers."""
    plain = repr(text)
    if text.count('"') > text.count("'"):
        return plain
    if plain[0] == "'":
        body = plain[1:-1].replace("\\'", "'").replace('"', '\\"')
        return f'"{body}"'
    return plain


def _inline(expression: Expression) -> str:
    match expression:
        case Keyed(key, value):
            return key + _inline(value)
        case Group(opening, items, closing):
            return opening + ", ".join(map(_inline, items)) + closing
        case Text(value):
            return quoted(value)
    return expression


def _cut(text: str, room: int) -> list[str]:
    """Cut a string into at least two parts whose literals fit."""
    parts, part = [], ""
    for char in text:
        if part and len(quoted(part + char)) > room:
            parts.append(part)
            part = ""
        part += char
    parts.append(part)
    return parts if len(parts) > 1 else [text[: len(text) // 2], text[len(text) // 2 :]]
