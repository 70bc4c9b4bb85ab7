"""What a network does to datagrams: a seeded schedule, and the fate of each by it. Pure."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

from reactor_env.bench.network.packets import RtpHeader, rtp_header

MAX_LOSS, MAX_DELAY_MS = 50.0, 2000.0

LOST_TWICE_EVERY_S = 6.0
"""Between two of the losses of :attr:`Network.lost_twice`: a client may need seconds for each."""

PLACES = ("first", "middle", "last", "key")
"""Which packet of a frame is lost, in this order; ``key`` is one of a key frame."""

_REPAIR_S = 1.0
"""As long every retransmission is lost with the packet."""
_KEY_WAIT_S = 4.0
"""As long a key frame is waited for."""
_KEY_TIMES = 2.5
"""A frame with so many times the packets of those around it is taken for a key frame; SRTP hides
what it is."""
_RECENT = 31
_ORDER_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network between runtime and client.

    Attributes:
        loss: Percent of the datagrams that are lost, each way, whatever is in them.
        jitter_ms: Up to as much longer a datagram is on its way, uniformly drawn.
        delay_ms: How long each is on its way at least, each way.
        reorder: Whether a datagram may overtake another, as with netem; else one that is late
            holds up those behind it, as a queue does.
        lost_twice: Whether, every :data:`LOST_TWICE_EVERY_S`, one packet of a video frame is
            lost and every retransmission of it, at each of :data:`PLACES` in turn.
        seed: Of the schedule.

    Raises:
        ValueError: If a value does not fit.
    """

    loss: float = 0.0
    jitter_ms: float = 0.0
    delay_ms: float = 0.0
    reorder: bool = False
    lost_twice: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if not 0 <= self.loss <= MAX_LOSS:
            raise ValueError(f"`loss` must be 0 to {MAX_LOSS:g} percent, got {self.loss}")
        for name in ("jitter", "delay"):
            value = getattr(self, f"{name}_ms")
            if not 0 <= value <= MAX_DELAY_MS:
                raise ValueError(f"`{name}` must be 0 to {MAX_DELAY_MS:g} ms, got {value}")
        if self.reorder and not self.jitter_ms:
            raise ValueError("`reorder` needs a jitter, got `jitter` 0")

    @property
    def impaired(self) -> bool:
        """Whether it does anything at all."""
        return bool(self.loss or self.jitter_ms or self.delay_ms or self.lost_twice)

    @property
    def name(self) -> str:
        """What it is called in files and tables, for example ``loss2-jitter20``; may be empty."""
        words = [
            f"{word}{value:g}"
            for word, value in (
                ("loss", self.loss),
                ("jitter", self.jitter_ms),
                ("delay", self.delay_ms),
            )
            if value
        ]
        words += [word for word in ("reorder", "lost_twice") if getattr(self, word)]
        return "-".join(words).replace("_", "-")

    def as_dict(self) -> dict[str, Any]:
        """Return the values, for JSON."""
        return asdict(self)


class Lane:
    """One direction of a network.

    The n-th datagram has the same fate for every client, for the same network, direction and
    round.

    Args:
        network: The network.
        name: Which direction, for its own part of the schedule.
        round_: Which round, likewise.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        network: Network,
        name: str,
        round_: int = 0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network = network
        self._random = random.Random(f"{network.seed}, {name}, {round_}")
        self._clock = clock
        self._last = float("-inf")

    def __call__(self, _datagram: bytes) -> float | None:
        """Return how many seconds a datagram is on its way, ``None`` where it is lost."""
        network = self._network
        # Both are always drawn, so that the schedule of delays does not depend on the loss.
        lost, share = 100 * self._random.random() < network.loss, self._random.random()
        if lost:
            return None
        delay = (network.delay_ms + share * network.jitter_ms) / 1000
        if network.reorder or not delay:
            return delay
        now = self._clock()
        # A little later than the one before: timers of one moment have no order.
        self._last = max(now + delay, self._last + _ORDER_S)
        return self._last - now


@dataclass(frozen=True, slots=True)
class Loss:
    """One packet that was lost with all that would repair it.

    Attributes:
        place: One of :data:`PLACES`.
        at_ns: When, on :func:`time.monotonic_ns`.
    """

    place: str
    at_ns: int


@dataclass
class LostTwice:
    """Loses one packet after another, each with its retransmissions; the other packets go on.

    Args:
        repairs: The payload types of retransmissions.
        calm_s: How long nothing is lost.
        clock: Seconds, monotonic, of :func:`time.monotonic`.

    Attributes:
        losses: What was lost so far; of a key frame, the packet of it.
    """

    repairs: frozenset[int]
    calm_s: float
    clock: Callable[[], float] = time.monotonic
    losses: list[Loss] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin now."""
        self._due = self.clock() + self.calm_s
        self._no_repair_until = float("-inf")
        self._key_until = float("-inf")
        self._sizes: deque[int] = deque([1], maxlen=_RECENT)
        self._timestamp = -1
        self._index = 0

    def loses(self, datagram: bytes) -> bool:
        """Tell whether a datagram from the server is lost."""
        header = rtp_header(datagram)
        if header is None:
            return False
        now = self.clock()
        if header.payload_type in self.repairs:
            return now < self._no_repair_until
        self._index = self._index + 1 if header.timestamp == self._timestamp else 0
        self._timestamp = header.timestamp
        usual = sorted(self._sizes)[len(self._sizes) // 2]
        if header.marker:
            self._sizes.append(self._index + 1)
        if now < self._key_until and self._index >= _KEY_TIMES * usual:
            self._key_until = float("-inf")
            self._lose("key", now)
            return True
        if now < self._due or not self._here(header, usual):
            return False
        place = _place(len(self.losses))
        self._due += LOST_TWICE_EVERY_S
        if place == "key":
            # What is lost first only has the client ask for one.
            self._key_until = now + _KEY_WAIT_S
            self._no_repair_until = now + _REPAIR_S
        else:
            self._lose(place, now)
        return True

    def _here(self, header: RtpHeader, usual: int) -> bool:
        place = _place(len(self.losses))
        if place == "first":
            return self._index == 0 and not header.marker
        if place == "last":
            return header.marker
        return self._index == max(usual // 2, 1) and not header.marker

    def _lose(self, place: str, now: float) -> None:
        self._no_repair_until = now + _REPAIR_S
        self.losses.append(Loss(place, int(now * 1e9)))


def _place(count: int) -> str:
    return PLACES[count % len(PLACES)]


def freezes_ms(losses: Sequence[Loss], arrivals_ns: Sequence[int], end_ns: int) -> dict[str, float]:
    """Return the longest freeze after the losses at each place.

    Args:
        losses: What was lost, in order.
        arrivals_ns: When frames that had not been seen before arrived, in order.
        end_ns: When nobody looked any more.

    Returns:
        By place, in milliseconds, the longest time without a new frame from the last one before a
        loss on, up to the next loss.
    """
    found: dict[str, float] = {}
    ends = [*(loss.at_ns for loss in losses[1:]), end_ns]
    for loss, end in zip(losses, ends, strict=False):
        before = [moment for moment in arrivals_ns if moment <= loss.at_ns][-1:]
        after = [moment for moment in arrivals_ns if loss.at_ns < moment <= end]
        moments = [*before, *after, max(end, loss.at_ns)]
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        if gaps:
            found[loss.place] = max(found.get(loss.place, 0.0), max(gaps) / 1e6)
    return found
