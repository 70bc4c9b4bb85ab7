"""Which lost packets are asked for again, and when. Pure but for the clock it is given.

aiortc 1.16 asks for a missing packet once, when it notices that it is missing, and then names it
again whenever another one is. If request or retransmission is lost too, nothing asks again
(``webrtc.md`` A3). Here a packet is asked for again after each round trip in which it did not
come, and for how long to wait at all follows from the same round trip.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtp import RtpPacket

FIRST_ROUND_TRIP_S = 0.01
"""What is assumed until a retransmission has come."""

LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.01, 0.2
LEAST_PATIENCE_S, MOST_PATIENCE_S = 0.06, 0.6

TRIES_WAITED_FOR = 4
"""So many requests may fail before a packet is given up."""

MOST_MISSING = 256
"""More missing packets than that are no loss to be repaired packet by packet."""

_HALF, _WRAP = 1 << 15, 1 << 16


@dataclass(slots=True)
class _Missing:
    asked_at: float
    since: float


class NackSchedule:
    """Takes the place of aiortc's ``NackGenerator``.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._highest: int | None = None
        self._missing: dict[int, _Missing] = {}
        self._new: list[int] = []
        self._round_trip_s = FIRST_ROUND_TRIP_S
        self._deviation_s = FIRST_ROUND_TRIP_S / 4

    @property
    def missing(self) -> list[int]:
        """The packets that :meth:`add` has just found missing, which aiortc then asks for."""
        return self._new

    @property
    def waiting(self) -> bool:
        """Whether any packet is waited for."""
        oldest = self._clock() - self.patience_s
        return any(one.since > oldest for one in self._missing.values())

    @property
    def interval_s(self) -> float:
        """After so many seconds a packet is asked for again: most of the round trips are over."""
        found = self._round_trip_s + 2 * self._deviation_s
        return min(max(found, LEAST_INTERVAL_S), MOST_INTERVAL_S)

    @property
    def patience_s(self) -> float:
        """After so many seconds a packet is not worth waiting for any more."""
        found = TRIES_WAITED_FOR * self.interval_s
        return min(max(found, LEAST_PATIENCE_S), MOST_PATIENCE_S)

    def add(self, packet: RtpPacket) -> bool:
        """Take a packet, in whatever order.

        Returns:
            Whether it shows that others are missing.
        """
        number, now = packet.sequence_number, self._clock()
        if self._highest is None:
            self._highest = number
            return False
        ahead = (number - self._highest + _HALF) % _WRAP - _HALF
        if ahead <= 0:
            self._came(number, now)
            return False
        between = [(self._highest + step) % _WRAP for step in range(1, ahead)]
        self._highest = number
        if len(between) > MOST_MISSING:
            self._missing.clear()
            return False
        if between:
            # What comes after all is no longer of use, but tells how long it took.
            oldest = now - MOST_PATIENCE_S
            self._missing = {n: one for n, one in self._missing.items() if one.since > oldest}
            self._missing |= {missing: _Missing(now, now) for missing in between}
            self._new = between
        return bool(between)

    def due(self) -> list[int]:
        """Return which packets are to be asked for again now; not those that are given up."""
        now = self._clock()
        found = [
            number
            for number, one in self._missing.items()
            if now - one.asked_at >= self.interval_s and now - one.since < self.patience_s
        ]
        for number in found:
            self._missing[number].asked_at = now
        return found

    def _came(self, number: int, now: float) -> None:
        one = self._missing.pop(number, None)
        if one is None:
            return
        # From the first request, whichever it answers: from the last, a round trip that is longer
        # than the interval could never be learned.
        sample = now - one.since
        self._deviation_s += (abs(sample - self._round_trip_s) - self._deviation_s) / 4
        self._round_trip_s += (sample - self._round_trip_s) / 8
