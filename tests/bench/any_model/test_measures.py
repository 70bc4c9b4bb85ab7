from __future__ import annotations

import pytest

from reactor_env.bench.any_model.measures import (
    MEASURES,
    measure,
    path_of,
    phases,
    video_codec,
)
from tests.bench.any_model.traces import BEGIN, INTERVAL_MS, MS, trace, trial

STEADY = [20.0 + INTERVAL_MS * n for n in range(25)]


def test_a_steady_stream_is_what_it_announces() -> None:
    found = measure(trace(STEADY))
    assert found["announced_fps"] == 25
    assert found["delivered_fps"] == pytest.approx(25)
    # One frame was received and dropped: the sender had sent it.
    assert found["emitted_fps"] == pytest.approx(25 * 25 / 24)
    assert found["frames"] == 25
    assert found["interval_p50_ms"] == found["interval_p99_ms"] == INTERVAL_MS
    assert found["jitter_ms"] == found["transit_jitter_ms"] == found["freezes"] == 0
    assert "interval_p999_ms" not in found, "25 frames have no 99.9th percentile"


def test_a_late_frame_is_jitter_of_the_network() -> None:
    late = [*STEADY[:10], STEADY[10] + 15, *STEADY[11:]]
    found = measure(trace(late))
    assert found["transit_jitter_ms"] == pytest.approx(30 / 24)
    assert found["jitter_ms"] == pytest.approx((15 + 30 + 15) / 23)


def test_frames_that_were_sent_again_are_counted_and_no_news() -> None:
    found = measure(trace(STEADY, repeats=(1, 3)))
    assert found["frames"] == 23
    assert found["repeated"] == 2
    assert found["interval_p99_ms"] == pytest.approx(2 * INTERVAL_MS)


def test_a_freeze_is_longer_than_usual_by_far() -> None:
    found = measure(trace([*STEADY[:10], *STEADY[15:]]))
    assert found["freezes"] == 1
    assert found["longest_gap_ms"] == pytest.approx(6 * INTERVAL_MS)
    assert measure(trace([*STEADY[:10], *STEADY[12:]]))["freezes"] == 0


def test_a_stream_that_stops_stands_still_to_the_end() -> None:
    assert measure(trace(STEADY[:5]))["longest_gap_ms"] == pytest.approx(1000 - STEADY[4])


def test_what_the_client_says_is_of_the_window() -> None:
    found = measure(trace(STEADY))
    assert found["rtt_p50_ms"] == 10.5
    assert found["rtt_max_ms"] == 11
    assert found["decode_ms"] == 1.5
    assert found["kbps"] == pytest.approx(400)
    assert found["video_kbps"] == pytest.approx(10)
    assert (found["nacks"], found["dropped"]) == (0, 1)
    assert "packets_lost" not in found
    assert found["handover_p50_ms"] == 1
    assert found["convert_p50_ms"] == 2
    assert found["cpu_ms"] == 4
    assert found["ack_p50_ms"] == 5
    assert video_codec(trace()) == "VP8"
    assert path_of(trace()) == "host to srflx over udp"


def test_a_client_that_says_nothing_leaves_its_measures_out() -> None:
    silent = trace(STEADY, stats=[], connect={}, acks_ms=[], announced_fps=None)
    found = measure(silent)
    assert not {"rtt_p50_ms", "kbps", "connect_ms", "announced_fps", "ack_p50_ms"} & set(found)
    assert video_codec(silent) == path_of(silent) == ""
    assert phases(silent.facts) == {}


def test_a_window_without_frames_is_one_long_gap() -> None:
    found = measure(trace([]))
    assert found["longest_gap_ms"] == 1000
    assert "delivered_fps" not in found


def test_an_onset_is_a_measure_only_where_it_is_clear() -> None:
    clear = measure(trace(STEADY, trials=[trial(100, named_ms=90), trial(None, acted=False)]))
    assert clear["onset_p50_ms"] == 120
    assert clear["named_p50_ms"] == 90
    assert clear["beyond_named_p50_ms"] == 30
    unclear = measure(trace(STEADY, trials=[trial(None, named_ms=90), trial(None, acted=False)]))
    assert "onset_p50_ms" not in unclear
    assert unclear["named_p50_ms"] == 90


@pytest.mark.parametrize(("shares_clock", "offset_ms"), [(True, 0), (False, 70_000)])
def test_emission_is_told_on_one_clock_or_by_an_exchange_of_two(
    shares_clock: bool, offset_ms: int
) -> None:
    sent = [BEGIN + 100 * MS * n for n in range(32)]
    clock = [[at, at + (offset_ms + 2) * MS, at + (offset_ms + 3) * MS, at + 5 * MS] for at in sent]
    stamped = trace(STEADY, clock=clock, shares_clock=shares_clock)
    there = stamped.frame("arrival") + (offset_ms - 12) * MS
    stamped.frames[:, -1] = there // 1000
    found = measure(stamped)
    assert found["emission_p50_ms"] == pytest.approx(12, abs=0.01)
    assert found["clock_offset_ms"] == pytest.approx(offset_ms)
    assert found["clock_bound_ms"] == 2
    assert found["clock_drift_ppm"] == pytest.approx(0)


def test_without_an_exchange_the_senders_clock_says_nothing() -> None:
    stamped = trace(STEADY)
    stamped.frames[:, -1] = 5
    assert "emission_p50_ms" not in measure(stamped)


def test_phases_are_in_their_order() -> None:
    assert phases(trace().facts) == {"session": 30.0, "ice": 20.0}


def test_every_measure_has_a_title() -> None:
    found = measure(trace(STEADY, trials=[trial(100, named_ms=90), trial(None, acted=False)]))
    assert set(found) <= set(MEASURES)
