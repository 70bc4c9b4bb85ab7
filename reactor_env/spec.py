"""What an environment is made of, so that it can be made again elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from gymnasium.envs.registration import EnvSpec

SECRET = "api_key"
"""The argument that is in no spec."""


class Remade:
    """Makes an environment picklable and copyable: the copy is made anew of the same arguments.

    A live session belongs to the process that opened it, so that the copy is an environment that
    is not connected yet: it keeps ``spec``, and neither the session, nor the episode, nor what
    :meth:`reset` was given. What is pickled are the arguments as they were passed, an ``api_key``
    among them; one in ``REACTOR_API_KEY`` is not. Arguments that cannot be pickled, such as a
    lambda as ``reward``, need cloudpickle, which Gymnasium and Stable-Baselines3 use for the
    functions that make environments.
    """

    _spec: EnvSpec | None = None
    _arguments: tuple[Sequence[Any], Mapping[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments."""
        made = super().__new__(cls)
        made._arguments = args, {name: _sealed(name, value) for name, value in kwargs.items()}
        return made

    @property
    def spec(self) -> EnvSpec | None:
        """What :func:`gymnasium.make` made it of, but for the ``api_key``.

        Other libraries write it into the files of a dataset or a run.
        """
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        if spec is not None and SECRET in spec.kwargs:
            kwargs = {name: value for name, value in spec.kwargs.items() if name != SECRET}
            spec = replace(spec, kwargs=kwargs)
        self._spec = spec

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what it is made again of."""
        return _make, (type(self), *self._arguments), {"_spec": self._spec}


class _Sealed:
    """A secret that no ``repr`` and no log shows."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _sealed(name: str, value: Any) -> Any:
    return _Sealed(value) if name == SECRET and value is not None else value


def _make(kind: type[Remade], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Remade:
    opened = {
        n: value.value if isinstance(value, _Sealed) else value for n, value in kwargs.items()
    }
    return kind(*args, **opened)
