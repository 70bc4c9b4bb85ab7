"""Descriptions of a schema as docstrings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reactor_env.codegen.literals import WIDTH

_INDENT = "    "
_SENTENCE = re.compile(r"(?<=[.!?])\s")


@dataclass(frozen=True)
class Section:
    """A section of a docstring in Google's style.

    Attributes:
        title: ``Args``, ``Returns`` or ``Attributes``.
        entries: Its entries, as ``name: text``, or as text alone.
    """

    title: str
    entries: Sequence[str]


def docstring(
    indent: int, summary: str, description: str = "", sections: Iterable[Section] = ()
) -> list[str]:
    """Lay a docstring out.

    Args:
        indent: How many levels deep it stands.
        summary: Its first line, used where ``description`` begins with no sentence that fits.
        description: Any text.
        sections: What follows.

    Returns:
        The lines of the literal, indented.
    """
    space = _INDENT * indent
    room = WIDTH - len(space) - len('"""')
    first, rest = _split(plain(description), room - len('"""'))
    paragraphs = [wrapped(rest, space)] if rest else []
    if not first:
        first = plain(summary)
    for section in sections:
        if section.entries:
            entries = [
                line
                for entry in section.entries
                for line in wrapped(plain(entry), space + _INDENT, hanging=_INDENT)
            ]
            paragraphs.append([f"{space}{section.title}:", *entries])
    if not paragraphs:
        if len(first) + len('"""') <= room:
            return [f'{space}"""{first}"""']
        return [f'{space}"""{first}', f'{space}"""']
    body = [line for paragraph in paragraphs for line in ("", *paragraph)]
    return [f'{space}"""{first}', *body, f'{space}"""']


def plain(text: str) -> str:
    """Return text that may stand in a docstring: one paragraph, no escapes, no quotes to end it."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words.replace("\\", "\\\\").replace('"""', "'''")


def sentence(text: str) -> str:
    """Return text with a capital and a full stop."""
    text = text.strip()
    if text and text[-1] not in ".!?":
        text += "."
    return text[:1].upper() + text[1:]


def wrapped(text: str, space: str, hanging: str = "") -> list[str]:
    """Break a paragraph into lines of at most :data:`~reactor_env.codegen.literals.WIDTH`."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=space,
        subsequent_indent=space + hanging,
        break_on_hyphens=False,
    )


def _split(text: str, room: int) -> tuple[str, str]:
    """Split a description into a first line and the rest; the first is empty where none fits."""
    if not text:
        return "", ""
    parts = _SENTENCE.split(text, maxsplit=1)
    first = sentence(parts[0])
    if len(first) > room or first.startswith('"'):
        return "", sentence(text)
    return first, sentence(parts[1]) if len(parts) > 1 else ""
