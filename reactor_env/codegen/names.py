"""Python names for commands, parameters and messages.

The rule, in this order: a character that no Python name may have becomes ``_``; underscores at
the start go, because names that begin with one are private; a name that is then empty, or begins
with a digit, gets a word before it; and a name that is taken, or is a keyword, gets an underscore
at the end (``step`` becomes ``step_``, since :meth:`reactor_env.client.Reactor.step` is
something else).
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable


class Names:
    """Names of one scope, none given twice.

    Args:
        taken: Names that must not be given.
        word: What goes before a name that would be empty or begin with a digit.
    """

    def __init__(self, taken: Iterable[str] = (), *, word: str) -> None:
        self._taken = set(taken)
        self._word = word

    def give(self, wanted: str) -> str:
        """Return a valid name that is still free, and take it.

        Args:
            wanted: The name as the schema spells it.
        """
        name = _cleaned(wanted)
        if not name[:1].isidentifier():
            name = f"{self._word}_{name}".rstrip("_")
        while keyword.iskeyword(name) or name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def pascal_case(name: str) -> str:
    """Return ``MovePlayer`` for ``move_player``, ``move-player`` and ``movePlayer``."""
    parts = re.split(r"[\W_]+", _cleaned(name))
    return "".join(part[:1].upper() + part[1:] for part in parts)


def class_name(model_name: str) -> str:
    """Return the class name of a model, ``HeliosModel`` for ``reactor/helios``.

    Args:
        model_name: The model's name, with or without an owner.
    """
    name = pascal_case(model_name.rpartition("/")[2])
    if not name[:1].isidentifier():
        name = f"Model{name}"
    return name if name.endswith("Model") else f"{name}Model"


def is_field_name(name: str) -> bool:
    """Tell whether a name can stand in the body of a class as it is."""
    plain = name.isidentifier() and unicodedata.normalize("NFKC", name) == name
    return plain and not keyword.iskeyword(name) and not name.startswith("__")


def _cleaned(name: str) -> str:
    normal = unicodedata.normalize("NFKC", name)
    return "".join(char if f"a{char}".isidentifier() else "_" for char in normal).lstrip("_")
