"""The package's one event-loop thread, and blocking calls into it.

Pings and media of all sessions run on it, whatever the caller's thread does meanwhile. A forked
process has no copy of it, nor of the threads of the libraries below, so that there nothing can be
done with a session, nor with a new one: everything raises :class:`ForkedProcessError`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, TypeVar

from reactor_env.client.errors import ReactorClientError, ReactorTimeoutError

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FORKED = (
    "no session can be used or opened in a process that was forked from one with sessions, whose "
    'threads it does not have: start it by "spawn" or "forkserver" '
    "(`multiprocessing.get_context`, `context` of Gymnasium's AsyncVectorEnv, `start_method` of "
    "Stable-Baselines3's SubprocVecEnv), or fork before the first reset()"
)


class ForkedProcessError(ReactorClientError):
    """This process was forked from one that had opened sessions, and cannot use or open any."""


def check_process(pid: int) -> None:
    """Refuse to use in a forked process what has its threads in the parent.

    Args:
        pid: The process that the threads are in.

    Raises:
        ForkedProcessError: If it is not this one.
    """
    if pid != os.getpid():
        raise ForkedProcessError(_FORKED)


_Gathered = dict[asyncio.AbstractEventLoop, list[Callable[[], None]]]
_gathering = threading.local()


@contextmanager
def together() -> Iterator[None]:
    """Have a loop begin everything at once that this thread gives it meanwhile.

    Waking a loop costs each time, and lets it take the interpreter from this thread. Nothing that
    is given to it may be waited for before this ends.
    """
    gathered: _Gathered = {}
    _gathering.into = gathered
    try:
        yield
    finally:
        _gathering.into = None
        for loop, calls in gathered.items():
            loop.call_soon_threadsafe(_call_all, calls)


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
        """Return this process's loop thread, started at the first call.

        Raises:
            ForkedProcessError: If a process that this one was forked from had started it.
        """
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls()
            cls._shared.check_process()
            return cls._shared

    def check_process(self) -> None:
        """Refuse to be used in a process forked from the one that started the thread.

        Raises:
            ForkedProcessError: If this is one.
        """
        check_process(self._pid)

    def run(self, coroutine: Coroutine[Any, Any, T], *, timeout_s: float, what: str) -> T:
        """Run a coroutine on the loop and wait for its result.

        Args:
            coroutine: What to run. It is cancelled when the wait ends early, also by Ctrl-C.
            timeout_s: Seconds to wait.
            what: Names what is waited for, for the error.

        Raises:
            ReactorTimeoutError: If there is no result in time.
            ForkedProcessError: If the thread is another process's.
        """
        return self.run_ahead(coroutine, timeout_s=timeout_s, what=what)()

    def run_ahead(
        self, coroutine: Coroutine[Any, Any, T], *, timeout_s: float, what: str
    ) -> Callable[[], T]:
        """Run a coroutine on the loop, and return what waits for its result.

        Within :func:`together`, it begins when that ends. Arguments and errors as for :meth:`run`;
        the time begins with the wait.
        """
        self._check_process_of(coroutine)
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a blocking call was made on the event-loop thread")
        return partial(self._wait, self._begin(coroutine), timeout_s, what)

    def _wait(self, future: concurrent.futures.Future[T], timeout_s: float, what: str) -> T:
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
        """Run a coroutine on the loop without waiting for it.

        Raises:
            ForkedProcessError: If the thread is another process's.
        """
        self._check_process_of(coroutine)
        return self._begin(coroutine)

    def close_at_exit(self, closable: Any) -> None:
        """Have ``closable.close()`` called before the interpreter exits, unless it is gone by then.

        aiortc's decoder threads are not daemons: a session nobody closed would keep the
        interpreter from exiting, and a hosted one would go on being billed.
        """
        self._closers.add(closable)

    def _check_process_of(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        try:
            self.check_process()
        except ForkedProcessError:
            coroutine.close()
            raise

    def _begin(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Do as :func:`asyncio.run_coroutine_threadsafe`, a third sooner.

        The coroutine begins at once when the loop wakes up, not in its next turn, and there is no
        second future that follows the task.
        """
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        begin = partial(_begin, coroutine, future, self.loop)
        gathered: _Gathered | None = getattr(_gathering, "into", None)
        if gathered is not None:
            gathered.setdefault(self.loop, []).append(begin)
        else:
            self.loop.call_soon_threadsafe(begin)
        return future

    @classmethod
    def _forked(cls) -> None:
        # Another thread may have held it, and is not here to let go of it.
        cls._lock = threading.Lock()

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


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


def _begin[R](
    coroutine: Coroutine[Any, Any, R],
    future: concurrent.futures.Future[R],
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Run a coroutine as a task whose end is the future's, and the future's cancellation its."""
    if future.cancelled():
        coroutine.close()
        return
    task = asyncio.Task(coroutine, loop=loop, eager_start=True)

    def cancel_too(_: object) -> None:
        if future.cancelled():
            loop.call_soon_threadsafe(task.cancel)

    task.add_done_callback(partial(_settle, future))
    future.add_done_callback(cancel_too)


def _settle[R](future: concurrent.futures.Future[R], task: asyncio.Task[R]) -> None:
    """Give a task's end to whoever waits for it."""
    if task.cancelled():
        future.cancel()
        future.set_running_or_notify_cancel()
        return
    error = task.exception()  # asyncio prints one that nobody looked at
    if not future.set_running_or_notify_cancel():
        return  # nobody waits any longer
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=LoopThread._forked)
