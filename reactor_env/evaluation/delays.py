"""The same agents with their actions held back: return against delay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import gymnasium as gym

from reactor_env.evaluation.action_delay import ActionDelay
from reactor_env.policies import Policy, PolicyMaker


@dataclass(frozen=True, slots=True)
class Delayed:
    """An agent at a delay.

    Attributes:
        agent: The agent's name.
        delay_ms: How long its actions are held back.
    """

    agent: str
    delay_ms: float

    @property
    def name(self) -> str:
        """What it is called in results."""
        return f"{self.agent}, {self.delay_ms:g} ms"


def delayed_agents(agents: Sequence[str], delays_ms: Sequence[float]) -> list[Delayed]:
    """Return every agent at every delay.

    Args:
        agents: Their names.
        delays_ms: The delays; the first is what the others are compared with.

    Raises:
        ValueError: If there is no delay, or one twice, or a negative one.
    """
    if not delays_ms or len(set(delays_ms)) != len(delays_ms):
        raise ValueError(f"`delays_ms` must be different delays, got {list(delays_ms)}")
    if not all(0 <= delay < float("inf") for delay in delays_ms):
        raise ValueError(f"`delays_ms` must not be negative, got {list(delays_ms)}")
    return [Delayed(agent, delay) for agent in agents for delay in delays_ms]


def delayed_makers(
    makers: Mapping[str, PolicyMaker], delayed: Sequence[Delayed]
) -> dict[str, PolicyMaker]:
    """Return what makes the policy of each agent at each delay, and sets the delay for it.

    Args:
        makers: What makes each agent's policies.
        delayed: Which agents at which delays.

    Returns:
        By name; for environments that are wrapped in :class:`ActionDelay`.
    """
    return {one.name: _maker(makers[one.agent], one.delay_ms) for one in delayed}


def delay_pairs(delayed: Sequence[Delayed]) -> list[tuple[str, str]]:
    """Return which are compared: an agent with itself at the first delay, two at the same one.

    Args:
        delayed: As :func:`delayed_agents` returned them.
    """
    first = delayed[0].delay_ms
    own = [(one.name, Delayed(one.agent, first).name) for one in delayed if one.delay_ms != first]
    others = [
        (one.name, other.name)
        for one, other in combinations(delayed, 2)
        if one.delay_ms == other.delay_ms
    ]
    return own + others


def _maker(make: PolicyMaker, delay_ms: float) -> PolicyMaker:
    def delayed(env: gym.Env[Any, Any], seed: int) -> Policy:
        if not isinstance(env, ActionDelay):
            raise ValueError(f"`envs` must be wrapped in ActionDelay, got {env}")
        env.delay_ms = delay_ms
        return make(env, seed)

    return delayed
