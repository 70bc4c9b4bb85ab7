from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.peers.page_clock import PageClock

MS = 10**6


def test_the_distance_is_within_what_every_exchange_leaves() -> None:
    clock = PageClock(0)
    clock.exchange(100 * MS, 10.0, 104 * MS)
    assert clock.here_ns(10.0) == 102 * MS
    assert clock.uncertainty_ns == 2 * MS
    clock.exchange(203 * MS, 110.0, 209 * MS)
    assert clock.here_ns(10.0) == int(103.5 * MS)
    assert clock.uncertainty_ns == MS // 2


def test_what_the_page_rounds_down_is_uncertain() -> None:
    clock = PageClock(100_000)
    clock.exchange(100 * MS, 10.0, 100 * MS)
    assert clock.uncertainty_ns == 50_000


@given(
    distance_ns=st.integers(0, 10**15),
    exchanges=st.lists(
        st.tuples(st.integers(0, 10**12), st.integers(0, 10**7), st.integers(0, 10**7)),
        min_size=1,
    ),
)
def test_no_time_is_further_off_than_it_says(
    distance_ns: int, exchanges: list[tuple[int, int, int]]
) -> None:
    resolution_ns = 5_000
    clock = PageClock(resolution_ns)
    for page_ns, there_ns, back_ns in exchanges:
        told_ms = page_ns // resolution_ns * resolution_ns / MS
        here_ns = page_ns + distance_ns
        clock.exchange(here_ns - there_ns, told_ms, here_ns + back_ns)
    assert abs(clock.here_ns(1.0) - (MS + distance_ns)) <= clock.uncertainty_ns + 1


def test_clocks_that_do_not_run_alike_are_refused() -> None:
    clock = PageClock(0)
    clock.exchange(100 * MS, 10.0, 101 * MS)
    with pytest.raises(ValueError, match="has drifted by 1000000 ns"):
        clock.exchange(112 * MS, 20.0, 113 * MS)


def test_without_an_exchange_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="no exchange"):
        PageClock(0).here_ns(1.0)
