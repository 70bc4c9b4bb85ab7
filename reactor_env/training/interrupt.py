"""Ctrl-C that asks before it stops."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

SAME_PRESS_S = 1.0
"""Signals that are closer are one press of the keys: the terminal sends it to every process, and a
wrapper such as ``timeout`` or ``uv run`` passes it on once more."""


class Interrupt:
    """Takes the first Ctrl-C as a request, and the second as an order.

    Where the training is when Ctrl-C comes, the network may be half updated, or a step half
    stored; at its next step everything is whole and can be saved. Outside of the main thread,
    where signals cannot be handled, it does nothing.

    Args:
        on_ask: Called at the first one.
        clock: Seconds that never go back.

    Attributes:
        asked: Whether there was one.
    """

    def __init__(
        self,
        on_ask: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.asked = False
        self._clock = clock
        self._asked_at = 0.0
        self._on_ask = on_ask
        self._before: Any = None

    def __enter__(self) -> Self:
        """Handle Ctrl-C from now on."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Let it be handled as before."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = self._clock()
        if not self.asked:
            self.asked, self._asked_at = True, now
            self._on_ask()
        elif now - self._asked_at >= SAME_PRESS_S:
            raise KeyboardInterrupt
