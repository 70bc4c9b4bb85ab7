"""Peers that cannot be installed beside the others, and whose processes run another Python.

It belongs to a virtual environment with this package, the peer's own, and nothing that this
process has: an environment variable says where it is.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass

from reactor_env.errors import MissingDependencyError


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Where a peer's Python is named, and what it needs.

    Attributes:
        variable: The environment variable.
        packages: What its virtual environment has, for ``pip install``.
    """

    variable: str
    packages: str


INTERPRETERS = {
    "reactor-sdk-0.8": Interpreter(
        "REACTOR_ENV_SDK08_PYTHON", "reactor-env reactor-sdk==0.8.0 opencv-python-headless"
    ),
}
"""Those peers by name."""


def is_named(peer: str) -> bool:
    """Tell whether a peer's Python is named, or is this one."""
    needed = INTERPRETERS.get(peer)
    return needed is None or bool(os.environ.get(needed.variable))


def interpreter(peer: str) -> str:
    """Return the Python for a peer's process.

    Args:
        peer: Its name.

    Returns:
        A program: the Python of this process, unless the peer needs another.

    Raises:
        MissingDependencyError: If no other is named, or there is none of that name.
    """
    needed = INTERPRETERS.get(peer)
    if needed is None:
        return sys.executable
    named = os.environ.get(needed.variable, "")
    found = shutil.which(named) if named else None
    if found is None:
        raise MissingDependencyError(
            f"the peer {peer} needs {needed.variable}, the Python of a virtual environment with "
            f"'{needed.packages}'; got {named!r}"
        )
    return found
