"""A thread that does what it is given in order, and refuses what it has no room for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]


class Worker:
    """Runs jobs one after another on a thread of its own, which the first one starts.

    Neither :meth:`submit` nor :meth:`offer` ever waits.

    Args:
        name: The thread's.
        room: How many offered jobs may wait or run at a time.
    """

    def __init__(self, name: str, room: int) -> None:
        self._name = name
        self._room = room
        self._jobs: SimpleQueue[tuple[Job, bool] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._offered = 0
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Have a job done, whatever waits already.

        Args:
            job: Must not raise.
        """
        self._put(job, False)

    def offer(self, job: Job) -> bool:
        """Have a job done if there is room for it.

        Args:
            job: Must not raise.

        Returns:
            Whether it will be done.
        """
        with self._lock:
            if self._offered >= self._room:
                return False
            self._offered += 1
        self._put(job, True)
        return True

    def close(self, timeout_s: float) -> bool:
        """Let everything be done and end the thread; a later job starts another one.

        Args:
            timeout_s: Seconds to wait for it at most.

        Returns:
            Whether everything is done.
        """
        thread = self._thread
        if thread is None:
            return True
        self._jobs.put(None)
        thread.join(timeout_s)
        if thread.is_alive():
            return False
        self._thread = None
        return True

    def _put(self, job: Job, offered: bool) -> None:
        self._jobs.put((job, offered))
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while (entry := self._jobs.get()) is not None:
            job, offered = entry
            del entry  # it holds a picture until the next one comes
            try:
                job()
            finally:
                del job
                if offered:
                    with self._lock:
                        self._offered -= 1
