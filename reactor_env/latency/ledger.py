"""Which frame showed which action first, and how long that took."""

from __future__ import annotations

import threading
from collections import OrderedDict

_KEPT = 256


class ActionLedger:
    """Pairs sent actions with the first frame made after each was applied.

    Written by the sending thread and by the event loop. Times are nanoseconds of
    :func:`time.monotonic_ns`. An action that was overwritten before any frame was made has no
    such frame and never gets a latency.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sent: OrderedDict[int, int] = OrderedDict()
        self._shown: OrderedDict[int, float] = OrderedDict()

    def sent(self, sequence: int, time_ns: int) -> None:
        """Note that an action left."""
        with self._lock:
            self._sent[sequence] = time_ns
            while len(self._sent) > _KEPT:
                self._sent.popitem(last=False)

    def arrived(self, sequence: int, time_ns: int) -> None:
        """Note a frame whose metadata names an action; only the first one counts."""
        with self._lock:
            sent = self._sent.pop(sequence, None)
            if sent is not None:
                self._shown[sequence] = (time_ns - sent) / 1e6
                while len(self._shown) > _KEPT:
                    self._shown.popitem(last=False)

    def take(self, sequence: int | None) -> float | None:
        """Return the latency of an action in milliseconds, once.

        Args:
            sequence: The action that the returned frame shows.

        Returns:
            Action to first frame in milliseconds; ``None`` when no frame has shown it, or when
            it was taken before.
        """
        if sequence is None:
            return None
        with self._lock:
            return self._shown.pop(sequence, None)

    def clear(self) -> None:
        """Forget everything; between episodes."""
        with self._lock:
            self._sent.clear()
            self._shown.clear()
