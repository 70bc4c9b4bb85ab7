"""Ctrl-C that asks before it stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self


class Interrupt:
    """Takes the first Ctrl-C as a request, and the second as an order.

    Where the training is when Ctrl-C comes, the network may be half updated, or a step half
    stored; at its next step everything is whole and can be saved. Outside of the main thread,
    where signals cannot be handled, it does nothing.

    Args:
        on_ask: Called at the first one.

    Attributes:
        asked: Whether there was one.
    """

    def __init__(self, on_ask: Callable[[], None] = lambda: None) -> None:
        self.asked = False
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
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._on_ask()
