"""Which environments can be sent an action before their step, through their wrappers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
from gymnasium import wrappers

from reactor_env.wrappers import ActionHistory

PASS_THE_ACTION = frozenset(
    wrapper.step
    for wrapper in (
        gym.Wrapper,
        gym.ObservationWrapper,
        gym.RewardWrapper,
        wrappers.FrameStackObservation,
        wrappers.OrderEnforcing,
        wrappers.PassiveEnvChecker,
        wrappers.RecordEpisodeStatistics,
        wrappers.TimeLimit,
        ActionHistory,
    )
)
"""The ``step`` of wrappers that hand their own action, unchanged, to that of what they wrap, once.

A wrapper with a ``step`` of its own may do anything, so that only these are known to.
"""


@runtime_checkable
class SendsAhead(Protocol):
    """Can be sent an action before its step; :class:`~reactor_env.env.ReactorEnv` can."""

    def send_ahead(self, action: Any) -> bool:
        """Send the action of the next step, and return whether that was possible."""


def sends_ahead(env: gym.Env[Any, Any]) -> SendsAhead | None:
    """Return the environment within wrappers that can be sent its action ahead, if there is one."""
    while isinstance(env, gym.Wrapper):
        if type(env).step not in PASS_THE_ACTION:
            return None
        env = env.env
    return env if isinstance(env, SendsAhead) else None
