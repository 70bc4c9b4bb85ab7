"""A live, interactive world model as a Gymnasium environment.

Importing this package registers ``reactor_env/World-v0`` and ``reactor_env/Catch-v0`` (the game
behind ``world="catch"``, played directly). Nothing heavy is imported before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium

from reactor_env._version import __version__

if TYPE_CHECKING:
    from reactor_env.client.reactor import Reactor
    from reactor_env.clock import Clock
    from reactor_env.env import ReactorEnv
    from reactor_env.observations import Observation
    from reactor_env.recorder import RecordEpisodes
    from reactor_env.runtime import LocalRuntime
    from reactor_env.vector import ReactorVectorEnv

__all__ = [
    "Clock",
    "LocalRuntime",
    "Observation",
    "Reactor",
    "ReactorEnv",
    "ReactorVectorEnv",
    "RecordEpisodes",
    "__version__",
]

_HOMES = {
    "Clock": "reactor_env.clock",
    "LocalRuntime": "reactor_env.runtime",
    "Observation": "reactor_env.observations",
    "Reactor": "reactor_env.client.reactor",
    "ReactorEnv": "reactor_env.env",
    "ReactorVectorEnv": "reactor_env.vector",
    "RecordEpisodes": "reactor_env.recorder",
}

gymnasium.register(
    id="reactor_env/World-v0",
    entry_point="reactor_env.env:ReactorEnv",
    vector_entry_point="reactor_env.vector:ReactorVectorEnv",
    # It would ask for the spaces in make(), which can need a session, or even a reset option.
    disable_env_checker=True,
    # In streamed mode; stepped mode is tested to be deterministic frame by frame.
    nondeterministic=True,
)
gymnasium.register(id="reactor_env/Catch-v0", entry_point="reactor_env.worlds.catch:CatchEnv")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
