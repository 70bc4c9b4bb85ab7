"""What an environment may leave behind: threads, and processes where psutil can list them."""

from __future__ import annotations

import importlib.util
import threading
import time
from typing import Any

_OURS = ("reactor-", "video-decoder", "audio-decoder")
"""How the names begin of threads that a session, a vector or a runtime starts."""

_STAY = ("reactor-env-loop", "reactor-env-exit")
"""The process's one event loop, which every session shares."""

_POLL_S = 0.05


class Before:
    """The threads and child processes there were before an environment was made."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._children = _children()

    def left(self, wait_s: float) -> list[str]:
        """Return what is there now and was not before, once it has had time to go.

        Args:
            wait_s: Seconds until what is still there counts as left.

        Returns:
            A line for each; none when nothing is left.
        """
        deadline = time.monotonic() + wait_s
        while True:
            found = [*self._left_threads(), *self._left_processes()]
            if not found or time.monotonic() >= deadline:
                return found
            time.sleep(_POLL_S)

    def _left_threads(self) -> list[str]:
        return [
            f"thread {thread.name}"
            for thread in threading.enumerate()
            if thread not in self._threads
            and thread.name.startswith(_OURS)
            and thread.name not in _STAY
        ]

    def _left_processes(self) -> list[str]:
        return [f"process {child.pid} ({child.name()})" for child in _children() - self._children]


def _children() -> set[Any]:
    if importlib.util.find_spec("psutil") is None:
        return set()
    import psutil

    return set(psutil.Process().children(recursive=True))
