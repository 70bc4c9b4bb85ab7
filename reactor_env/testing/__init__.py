"""The compliance suite: test classes to inherit and point at a model of your own.

A class is a subject. Inherit one, several, or :class:`EnvironmentCompliance`, which is all::

    import gymnasium as gym
    from reactor_env.testing import EnvironmentCompliance

    class TestMyModel(EnvironmentCompliance):
        def make_env(self):
            return gym.make("reactor_env/World-v0", model="my-model", local=True)

and run it with pytest. What the model can and cannot do is said by the class attributes of
:class:`Compliance`; docs/testing.md explains them. The checks of one class share one environment,
because a hosted session costs money: all of them together open four sessions one after another, and
as many more as the vector has slots, where there is one.
"""

from __future__ import annotations

import importlib.util

from reactor_env.errors import MissingDependencyError

if importlib.util.find_spec("pytest") is None:
    raise MissingDependencyError("reactor_env.testing needs pytest: pip install 'pytest>=8.4'")

from reactor_env.testing.base import Compliance, Step
from reactor_env.testing.close import CloseCompliance
from reactor_env.testing.ends import EndsCompliance
from reactor_env.testing.reconnect import ReconnectCompliance
from reactor_env.testing.reset import ResetCompliance
from reactor_env.testing.seed import SeedCompliance
from reactor_env.testing.spaces import SpacesCompliance
from reactor_env.testing.step import StepCompliance
from reactor_env.testing.vector import VectorCompliance

__all__ = [
    "CloseCompliance",
    "Compliance",
    "EndsCompliance",
    "EnvironmentCompliance",
    "ReconnectCompliance",
    "ResetCompliance",
    "SeedCompliance",
    "SpacesCompliance",
    "Step",
    "StepCompliance",
    "VectorCompliance",
]


# pytest runs the last base's checks first, so that those which end sessions come last.
class EnvironmentCompliance(
    VectorCompliance,
    CloseCompliance,
    ReconnectCompliance,
    EndsCompliance,
    StepCompliance,
    SeedCompliance,
    ResetCompliance,
    SpacesCompliance,
):
    """Every subject on one environment.

    A full run opens one session for spaces, reset, seed, step and ends, one after the session that
    it loses, one for ``options={"session": "new"}`` and one after ``close()``: four, never two at
    a time. With ``make_vector_env`` one more for each slot, at the same time. A check that cannot
    run, for what the class attributes say, is skipped with the reason.
    """
