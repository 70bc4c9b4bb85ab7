from __future__ import annotations

from typing import Any

import pytest

from reactor_env.cli.log import METRICS, RolloutLog


def _info(**values: Any) -> dict[str, Any]:
    return {"step_ms": 10.0, "frames_skipped": 0, "frame_repeated": False, **values}


def test_an_empty_log_has_nothing_to_say() -> None:
    log = RolloutLog()
    assert (log.steps, log.episode, log.mean_return, log.steps_per_s) == (0, 0, None, None)
    assert all(log.summary(metric.key) is None for metric in METRICS)


def test_returns_are_those_of_the_episodes_that_ended() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, 1.0, False, _info())
    log.add(0.2, 2.0, True, _info())
    log.begin_episode(0.3)
    log.add(0.4, 5.0, False, _info())
    assert log.returns == [3.0]
    assert log.mean_return == 3.0
    assert (log.total, log.running) == (5.0, True)
    assert (log.steps, log.episode, log.episode_starts) == (3, 2, [0, 2])


def test_steps_per_second_cover_the_whole_time() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    for step in range(1, 11):
        log.add(0.5 * step, 0.0, False, _info())
    assert log.steps_per_s == pytest.approx(2.0)


def test_missing_times_are_left_out_of_the_summary() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    for value in (None, 20.0, 40.0):
        log.add(1.0, 0.0, False, _info(action_to_frame_ms=value))
    found = log.summary("action_to_frame_ms")
    assert found is not None
    assert (found.count, found.p50, found.max) == (2, 30.0, 40.0)
    assert log.summary("ack_ms") is None
    assert log.times_ms["ack_ms"] == [None, None, None]


def test_frames_and_lost_sessions_are_counted() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, 0.0, False, _info(frames_skipped=3))
    log.add(0.2, 0.0, False, _info(frame_repeated=True))
    log.add(0.3, 0.0, True, _info(session_lost="gone", frame_repeated=True))
    assert (log.frames_skipped, log.frames_repeated) == (3, 2)
    assert log.sessions_lost == ["gone"]


def test_an_episode_that_a_lost_session_cut_off_has_no_return() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, 1.0, True, _info())
    log.begin_episode(0.2)
    log.add(0.3, 1.0, True, _info(session_lost="gone"))
    assert (log.returns, log.running) == ([1.0], False)


def test_deadlines_are_counted_only_where_there_are_any() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, 0.0, False, _info())
    assert log.deadlines_missed is None
    log.add(0.2, 0.0, False, _info(deadline_missed=False))
    assert log.deadlines_missed == 0
    log.add(0.3, 0.0, False, _info(deadline_missed=True))
    assert log.deadlines_missed == 1


def test_there_is_a_picture_for_every_reset_and_every_step() -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, 1.0, True, _info(action_to_frame_ms=7.0))
    log.begin_episode(0.2)
    seen = [(p.time_s, p.step, p.total, p.action_to_frame_ms) for p in log.pictures]
    assert seen == [(0.0, 0, 0.0, None), (0.1, 1, 1.0, 7.0), (0.2, 1, 0.0, None)]
