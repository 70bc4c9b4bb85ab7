from __future__ import annotations

from dataclasses import dataclass, field

from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.nack import (
    FIRST_ROUND_TRIP_S,
    LEAST_INTERVAL_S,
    MOST_INTERVAL_S,
    MOST_MISSING,
    MOST_PATIENCE_S,
    NackSchedule,
)


@dataclass
class Bench:
    """A schedule with a clock to set."""

    now: float = 50.0
    schedule: NackSchedule = field(init=False)

    def __post_init__(self) -> None:
        self.schedule = NackSchedule(lambda: self.now)

    def add(self, *numbers: int) -> list[int]:
        """Add packets; return what is asked for because of the last."""
        for number in numbers:
            found = self.schedule.add(RtpPacket(sequence_number=number % (1 << 16)))
        return self.schedule.missing if found else []

    def pass_time(self, seconds: float) -> list[int]:
        self.now += seconds
        return self.schedule.due()


def test_what_a_packet_shows_to_be_missing_is_asked_for_once() -> None:
    bench = Bench()
    assert bench.add(10, 11) == []
    assert bench.add(14) == [12, 13]
    assert bench.add(15) == []
    assert bench.add(17) == [16]


def test_what_does_not_come_is_asked_for_again_after_a_round_trip() -> None:
    bench = Bench()
    bench.add(1, 3)
    assert bench.pass_time(LEAST_INTERVAL_S / 2) == []
    assert bench.pass_time(2 * FIRST_ROUND_TRIP_S) == [2]
    assert bench.pass_time(0.0) == []
    assert bench.pass_time(2 * FIRST_ROUND_TRIP_S) == [2]


def test_what_came_is_asked_for_no_more() -> None:
    bench = Bench()
    bench.add(1, 4)
    bench.add(3)
    assert bench.pass_time(0.02) == [2]
    bench.add(2)
    assert not bench.schedule.waiting
    assert bench.pass_time(0.04) == []


def test_what_does_not_come_at_all_is_given_up() -> None:
    bench = Bench()
    bench.add(1, 3)
    assert bench.schedule.waiting
    assert bench.pass_time(bench.schedule.patience_s) == []
    assert not bench.schedule.waiting


def test_a_long_round_trip_is_learned_and_waited_for() -> None:
    bench = Bench()
    bench.add(0)
    before = bench.schedule.interval_s, bench.schedule.patience_s
    for number in range(2, 60, 2):
        bench.add(number)
        bench.now += 0.1
        bench.add(number - 1)
    assert before[0] < 0.1 <= bench.schedule.interval_s <= MOST_INTERVAL_S
    assert before[1] < 0.4 <= bench.schedule.patience_s <= MOST_PATIENCE_S


def test_a_round_trip_longer_than_the_patience_is_learned_from_what_comes_too_late() -> None:
    bench = Bench()
    bench.add(0)
    for number in range(2, 60, 2):
        bench.add(number)
        for _ in range(15):
            bench.pass_time(0.01)
        bench.add(number - 1)
    assert bench.schedule.patience_s > 0.15
    bench.add(100)
    bench.now += 0.15
    assert bench.schedule.waiting


def test_numbers_begin_anew_after_65535() -> None:
    bench = Bench()
    bench.add(65534)
    assert bench.add(65536 + 1) == [65535, 0]
    bench.add(0, 65535)
    assert not bench.schedule.waiting


def test_a_jump_is_no_loss() -> None:
    bench = Bench()
    bench.add(0)
    assert bench.add(MOST_MISSING + 2) == []
    assert not bench.schedule.waiting


@given(st.lists(st.integers(0, 300), min_size=1), st.data())
def test_only_packets_between_that_did_not_come_are_ever_asked_for(
    numbers: list[int], data: st.DataObject
) -> None:
    bench = Bench()
    asked: set[int] = set()
    for number in numbers:
        asked |= set(bench.add(number))
        found = bench.pass_time(data.draw(st.floats(0, 0.05)))
        assert not set(found) & set(numbers[: numbers.index(number) + 1])
        asked |= set(found)
    assert all(numbers[0] < number < max(numbers) for number in asked)
