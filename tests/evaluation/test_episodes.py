from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.evaluation.episodes import Stopped, play_episode
from tests.evaluation.worlds import Always, Counting


def test_an_episode_is_played_to_its_end() -> None:
    play = play_episode(Counting(), Always(3), seed=2)
    assert (play.total, play.length, play.terminated) == (9.0, 3, True)
    assert (play.end, play.lost) == ("terminated", None)
    assert play.seconds > 0


def test_the_policy_is_asked_by_the_protocol_of_stable_baselines3() -> None:
    policy = Always(1)
    play_episode(Counting(), policy, seed=2, deterministic=False)
    play_episode(Counting(), policy, seed=0)
    assert policy.calls == [
        (None, True, False),
        (1, False, False),
        (2, False, False),
        (None, True, True),
    ]


def test_what_info_measures_is_kept() -> None:
    told: list[dict[str, Any]] = [
        {"step_ms": 2, "action_to_frame_ms": None, "frames_skipped": 1, "deadline_missed": False},
        {"step_ms": 3.5, "action_to_frame_ms": 7.0, "frames_skipped": 2, "deadline_missed": True},
        {"step_ms": 4.0, "frame_repeated": True, "end": "horizon of 3 steps"},
    ]
    play = play_episode(Counting(lambda seed, step: told[step]), Always(0), seed=2)
    assert play.times_ms == {
        "step_ms": [2.0, 3.5, 4.0],
        "action_to_frame_ms": [7.0],
        "frame_age_ms": [],
        "injected_delay_ms": [],
    }
    assert (play.deadlines, play.deadlines_missed) == (2, 1)
    assert (play.frames_skipped, play.frames_repeated) == (3, 1)
    assert play.end == "horizon of 3 steps"


def test_a_lost_session_is_told() -> None:
    env = Counting(lambda seed, step: {"session_lost": "the host died"} if step == 1 else {})
    play = play_episode(env, Always(0), seed=4)
    assert (play.length, play.terminated, play.lost) == (2, False, "the host died")


def test_every_picture_is_filmed() -> None:
    seen: list[int] = []
    play_episode(
        Counting(),
        Always(0),
        seed=3,
        film=lambda env: seen.append(np.asarray(env.render())[0, 0, 0]),
    )
    assert seen == [0, 40, 80, 120, 160]


def test_it_stops_between_two_steps() -> None:
    steps: list[int] = []
    env = Counting(lambda seed, step: steps.append(step) or {})  # type: ignore[func-returns-value]
    with pytest.raises(Stopped):
        play_episode(env, Always(0), seed=4, stopping=lambda: len(steps) == 2)
    assert steps == [0, 1]
