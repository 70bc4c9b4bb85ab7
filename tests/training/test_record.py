from __future__ import annotations

import json

import pytest

from reactor_env.training.record import TrainingLog, check_same


def test_returns_are_of_episodes_that_were_played_to_their_end() -> None:
    log = TrainingLog()
    log.add(2, [{"episode": {"r": 1.5}}, {}])
    log.add(4, [{"episode": {"r": 9.0}, "session_lost": "gone"}, {"episode": {"r": -0.5}}])
    assert log.returns == [1.5, -0.5]
    assert log.ended_at == [2, 4]
    assert (log.steps, log.episodes, log.sessions_lost) == (4, 2, 1)
    assert log.recent == 0.5


def test_the_mean_is_of_the_last_hundred() -> None:
    log = TrainingLog(returns=[100.0, *[1.0] * 100])
    assert log.recent == 1.0
    assert TrainingLog().recent is None


def test_misses_and_skips_are_added_up() -> None:
    log = TrainingLog()
    log.add(1, [{"frames_skipped": 3, "deadline_missed": None}])
    assert log.deadlines_missed is None
    log.add(2, [{"frames_skipped": 1, "deadline_missed": True}])
    log.add(3, [{"frames_skipped": None, "deadline_missed": False}])
    assert log.document()["deadlines_missed"] == 1
    assert log.frames_skipped == 4


def test_what_was_not_learned_from_is_forgotten_but_not_what_was_lost() -> None:
    log = TrainingLog()
    for step in range(1, 5):
        log.add(step, [{"episode": {"r": step}}])
    log.add(5, [{"session_lost": "gone"}])
    log.cut(2)
    assert (log.steps, log.returns, log.ended_at) == (2, [1, 2], [1, 2])
    assert log.sessions_lost == 1


def test_a_log_survives_json() -> None:
    log = TrainingLog(steps=10, seconds=2.5, returns=[1.0], ended_at=[4], deadlines_missed=2)
    assert TrainingLog.of(json.loads(json.dumps(log.document()))) == log
    assert log.document()["steps_per_second"] == 4.0
    assert TrainingLog().steps_per_second is None


def test_arguments_that_changed_are_named_as_they_are_typed() -> None:
    before = {"seed": 1, "steps": 5, "agent_kwargs": ["n_steps=3"], "gray": False}
    now = {"seed": 2, "steps": 9, "agent_kwargs": [], "gray": False}
    with pytest.raises(ValueError, match=r"--seed must be 1, got 2; --agent-kwargs must be \['n_"):
        check_same(before, now, ("steps",))
    check_same(before, {**before, "steps": 9}, ("steps",))
