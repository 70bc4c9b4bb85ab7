"""Switches of a twin, read in the runtime's process from its environment.

:func:`tests.twins.fixtures.start_twin` sets them: ``start_twin("lingbot", run_limit=3)``.
"""

from __future__ import annotations

import os

_PREFIX = "REACTOR_TWIN_"


def variable(name: str) -> str:
    """Return the environment variable of an option."""
    return _PREFIX + name.upper()


def number[Number: (int, float)](name: str, default: Number) -> Number:
    """Return an option that is a number, of the default's type."""
    text = os.environ.get(variable(name), "")
    return type(default)(text) if text else default


def switch(name: str, default: bool = False) -> bool:
    """Return an option that is on or off."""
    return bool(number(name, int(default)))
