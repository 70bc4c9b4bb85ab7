"""Breaks the session of an environment that a command made."""

from __future__ import annotations

import os
import signal

from reactor_env.env import ReactorEnv
from reactor_env.source import WorldSource


def kill_runtime(env: ReactorEnv) -> None:
    """Kill the runtime of a world; no other, since tests that share one may run in between."""
    source = env._source
    assert isinstance(source, WorldSource)
    assert source.runtime.pid is not None
    os.kill(source.runtime.pid, signal.SIGKILL)
