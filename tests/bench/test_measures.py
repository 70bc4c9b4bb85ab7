from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.measures import (
    MEASURES,
    action_to_frame_ms,
    frames_of,
    longest_freeze_ms,
    measure,
    p999,
    reordered,
)
from reactor_env.bench.network.conditions import PLACES
from reactor_env.bench.trace import UNREADABLE, Trace
from tests.bench.streams import BEGIN, INTERVAL, MS, stream


def test_a_smooth_stream_is_measured_as_it_is() -> None:
    found = measure(stream(20.0))
    expected = {
        "connect_ms": 100.0,
        "first_frame_ms": 200.0,
        "emission_p50_ms": 20.0,
        "emission_p99_ms": 20.0,
        "ack_p50_ms": 3.0,
        "lateness_p99_ms": 1.0,
        "emitted": 30,
        "delivered_percent": 100.0,
        "lost": 0,
        "repeated": 0,
        "reordered": 0,
        "interval_p50_ms": 33.0,
        "longest_gap_ms": 33.0,
        "cpu_full_ms": 2.0,
        "cpu_small_ms": 1.0,
        "peak_rss_mb": 100.0,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-3), name
    assert found["emitted_fps"] == pytest.approx(1000 / 33)
    assert found["delivered_fps"] == pytest.approx(1000 / 33)
    assert found["runtime_cpu_percent"] == pytest.approx(100 * 0.3 / 0.99)
    assert "kbps" not in found
    assert "mistold" not in found


def test_every_measure_has_a_title_and_every_title_a_measure() -> None:
    network = {
        "forwarded": 98,
        "lost": 2,
        "losses": [{"place": place, "at_ns": BEGIN + 5 * INTERVAL} for place in PLACES],
    }
    asked = {"nacks": 3, "key_frame_requests": 1}
    clock = [[at, at + 3 * MS, at + 3 * MS, at + 4 * MS] for at in range(0, 9000 * MS, 200 * MS)]
    trace = stream(bytes=125_000, network=network, asked=asked, psnr_db=[30.0, 40.0], clock=clock)
    trace.told = trace.number.copy()
    found = measure(trace)
    assert set(found) == set(MEASURES)
    assert found["kbps"] == pytest.approx(1000 / 0.99)
    assert found["psnr_db"] == 35
    assert (found["clock_offset_ms"], found["clock_bound_ms"]) == (1, 2)
    assert found["clock_drift_ppm"] == 0
    assert (found["nacks"], found["datagrams_lost_percent"]) == (3, 2)
    assert found["mistold"] == 0


def test_metadata_that_disagrees_with_the_pixels_is_counted() -> None:
    trace = stream()
    trace.told = trace.number.copy()
    trace.told[3] += 1
    trace.told[4] = UNREADABLE
    assert measure(trace)["mistold"] == 1


def test_lost_frames_are_counted_at_the_edges_of_the_window_too() -> None:
    numbers = [0, 1, *range(7, 15), *range(16, 33), 36, 37]
    begin, end = BEGIN + 5 * INTERVAL, BEGIN + 35 * INTERVAL
    found = measure(stream(numbers=numbers, begin=begin, end=end))
    # Of 2 to 35: whether 2, 3 and 4 were lost before it began cannot be told.
    assert found["emitted"] == 34
    assert found["lost"] == 34 - 8 - 17


@given(st.sets(st.integers(1, 28), max_size=20))
def test_what_is_lost_and_what_is_delivered_is_all_that_was_emitted(lost: set[int]) -> None:
    kept = [number for number in range(30) if number not in lost]
    found = measure(stream(numbers=kept))
    assert found["lost"] == len(lost)
    assert found["delivered_percent"] == pytest.approx(100 * len(kept) / 30)


def test_repeats_count_and_only_the_first_arrival_is_a_latency() -> None:
    trace = stream(numbers=[*range(30), 29, 29])
    trace.arrival[-2:] += 500 * MS
    found = measure(trace)
    assert found["repeated"] == 2
    assert found["delivered_percent"] == 100
    assert found["emission_p99_ms"] == pytest.approx(20, abs=0.01)


def test_a_frame_that_came_too_late_is_reordered() -> None:
    assert reordered([1, 2, 4, 3, 5]) == 1
    assert reordered([1, 2, 2, 3, 1]) == 0
    assert reordered([]) == 0


