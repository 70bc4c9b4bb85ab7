"""Plays whole episodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reactor_env.cli.log import RolloutLog
from reactor_env.datasets.spool import Step

if TYPE_CHECKING:
    import gymnasium as gym

    from reactor_env.datasets.tape import DatasetTape
    from reactor_env.policies import Policy


def play(
    env: gym.Env[Any, Any],
    policy: Policy,
    episodes: int,
    seed: int,
    tape: DatasetTape | None,
    log: RolloutLog,
    show: Callable[[RolloutLog], None],
    *,
    deterministic: bool = True,
    picture: Callable[[Any], Any] = lambda observation: observation,
) -> None:
    """Play whole episodes.

    Args:
        env: The environment.
        policy: Chooses the actions.
        episodes: How many.
        seed: Of the first one; each further one has the next number.
        tape: Takes the picture of every observation.
        log: Takes what is measured.
        show: Called after every observation.
        deterministic: Whether the policy is asked for its most probable action.
        picture: Makes what the tape takes of an observation.
    """
    began = time.perf_counter()
    for number in range(episodes):
        observation, info = env.reset(seed=seed + number)
        log.begin_episode(time.perf_counter() - began)
        if tape is not None:
            tape.begin(picture(observation), info, seed + number)
        state: Any = None
        over, first = False, True
        while not over:
            action, state = policy.predict(observation, state, first, deterministic)
            observation, reward, terminated, truncated, info = env.step(action)
            step = Step(action, float(reward), bool(terminated), bool(truncated))
            over, first = step.terminated or step.truncated, False
            log.add(time.perf_counter() - began, step.reward, over, info)
            if tape is not None:
                tape.step(picture(observation), info, step)
            show(log)  # a finished episode is told of when it cannot be lost any more
