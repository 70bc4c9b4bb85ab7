"""A real-time clock, and the pacing ``applied`` where nothing says which frame shows an action."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_env.clock import Clock
from tests.integration.conftest import MakeEnv
from tests.integration.worlds.lagging.world import FPS, LAG_FRAMES

LAGGING = str(Path(__file__).parent / "worlds" / "lagging")
STAND, WALK = 0, 1
LAG_MS = 1000 * LAG_FRAMES / FPS


def walks(observation: Any) -> bool:
    return bool(np.median(observation[-8:]) > 150)


@pytest.mark.parametrize("backend", ["aiortc", "native"])
def test_a_clock_keeps_its_rate_while_the_agent_thinks(make_env: MakeEnv, backend: Any) -> None:
    env = make_env(LAGGING, pacing=Clock(20), backend=backend)
    env.reset()
    begin = time.monotonic()
    for number in range(40):
        observation, *_, info = env.step(WALK)
        time.sleep(0.01)  # the agent
        if number == 20:
            assert walks(observation)
    # The mean is exact, however the single periods vary; a busy machine may miss some.
    lost = info["deadlines_missed"] / 20
    assert 2.0 <= time.monotonic() - begin <= 2.1 + lost
    assert env.generation == "streamed"


def test_an_agent_that_is_too_slow_is_told_so(make_env: MakeEnv) -> None:
    env = make_env(LAGGING, pacing={"hz": 100})
    _, info = env.reset()
    assert info["deadlines_missed"] == 0
    time.sleep(0.05)  # the agent
    *_, info = env.step(STAND)
    assert (info["deadline_missed"], info["deadlines_missed"]) == (True, 1)


def test_the_delay_is_measured_at_the_reset_where_nothing_says_it(make_env: MakeEnv) -> None:
    env = make_env(LAGGING, mode="streamed", pacing="applied")
    _, info = env.reset()
    assert LAG_MS <= info["delay_ms"] <= LAG_MS + 400
    observation, *_, info = env.step(WALK)
    assert info["applied_by"] == "measured delay"
    assert info["action_to_frame_ms"] >= info["delay_ms"]
    assert walks(observation)
    observation, *_ = env.step(STAND)
    assert not walks(observation)
    _, again = env.reset()
    assert again["delay_ms"] == info["delay_ms"]


def test_a_given_delay_is_not_measured(make_env: MakeEnv) -> None:
    env = make_env(LAGGING, mode="streamed", pacing="applied", delay=1.5 * LAG_MS / 1000)
    begin = time.monotonic()
    env.reset()
    assert time.monotonic() - begin < 15
    observation, *_, info = env.step(WALK)
    assert walks(observation)
    assert info["applied_by"] == "given delay"
    assert info["delay_ms"] == pytest.approx(1.5 * LAG_MS)
