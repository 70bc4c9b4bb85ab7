"""Made-up rollouts."""

from __future__ import annotations

import numpy as np

from reactor_env.cli.log import RolloutLog


def streamed_log(steps: int = 120, episode: int = 40, per_s: float = 20.0) -> RolloutLog:
    """Return a log with every metric, and a slow step now and then."""
    random = np.random.default_rng(0)
    log = RolloutLog()
    log.begin_episode(0.0)
    for step in range(1, steps + 1):
        slow = 400.0 if step == 50 else 0.0
        times = {
            "step_ms": 35 + random.gamma(2, 3) + slow,
            "frame_age_ms": random.gamma(3, 1),
            "action_to_frame_ms": 33 + random.gamma(2, 3) + slow,
            "ack_ms": random.gamma(4, 2) if step % 3 else None,
        }
        over = step % episode == 0
        log.add(step / per_s, 1.0, over, {**times, "frames_skipped": 1, "frame_repeated": False})
        if over and step < steps:
            log.begin_episode(step / per_s)
    return log


def stepped_log(steps: int = 60, per_s: float = 10.0) -> RolloutLog:
    """Return a log of one unfinished episode without frame ages and acks."""
    log = RolloutLog()
    log.begin_episode(0.0)
    for step in range(1, steps + 1):
        ms = 50.0 + step % 7
        info = {"step_ms": ms, "action_to_frame_ms": ms - 0.2, "frame_age_ms": None}
        log.add(step / per_s, 1.0, False, info)
    return log
