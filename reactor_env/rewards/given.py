"""The ``reward`` of an environment, in every form that it may be given in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from reactor_env.rewards.reward import Reward
from reactor_env.rewards.sources import FrameReward, FunctionReward

GivenReward = Reward | Callable[[Any, Any, Mapping[str, Any]], float] | str | None
"""What :func:`as_reward` takes."""


def as_reward(given: GivenReward) -> Reward:
    """Return the ``reward`` of an environment as an object.

    Args:
        given: A reward; a function for :class:`FunctionReward`; ``"package.module:name"`` of one of
            these, or of a class of rewards that needs no arguments, which leaves ``env.spec`` one
            that can be written as JSON; or ``None`` for what travels with the frames.

    Raises:
        TypeError: If it is something else.
        ValueError: If nothing has that name.
    """
    if given is None:
        return FrameReward()
    if isinstance(given, str):
        return _named(given)
    if isinstance(given, Reward):
        return given
    if callable(given):
        return FunctionReward(given)
    raise TypeError(f"`reward` must be a Reward or a function, got {given!r}")


def _named(name: str) -> Reward:
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise ValueError(f'`reward` must be "package.module:name" where it is text, got {name!r}')
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"`reward` {name!r} cannot be found: {error}") from error
    if isinstance(found, type) and issubclass(found, Reward):
        return found()
    # Another environment may use the object that has this name, too.
    return as_reward(copy.deepcopy(found) if isinstance(found, Reward) else found)
