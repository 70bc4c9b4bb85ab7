"""What a measurement asks of the machine: cores of its own, quiet, and what processes cost."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reactor_env.latency.report import load_average

_STAT = Path("/proc/stat")
_LOOK_S = 0.5
QUIET = 0.15
"""The share of the machine that may be busy when a round begins."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores whom.

    Attributes:
        runtime: Of the runtime.
        peer: Of the peer; empty, like the other, where processes cannot be bound to cores.
    """

    runtime: frozenset[int]
    peer: frozenset[int]


def share_cores(available: frozenset[int]) -> Cores:
    """Give the peer the last core and the runtime the others; no cores where there are too few."""
    if len(available) < 2:
        return Cores(frozenset(), frozenset())
    last = max(available)
    return Cores(available - {last}, frozenset({last}))


def available_cores() -> frozenset[int]:
    """Return the cores this process may use; none where the system does not bind to cores."""
    if sys.platform != "linux":
        return frozenset()
    return frozenset(os.sched_getaffinity(0))


def bind(cores: frozenset[int]) -> None:
    """Bind this thread, and what it starts from now on, to cores; none means as it is."""
    if cores and sys.platform == "linux":
        os.sched_setaffinity(0, cores)


@contextmanager
def bound(cores: frozenset[int]) -> Iterator[None]:
    """Start processes on these cores within the context."""
    before = available_cores()
    bind(cores)
    try:
        yield
    finally:
        bind(before)


def busy_share(seconds: float = _LOOK_S) -> float | None:
    """Measure which share of the machine is busy, 0 to 1; ``None`` where it is not told."""
    before = _ticks()
    time.sleep(seconds)
    after = _ticks()
    if before is None or after is None or after[1] == before[1]:
        return None
    return 1 - (after[0] - before[0]) / (after[1] - before[1])


@dataclass(frozen=True, slots=True)
class Gate:
    """What was found before a round.

    Attributes:
        waited_s: How long it was waited for quiet.
        busy: The share of the machine that was busy in the end; ``None`` where it is not told.
        load: The load average over a minute.
    """

    waited_s: float
    busy: float | None
    load: float


def wait_for_quiet(patience_s: float) -> Gate:
    """Wait until the machine is quiet, or patience is over; the report tells which.

    Args:
        patience_s: Seconds.
    """
    began = time.monotonic()
    while True:
        busy = busy_share()
        waited = time.monotonic() - began
        if busy is None or busy <= QUIET or waited >= patience_s:
            return Gate(round(waited, 2), busy, load_average())


def cpu_ns(pid: int) -> int | None:
    """Return the CPU time of a process so far in nanoseconds; ``None`` where it is not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # utime and stime are the 14th and 15th of proc(5), the name the 2nd.
    ticks = int(fields[11]) + int(fields[12])
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def _ticks() -> tuple[int, int] | None:
    """Return idle and all ticks of the machine."""
    if not _STAT.exists():
        return None
    values = [int(value) for value in _STAT.read_text().splitlines()[0].split()[1:9]]
    return values[3] + values[4], sum(values)
