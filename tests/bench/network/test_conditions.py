from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.network.conditions import (
    LOST_TWICE_EVERY_S,
    PLACES,
    Lane,
    Loss,
    LostTwice,
    Network,
    freezes_ms,
)
from tests.bench.network.packets import MEDIA, REPAIR, rtp

MS = 1_000_000


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": -1}, "`loss` must be 0 to 50 percent"),
        ({"loss": 51}, "`loss` must be 0 to 50 percent"),
        ({"jitter_ms": -1}, "`jitter` must be 0 to 2000 ms"),
        ({"delay_ms": 3000}, "`delay` must be 0 to 2000 ms"),
        ({"reorder": True}, "`reorder` needs a jitter"),
    ],
)
def test_a_network_that_cannot_be_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Network(**values)


def test_a_network_is_named_by_what_it_does() -> None:
    assert Network().name == ""
    assert not Network().impaired
    network = Network(loss=2, jitter_ms=20, delay_ms=5, reorder=True, lost_twice=True)
    assert network.name == "loss2-jitter20-delay5-reorder-lost-twice"
    assert network.impaired


def fates(network: Network, round_: int = 0, name: str = "down") -> list[float | None]:
    lane = Lane(network, name, round_, clock=Clock())
    return [lane(b"") for _ in range(2000)]


def test_every_client_of_a_round_has_the_same_schedule_and_every_round_another() -> None:
    network = Network(loss=2, jitter_ms=20, reorder=True)
    assert fates(network) == fates(network)
    assert fates(network) != fates(network, 1)
    assert fates(network) != fates(network, name="up")
    assert fates(network) != fates(Network(loss=2, jitter_ms=20, reorder=True, seed=2))


def test_as_many_are_lost_and_as_late_as_was_asked_for() -> None:
    found = fates(Network(loss=10, jitter_ms=20, delay_ms=5, reorder=True))
    delays = [one for one in found if one is not None]
    assert 150 < found.count(None) < 250
    assert all(0.005 <= one <= 0.025 for one in delays)
    assert sum(delays) / len(delays) == pytest.approx(0.015, abs=0.001)


@given(st.lists(st.floats(0, 0.02), min_size=2, max_size=50))
def test_without_reordering_none_overtakes_another(waits: list[float]) -> None:
    clock = Clock()
    lane = Lane(Network(jitter_ms=50), "down", clock=clock)
    out = []
    for wait in waits:
        clock.now += wait
        delay = lane(b"")
        assert delay is not None
        out.append(clock.now + delay)
    assert all(later > earlier for earlier, later in pairwise(out))


@dataclass
class Stream:
    """Frames of four packets at 30 frames a second; what is lost of them."""

    clock: Clock = field(default_factory=Clock)
    frame: int = 0
    lost: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.losing = LostTwice(frozenset({REPAIR}), 1.0, self.clock)

    def send(self, packets: int = 4) -> None:
        self.frame += 1
        for index in range(packets):
            datagram = rtp(MEDIA, timestamp=3000 * self.frame, marker=index == packets - 1)
            if self.losing.loses(datagram):
                self.lost.append((self.frame, index))
        self.clock.now += 1 / 30

    def send_for(self, seconds: float) -> None:
        end = self.clock.now + seconds
        while self.clock.now < end:
            self.send()

    @property
    def repaired(self) -> bool:
        return not self.losing.loses(rtp(REPAIR))


def test_nothing_is_lost_while_it_is_calm() -> None:
    stream = Stream()
    stream.send_for(0.9)
    assert stream.lost == []
    assert stream.repaired


def test_one_packet_is_lost_at_each_place_with_what_repairs_it() -> None:
    stream = Stream()
    places = []
    for _ in range(3):
        stream.send_for(LOST_TWICE_EVERY_S)
        places.append(stream.lost[-1][1])
    assert places == [0, 2, 3]
    assert len(stream.lost) == 3
    assert [loss.place for loss in stream.losing.losses] == ["first", "middle", "last"]


def test_retransmissions_are_lost_for_a_second() -> None:
    stream = Stream()
    while not stream.lost:
        stream.send()
    assert not stream.repaired
    stream.clock.now += 0.9
    assert not stream.repaired
    stream.clock.now += 0.2
    assert stream.repaired


def test_a_key_frame_is_known_by_its_size_and_loses_one_packet() -> None:
    stream = Stream()
    stream.send_for(3 * LOST_TWICE_EVERY_S)
    while len(stream.lost) < 4:
        stream.send()
    # The one that has the client ask for a key frame is no loss by itself.
    assert len(stream.losing.losses) == 3
    stream.send_for(0.1)
    stream.send(packets=40)
    stream.send_for(1.0)
    assert len(stream.lost) == 5
    assert [loss.place for loss in stream.losing.losses] == list(PLACES)
    assert 0 < stream.lost[-1][1] < 39


@pytest.mark.parametrize("datagram", [b"", b"\x01" * 20, b"\x16" + bytes(40), b"\x80\xc8" * 20])
def test_only_media_is_lost(datagram: bytes) -> None:
    losing = LostTwice(frozenset({REPAIR}), 0.0, Clock())
    assert not losing.loses(datagram)


def test_a_freeze_is_from_the_last_frame_before_a_loss_to_the_next_new_one() -> None:
    arrivals = [moment * MS for moment in (0, 30, 60, 260, 290, 1000)]
    assert freezes_ms([Loss("first", 61 * MS)], arrivals, 1000 * MS) == {"first": 710.0}
    losses = [Loss("first", 61 * MS), Loss("last", 291 * MS)]
    assert freezes_ms(losses, arrivals, 1000 * MS) == {"first": 200.0, "last": 710.0}


def test_a_stream_that_does_not_come_back_has_frozen_to_the_end() -> None:
    assert freezes_ms([Loss("key", 61 * MS)], [30 * MS, 60 * MS], 560 * MS) == {"key": 500.0}
    assert freezes_ms([], [30 * MS], 560 * MS) == {}
