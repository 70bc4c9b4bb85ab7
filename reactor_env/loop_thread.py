"""The package's one event-loop thread, and blocking calls into it.

Pings and media of all sessions run on it, whatever the caller's thread does meanwhile.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
import weakref
from collections.abc import Coroutine
from typing import Any, ClassVar, TypeVar

from reactor_env.client.errors import ReactorTimeoutError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_STOP_TIMEOUT_S = 10.0


class LoopThread:
    """An event loop on a daemon thread of its own; get the shared one by :meth:`shared`."""

    _shared: ClassVar[LoopThread | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._closers: weakref.WeakSet[Any] = weakref.WeakSet()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="reactor-env-loop", daemon=True)
        self._thread.start()
        threading.Thread(target=self._follow_main_thread, name="reactor-env-exit").start()

    @classmethod
    def shared(cls) -> LoopThread:
        """Return this process's loop thread, started at the first call."""
        with cls._lock:
            if cls._shared is None or cls._shared._pid != os.getpid():
                cls._shared = cls()
            return cls._shared

    def run(self, coroutine: Coroutine[Any, Any, T], *, timeout_s: float, what: str) -> T:
        """Run a coroutine on the loop and wait for its result.

        Args:
            coroutine: What to run. It is cancelled when the wait ends early, also by Ctrl-C.
            timeout_s: Seconds to wait.
            what: Names what is waited for, for the error.

        Raises:
            ReactorTimeoutError: If there is no result in time.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a blocking call was made on the event-loop thread")
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(timeout_s)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise  # the coroutine's own
            future.cancel()
            raise ReactorTimeoutError(f"{what} took longer than {timeout_s:g} s") from None
        except BaseException:
            future.cancel()
            raise

    def start(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Run a coroutine on the loop without waiting for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def close_at_exit(self, closable: Any) -> None:
        """Have ``closable.close()`` called before the interpreter exits, unless it is gone by then.

        aiortc's decoder threads are not daemons: a session nobody closed would keep the
        interpreter from exiting, and a hosted one would go on being billed.
        """
        self._closers.add(closable)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def _follow_main_thread(self) -> None:
        # Runs while the interpreter waits for threads, before the atexit functions.
        threading.main_thread().join()
        for closable in tuple(self._closers):
            try:
                closable.close()
            except Exception:
                logger.exception("a session could not be closed at exit")
