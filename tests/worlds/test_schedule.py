from __future__ import annotations

import pytest

from reactor_env.worlds.schedule import Schedule, playout_fps


def test_frames_play_twice_as_fast_as_they_are_made() -> None:
    assert playout_fps(30.0) == 60.0
    assert playout_fps(12.5) == 25.0


@pytest.mark.parametrize("rate", [100.0, 120.0, 150.0, 240.0])
def test_a_fast_world_plays_faster_than_it_makes_frames_but_does_not_spin(rate: float) -> None:
    assert rate < playout_fps(rate) < max(200.0, 1.3 * rate)


def test_a_step_is_due_an_interval_after_the_first() -> None:
    schedule = Schedule(10.0)
    schedule.begin(5.0)
    assert not schedule.due(5.09)
    assert schedule.due(5.1)


def test_steps_that_are_a_little_late_keep_the_rate() -> None:
    schedule = Schedule(10.0)
    schedule.begin(0.0)
    for tick in range(1, 101):
        late = tick / 10 + (0.03 if tick % 2 else 0.06)
        assert schedule.due(late)
        schedule.advance(late)
        assert not schedule.due(late)
    assert schedule.due(10.1 + 1e-9)


def test_after_a_pause_no_steps_are_made_up_for() -> None:
    schedule = Schedule(10.0)
    schedule.begin(0.0)
    schedule.advance(7.0)
    assert schedule.due(7.0)
    schedule.advance(7.0)
    assert not schedule.due(7.05)