@given(st.lists(st.integers(0, 50), unique=True))
def test_only_what_is_sorted_has_no_reordered_frame(numbers: list[int]) -> None:
    assert (reordered(numbers) == 0) == (numbers == sorted(numbers))


def test_damaged_stamps_are_counted_and_left_out() -> None:
    trace = stream()
    trace.number[5] = UNREADABLE
    found = measure(trace)
    assert (found["unreadable"], found["lost"]) == (1, 1)


def test_an_action_is_timed_from_when_it_was_due_to_the_first_frame_that_shows_it() -> None:
    trace = stream(20.0, command_ms=[100, 500])
    # Frames are made at multiples of 33 ms: at 132 and at 528.
    assert action_to_frame_ms(trace) == pytest.approx([52, 48], abs=1e-3)


def test_an_action_that_was_overwritten_is_shown_by_the_frame_of_the_next() -> None:
    trace = stream(20.0, command_ms=[100, 110, 500])
    assert action_to_frame_ms(trace) == pytest.approx([52, 42, 48], abs=1e-3)


def test_an_action_no_frame_shows_has_no_time() -> None:
    trace = stream(20.0, command_ms=[100, 5000])
    assert action_to_frame_ms(trace).size == 1
    assert action_to_frame_ms(Trace(peer="nobody")).size == 0


def test_a_lost_frame_makes_the_action_wait_for_the_next() -> None:
    numbers = [number for number in range(30) if number != 4]
    trace = stream(20.0, numbers=numbers, command_ms=[100, 500])
    assert action_to_frame_ms(trace) == pytest.approx([85, 48], abs=1e-3)


def test_unanswered_commands_have_no_acknowledgement() -> None:
    trace = stream()
    trace.acked[:] = 0
    assert "ack_p50_ms" not in measure(trace)


def test_what_was_not_measured_is_left_out() -> None:
    assert "cpu_small_ms" not in measure(stream(small_end=BEGIN))
    unknown = {"peer": 60 * MS, "runtime": None}
    assert "runtime_cpu_percent" not in measure(stream(cpu=unknown))


def test_a_stream_that_never_came_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="too few frames arrived at reactor-env"):
        frames_of(stream(numbers=[3]))


def test_a_freeze_is_the_longest_time_without_a_frame() -> None:
    trace = stream()
    trace.arrival[10:] += 200 * MS
    found = measure(trace)
    assert found["longest_gap_ms"] == pytest.approx(233, abs=0.01)
    assert found["interval_p50_ms"] == pytest.approx(33, abs=0.01)
    assert found["jitter_ms"] == pytest.approx(2 * 200 / 28, abs=0.01)


def test_a_freeze_ends_with_a_frame_that_is_newer_and_not_with_an_old_one() -> None:
    trace = stream(numbers=[0, 1, 2, 3, 2, 4, *range(20, 30)])
    trace.arrival[4] = trace.arrival[3] + 10 * MS
    trace.arrival[5:] += 7
    assert longest_freeze_ms(trace) == pytest.approx(16 * 33, abs=0.01)


def test_a_damaged_frame_ends_no_freeze() -> None:
    trace = stream()
    trace.number[5:9] = UNREADABLE
    assert longest_freeze_ms(trace) == pytest.approx(5 * 33, abs=0.01)


def test_a_stream_that_stops_has_frozen_to_the_end_of_the_window() -> None:
    trace = stream(20.0, numbers=range(10), end=BEGIN + 1000 * MS)
    assert longest_freeze_ms(trace) == pytest.approx(1000 - 9 * 33 - 20, abs=0.01)


def test_a_freeze_before_the_window_does_not_count() -> None:
    trace = stream(numbers=[0, *range(10, 30)], begin=BEGIN + 11 * INTERVAL)
    assert longest_freeze_ms(trace) == pytest.approx(33, abs=0.01)


def test_a_thousandth_needs_a_thousand_values() -> None:
    assert p999(np.arange(999.0)) is None
    assert p999(np.arange(1000.0)) == pytest.approx(998.0, abs=0.01)


def test_the_window_is_by_emission() -> None:
    window = frames_of(stream(900.0))
    assert window.emitted == 30
    assert window.latency_ms == pytest.approx(np.full(30, 900.0), abs=0.01)
    assert window.emitted_fps == pytest.approx(1e9 / INTERVAL)
