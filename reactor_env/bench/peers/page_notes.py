"""What a page noted while it was measured, as columns of a trace. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.peers.page_clock import PageClock
from reactor_env.bench.trace import UNREADABLE, Integers, Trace
from reactor_env.latency.stamp import ACTION_BITS, CLOCK_BITS, unwrap

_NO_ACTION = 2**ACTION_BITS - 1


class Notes(TypedDict):
    """The notes of ``browser.js``; times are the page's, in milliseconds.

    Attributes:
        frames: Of each frame when its pixels were there, what its stamp said (number, clock,
            action; number -1 where it was damaged), and how long its pixels took.
        small: When each small observation was there.
        sent: The number of each command and when it left.
    """

    frames: list[tuple[float, int, int, int, float]]
    small: list[float]
    sent: list[tuple[int, float]]


def put_notes(trace: Trace, notes: Notes, clock: PageClock, now_us: int) -> None:
    """Put a page's notes into a trace that has commands and no frames.

    Args:
        trace: The trace; changed. Its ``sent`` becomes when commands left the page. Its facts get
            ``page``: in milliseconds what taking the pixels of a frame took and what handing a
            command to the page took (``read_p50``, ``read_p99``, ``handed_p50``,
            ``handed_p99``), and the ``clock_uncertainty``.
        notes: The notes.
        clock: The page's clock.
        now_us: This process's, within half an hour of every frame.
    """
    frames = np.array(notes["frames"], float).reshape(-1, 5)
    number, clock_us, action = frames[:, 1:4].astype(np.int64).T
    readable = number != UNREADABLE
    trace.arrival = _integers(clock.here_ns(ms) for ms in frames[:, 0])
    trace.number = number
    made_us = _integers(unwrap(int(us), CLOCK_BITS, now_us) for us in clock_us)
    trace.emission = np.where(readable, 1000 * made_us, 0)
    trace.action = np.where(readable & (action != _NO_ACTION), action, UNREADABLE)
    trace.told = np.full_like(number, UNREADABLE)
    trace.small = _integers(map(clock.here_ns, notes["small"]))
    handed = dict(zip(trace.sequence.tolist(), trace.sent.tolist(), strict=True))
    left = {sequence: clock.here_ns(ms) for sequence, ms in notes["sent"]}
    trace.sent = _integers((handed | left).values())
    took = [left[sequence] - handed[sequence] for sequence in left]
    trace.facts["page"] = {
        **_percentiles("read", frames[:, 4]),
        **_percentiles("handed", np.array(took) / 1e6),
        "clock_uncertainty": clock.uncertainty_ns / 1e6,
    }


def _integers(values: Iterable[int]) -> Integers:
    return np.fromiter(values, np.int64)


def _percentiles(name: str, values: NDArray[Any]) -> dict[str, float]:
    if not values.size:
        return {}
    return {f"{name}_p{p}": round(float(np.percentile(values, p)), 3) for p in (50, 99)}
