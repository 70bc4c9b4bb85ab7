"""The exceptions of the environment and of the local runtime.

What a session may raise is in :mod:`reactor_env.client.errors`.
"""

from __future__ import annotations


class RuntimeStartError(RuntimeError):
    """A local runtime could not be started; the text ends with the last lines of its log."""


class UnknownWorldError(ValueError):
    """There is no bundled world of that name, and no folder with a ``reactor.yaml`` either."""


class MissingDependencyError(ImportError):
    """An optional package is needed; the text says how to install it."""


class UnsupportedModelError(ValueError):
    """The model cannot be used as an environment; the text says what it lacks."""
