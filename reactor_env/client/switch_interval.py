"""How soon a thread that computes in Python lets the one that receives video run.

A thread that wants the interpreter waits for up to the switch interval, 5 ms by default, and
whoever receives video wants it again after every call into the system: beside a thread that
computes in Python all the time each frame comes late by many such waits (``webrtc.md`` A5). What a
shorter interval changes is in ``benchmarks/reports/busy.md``.
"""

from __future__ import annotations

import sys
import threading

INTERVAL_S = 0.0005
"""The switch interval while video is received."""


class ShortSwitches:
    """Holds the process's switch interval at :data:`INTERVAL_S` while anybody is in it.

    The interval is the process's, so that the first to enter sets it and the last to leave sets it
    back. One that is shorter already is left alone, and so is one that was set meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = INTERVAL_S

    def __enter__(self) -> None:
        """Shorten the interval."""
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before, INTERVAL_S))

    def __exit__(self, *_: object) -> None:
        """Set it back, if nobody else needs it."""
        with self._lock:
            self._inside -= 1
            if not self._inside and sys.getswitchinterval() == INTERVAL_S:
                sys.setswitchinterval(self._before)


short_switches = ShortSwitches()
"""The one of this process."""
