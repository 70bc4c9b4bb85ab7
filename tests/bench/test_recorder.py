from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.recorder import Recorder, told_number
from reactor_env.bench.trace import STAGES, UNREADABLE
from reactor_env.latency.stamp import Stamp, draw_stamp

BLACK = np.zeros((128, 256, 3), np.uint8)


def picture(number: int, clock_us: int, action: int = -1) -> np.ndarray:
    drawn = BLACK.copy()
    draw_stamp(drawn, Stamp.of(number, clock_us, action))
    return drawn


def test_the_first_frame_is_the_first_with_a_stamp_and_is_not_recorded() -> None:
    recorder = Recorder()
    recorder.frame(BLACK)
    assert not recorder.framed.is_set()
    recorder.frame(picture(1, time.monotonic_ns() // 1000))
    assert recorder.framed.is_set()
    assert recorder.trace("me", {}).arrival.size == 0
    assert 0 < recorder.first_ns <= time.monotonic_ns()


@given(st.integers(0, 10**6), st.integers(0, 60_000_000), st.integers(-1, 60_000))
def test_a_frame_tells_number_clock_and_action(number: int, age_us: int, action: int) -> None:
    recorder = Recorder()
    made_us = time.monotonic_ns() // 1000 - age_us
    recorder.frame(picture(0, made_us))
    recorder.frame(picture(number, made_us, action))
    trace = recorder.trace("me", {})
    assert trace.number.tolist() == [number]
    assert trace.emission.tolist() == [1000 * made_us]
    assert trace.action.tolist() == [action]


def test_a_damaged_frame_is_recorded_as_unreadable() -> None:
    recorder = Recorder()
    recorder.frame(picture(1, 1))
    recorder.frame(BLACK, moments=[1] * (len(STAGES) - 1))
    trace = recorder.trace("me", {})
    assert trace.number.tolist() == [UNREADABLE]
    assert trace.arrival.size == 1
    assert not trace.stages.size


def test_stages_go_with_emission_and_arrival() -> None:
    recorder = Recorder()
    recorder.frame(picture(1, 1))
    moments = list(range(1, len(STAGES)))
    made_us = time.monotonic_ns() // 1000
    recorder.frame(picture(2, made_us), moments=moments)
    trace = recorder.trace("me", {})
    assert trace.stages.tolist() == [[1000 * made_us, *moments, trace.arrival[0]]]


def test_commands_are_told_with_their_answers() -> None:
    recorder = Recorder()
    recorder.command(3, 1000)
    recorder.command(4, 2000)
    recorder.acknowledged(4)
    trace = recorder.trace("me", {})
    assert trace.sequence.tolist() == [3, 4]
    assert trace.due.tolist() == [1000, 2000]
    assert trace.acked[0] == 0
    assert trace.acked[1] >= trace.sent[1] > 0


@pytest.mark.parametrize(
    ("user_data", "number"),
    [(b'{"n": 7}', 7), (b'{"n": 7.0}', 7), (b'{"n": null}', -1), (b"", -1), (b"junk", -1)],
)
def test_the_number_of_the_metadata(user_data: bytes, number: int) -> None:
    assert told_number(user_data) == number
