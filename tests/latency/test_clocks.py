from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.latency.clocks import FILTER, Exchange, compare_clocks

MS = 1_000_000
BEGIN = 5_000_000_000_000
ways = st.integers(0, 400 * MS)
offsets = st.integers(-(10**15), 10**15)


def exchange(
    at: int, there: int, back: int, offset: int, *, rate: float = 1.0, busy: int = 1000
) -> Exchange:
    """Return an exchange with a clock that shows ``offset`` more at the beginning."""

    def other(moment: int) -> int:
        return offset + BEGIN + round((moment - BEGIN) * rate)

    return Exchange(
        sent=at,
        received=other(at + there),
        answered=other(at + there + busy),
        returned=at + there + busy + back,
    )


@given(ways, ways, offsets, st.integers(0, 50 * MS))
def test_an_exchange_is_off_by_half_its_round_trip_at_most(
    there: int, back: int, offset: int, busy: int
) -> None:
    one = exchange(BEGIN, there, back, offset, busy=busy)
    assert one.round_trip_ns == there + back
    assert abs(one.offset_ns - offset) <= one.round_trip_ns / 2


@given(ways, offsets)
def test_where_both_ways_take_equally_long_it_is_exact(way: int, offset: int) -> None:
    assert exchange(BEGIN, way, way, offset).offset_ns == offset


@given(st.lists(st.tuples(ways, ways), min_size=1, max_size=60), offsets)
def test_the_offset_is_within_its_bound_for_any_delays(
    delays: list[tuple[int, int]], offset: int
) -> None:
    found = compare_clocks(
        exchange(BEGIN + 1000 * MS * n, there, back, offset)
        for n, (there, back) in enumerate(delays)
    )
    assert found is not None
    assert found.bound_ns == min(map(sum, delays)) / 2
    assert abs(found.offset_ns - offset) <= found.bound_ns
    assert found.offset_at(found.moment_ns) == found.offset_ns
    assert found.count == len(delays)


@given(
    st.lists(st.tuples(ways, ways), min_size=2 * FILTER, max_size=80),
    st.floats(-200, 200),
    st.integers(-(10**12), 10**12),
)
def test_the_drift_is_within_its_bound_for_any_delays(
    delays: list[tuple[int, int]], ppm: float, offset: int
) -> None:
    rate = 1 + ppm / 1e6
    found = compare_clocks(
        exchange(BEGIN + 500 * MS * n, there, back, offset, rate=rate)
        for n, (there, back) in enumerate(delays)
    )
    assert found is not None
    assert found.drift_bound_ppm is not None
    # A clock that runs faster measures longer ways too: by as many millionths of at most 0.8 s.
    assert abs(found.drift_ppm - ppm) <= found.drift_bound_ppm + 0.1
    true = offset + (found.moment_ns - BEGIN) * (rate - 1)
    assert abs(found.offset_ns - true) <= found.bound_ns + 200


def test_drift_is_found_through_delays_that_vary() -> None:
    rng = np.random.default_rng(3)
    exchanges = [
        exchange(
            BEGIN + 100 * MS * n,
            MS + int(rng.exponential(3 * MS)),
            MS + int(rng.exponential(3 * MS)),
            offset=7 * MS,
            rate=1 + 40e-6,
        )
        for n in range(600)
    ]
    found = compare_clocks(exchanges)
    assert found is not None
    assert found.kept == 75
    assert found.drift_error_ppm is not None
    assert found.drift_error_ppm < 10
    assert found.drift_ppm == pytest.approx(40, abs=2 * found.drift_error_ppm)
    assert found.bound_ns < 1.5 * MS
    later = BEGIN + 60_000 * MS
    assert found.offset_at(later) == pytest.approx(7 * MS + 40e-6 * 60_000 * MS, abs=2 * MS)


@given(offsets, st.floats(-100, 100))
def test_times_of_the_other_clock_are_told_on_this_one(offset: int, ppm: float) -> None:
    rate = 1 + ppm / 1e6
    exchanges = [exchange(BEGIN + 100 * MS * n, 0, 0, offset, rate=rate) for n in range(64)]
    found = compare_clocks(exchanges)
    assert found is not None
    there = np.array([one.received for one in exchanges], np.int64)
    here = found.here_ns(there)
    # Of numbers this large floats keep some hundred nanoseconds.
    assert np.abs(here - np.array([one.sent for one in exchanges])).max() < 1000


def test_few_exchanges_tell_no_drift_and_none_tell_nothing() -> None:
    assert compare_clocks([]) is None
    found = compare_clocks([exchange(BEGIN + n * MS, MS, MS, 5) for n in range(FILTER)])
    assert found is not None
    assert (found.kept, found.drift_ppm, found.drift_error_ppm) == (1, 0.0, None)
    assert found.drift_bound_ppm is None


def test_an_exchange_that_took_less_than_no_time_is_left_out() -> None:
    good = exchange(BEGIN, MS, MS, 5)
    set_back = Exchange(sent=BEGIN, received=10, answered=20, returned=BEGIN - 5 * MS)
    found = compare_clocks([set_back, good])
    assert found is not None
    assert found.count == 1
    assert found.offset_ns == 5
