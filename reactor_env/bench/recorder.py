"""What a peer's process notes while it is measured: appends to lists, and reads stamps later."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.trace import STAGES, UNREADABLE, Trace
from reactor_env.client.video import parse_metadata
from reactor_env.latency.stamp import (
    ACTION_BITS,
    CLOCK_BITS,
    Stamp,
    read_points,
    read_stamp,
    stamp_points,
    unwrap,
)

_NO_ACTION = 2**ACTION_BITS - 1
_MOST_PICTURES = 6


class Recorder:
    """Notes frames and commands; from any thread.

    A frame costs the copy of some hundred pixels; stamps are read by :meth:`trace`, after the
    measurement.

    Attributes:
        framed: Set when the first frame with a stamp was there.
        first_ns: When that was; 0 before.
        keeping: Whether whole pictures are kept, a few; set from outside.
        pictures: Those.
    """

    def __init__(self) -> None:
        self.framed = threading.Event()
        self.first_ns = 0
        self.keeping = False
        self.pictures: list[NDArray[np.uint8]] = []
        self._frames: list[tuple[int, NDArray[Any], bytes, Sequence[int]]] = []
        self._small: list[int] = []
        self._commands: dict[int, tuple[int, int]] = {}
        self._acks: dict[int, int] = {}

    def frame(
        self,
        picture: NDArray[np.uint8],
        user_data: bytes = b"",
        moments: Sequence[int] = (),
    ) -> None:
        """Note a frame that has just come into its user's hands.

        Args:
            picture: (H, W, 3) uint8 RGB.
            user_data: Its metadata, where the client has it.
            moments: Of a traced turn: all :data:`~reactor_env.bench.trace.STAGES` but the last.
        """
        now = time.monotonic_ns()
        if self.keeping and len(self.pictures) < _MOST_PICTURES:
            self.pictures.append(picture.copy())
        if self.first_ns:
            self._frames.append((now, stamp_points(picture), user_data, moments))
        elif read_stamp(picture) is not None:
            # The one or two before it are black: the runtime's own (``platform.md`` B11).
            self.first_ns = now
            self.framed.set()

    def observation(self) -> None:
        """Note a small observation that has just come into its user's hands."""
        self._small.append(time.monotonic_ns())

    def command(self, sequence: int, due_ns: int) -> None:
        """Note a command that leaves now."""
        self._commands[sequence] = (due_ns, time.monotonic_ns())

    def acknowledged(self, sequence: int, at_ns: int | None = None) -> None:
        """Note that the answer to a command came, now by default."""
        self._acks[sequence] = time.monotonic_ns() if at_ns is None else at_ns

    def trace(self, peer: str, facts: dict[str, Any]) -> Trace:
        """Read the stamps and return everything that was noted."""
        now_us = time.monotonic_ns() // 1000
        rows, stages = [], []
        for arrival, points, user_data, moments in self._frames:
            values = _values(read_points(points), now_us)
            rows.append((arrival, *values, told_number(user_data)))
            if moments and values[0] != UNREADABLE:
                stages.append((values[1], *moments, arrival))
        columns = np.array(rows, np.int64).reshape(-1, 5).T
        commands = np.array(
            [(*times, self._acks.get(n, 0), n) for n, times in self._commands.items()], np.int64
        )
        due, sent, acked, sequence = commands.reshape(-1, 4).T
        return Trace(
            peer=peer,
            facts=facts,
            arrival=columns[0],
            number=columns[1],
            emission=columns[2],
            action=columns[3],
            told=columns[4],
            small=np.array(self._small, np.int64),
            due=due,
            sent=sent,
            acked=acked,
            sequence=sequence,
            stages=np.array(stages, np.int64).reshape(-1, 1 + len(STAGES)),
        )


def told_number(user_data: bytes) -> int:
    """Return the number of a frame by its metadata; :data:`UNREADABLE` without."""
    number = parse_metadata(user_data).get("n")
    return int(number) if isinstance(number, int | float) else UNREADABLE


def _values(stamp: Stamp | None, now_us: int) -> tuple[int, int, int]:
    if stamp is None:
        return UNREADABLE, 0, UNREADABLE
    # A turn is too short for the counters of frames and actions to begin anew.
    clock_us = unwrap(stamp.clock_us, CLOCK_BITS, now_us)
    action = UNREADABLE if stamp.action == _NO_ACTION else stamp.action
    return stamp.number, 1000 * clock_us, action
