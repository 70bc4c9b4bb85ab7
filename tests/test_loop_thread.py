from __future__ import annotations

import asyncio
import concurrent.futures
import subprocess
import sys
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.loop_thread import LoopThread, together

TIMEOUT_S = 10.0
LOOP = LoopThread.shared()


def run(coroutine: Coroutine[Any, Any, Any], timeout_s: float = TIMEOUT_S) -> Any:
    return LOOP.run(coroutine, timeout_s=timeout_s, what="the test")


def script(*lines: str) -> subprocess.CompletedProcess[str]:
    """Run a program that uses the loop thread, to its end."""
    code = "\n".join(["from reactor_env.loop_thread import LoopThread", *lines])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )


def test_a_result_comes_back() -> None:
    async def answer() -> int:
        return 42

    assert run(answer()) == 42


def test_a_coroutine_runs_on_the_loops_own_thread() -> None:
    async def where() -> str:
        return threading.current_thread().name

    assert run(where()) == "reactor-env-loop"


def test_there_is_one_loop_thread() -> None:
    assert LoopThread.shared() is LOOP


def test_an_exception_comes_back_as_it_is() -> None:
    async def fail() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(fail())


def ahead(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return LOOP.run_ahead(coroutine, timeout_s=TIMEOUT_S, what="the test")


def test_what_runs_ahead_has_begun_before_anybody_waits() -> None:
    begun = threading.Event()

    async def answer() -> int:
        begun.set()
        return 42

    wait = ahead(answer())
    assert begun.wait(TIMEOUT_S)
    assert wait() == 42


def test_what_is_given_together_begins_when_all_of_it_was_given_and_in_order() -> None:
    order: list[str] = []

    async def note(name: str) -> None:
        order.append(name)

    with together():
        waits = [ahead(note("first")), ahead(note("second"))]
        other = threading.Thread(target=lambda: run(note("another thread's")))
        other.start()
        other.join(TIMEOUT_S)
    for wait in waits:
        wait()
    assert order == ["another thread's", "first", "second"]


def test_what_was_given_together_begins_also_where_the_giver_failed() -> None:
    async def answer() -> int:
        return 42

    waits = []

    def give() -> None:
        with together():
            waits.append(ahead(answer()))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        give()
    assert waits[0]() == 42


def test_a_coroutines_own_timeout_is_not_taken_for_ours() -> None:
    async def fail() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own") as raised:
        run(fail())
    assert not isinstance(raised.value, ReactorTimeoutError)


def test_a_wait_that_takes_too_long_says_for_what() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(ReactorTimeoutError, match=r"^the test took longer than 0\.01 s$"):
        run(forever(), timeout_s=0.01)


def test_a_wait_that_takes_too_long_cancels_the_coroutine() -> None:
    cancelled = threading.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(ReactorTimeoutError):
        run(forever(), timeout_s=0.01)
    assert cancelled.wait(TIMEOUT_S)


def test_a_blocking_call_on_the_loops_thread_is_refused() -> None:
    async def inner() -> int:
        return 1

    async def outer() -> None:
        LOOP.run(inner(), timeout_s=TIMEOUT_S, what="deadlock")

    with pytest.raises(RuntimeError, match="a blocking call was made on the event-loop thread"):
        run(outer())


def test_several_threads_may_call_at_the_same_time() -> None:
    async def meet(barrier: asyncio.Event, count: list[int]) -> None:
        count.append(1)
        if len(count) == 2:
            barrier.set()
        await barrier.wait()

    async def new_event() -> asyncio.Event:
        return asyncio.Event()

    barrier = run(new_event())
    count: list[int] = []
    other = threading.Thread(target=run, args=(meet(barrier, count),))
    other.start()
    run(meet(barrier, count))
    other.join(TIMEOUT_S)
    assert not other.is_alive()


def test_start_does_not_wait() -> None:
    async def new_event() -> asyncio.Event:
        return asyncio.Event()

    async def wait(gate: asyncio.Event) -> str:
        await gate.wait()
        return "opened"

    gate = run(new_event())
    future = LOOP.start(wait(gate))
    assert not future.done()
    LOOP.loop.call_soon_threadsafe(gate.set)
    assert future.result(TIMEOUT_S) == "opened"


def test_a_coroutine_that_is_cancelled_on_the_loop_is_cancelled_for_the_caller() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(concurrent.futures.CancelledError):
        LOOP.start(cancelled()).result(TIMEOUT_S)


def test_what_is_cancelled_before_the_loop_comes_to_it_never_runs() -> None:
    busy, go = threading.Event(), threading.Event()
    ran: list[int] = []

    def hold() -> None:
        busy.set()
        go.wait(TIMEOUT_S)

    async def never() -> None:
        ran.append(1)

    LOOP.loop.call_soon_threadsafe(hold)
    assert busy.wait(TIMEOUT_S)
    future = LOOP.start(never())
    assert future.cancel()
    go.set()
    run(asyncio.sleep(0))
    assert not ran


# -- the end of the program ---------------------------------------------------------------------


def test_a_program_that_forgot_to_close_exits_by_itself_and_closes() -> None:
    ended = script(
        "import threading",
        "class Session:",
        "    def __init__(self):",
        "        self.closed = threading.Event()",
        "        # Like aiortc's decoder: not a daemon, ends when the session is closed.",
        "        threading.Thread(target=self.closed.wait).start()",
        "    def close(self):",
        "        print('closed')",
        "        self.closed.set()",
        "session = Session()",
        "LoopThread.shared().close_at_exit(session)",
        "print('end')",
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("end\nclosed\n", "", 0)


def test_the_loop_still_runs_while_the_program_exits() -> None:
    ended = script(
        "class Session:",
        "    def close(self):",
        "        async def goodbye():",
        "            return 'goodbye'",
        "        print(LoopThread.shared().run(goodbye(), timeout_s=5, what='closing'))",
        "session = Session()",
        "LoopThread.shared().close_at_exit(session)",
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("goodbye\n", "", 0)


def test_what_was_collected_before_is_not_closed() -> None:
    ended = script(
        "class Session:",
        "    def close(self):",
        "        print('closed')",
        "LoopThread.shared().close_at_exit(Session())",
        "print('end')",
    )
    assert (ended.stdout, ended.returncode) == ("end\n", 0)


def test_a_program_that_fails_exits_with_its_error() -> None:
    ended = script("LoopThread.shared()", "raise SystemExit(3)")
    assert ended.returncode == 3


def test_a_session_that_cannot_be_closed_does_not_keep_others_open() -> None:
    ended = script(
        "class Session:",
        "    def close(self):",
        "        print('closing')",
        "        raise RuntimeError('cannot')",
        "sessions = [Session(), Session()]",
        "for session in sessions:",
        "    LoopThread.shared().close_at_exit(session)",
    )
    assert ended.stdout == "closing\nclosing\n"


# -- forks --------------------------------------------------------------------------------------

FORKING = (
    "import os, sys, warnings",
    "warnings.simplefilter('ignore', DeprecationWarning)  # of a fork beside threads",
    "async def nothing(): return 'done'",
    "def attempt(call):",
    "    try:",
    "        print(call())",
    "    except Exception as error:",
    '        print(type(error).__name__, \'start it by "spawn" or "forkserver"\' in str(error))',
    "def fork(*calls):",
    "    sys.stdout.flush()",
    "    if child := os.fork():",
    "        print('the child ended with', os.waitpid(child, 0)[1])",
    "        return",
    "    for call in calls: attempt(call)",
    "    sys.exit(0)",
)


def test_a_forked_process_is_refused_the_loop_thread_at_once() -> None:
    ended = script(
        *FORKING,
        "loop = LoopThread.shared()",
        "fork(",
        "    LoopThread.shared,",
        "    lambda: loop.run(nothing(), timeout_s=20, what='nothing'),",
        "    lambda: loop.start(nothing()),",
        ")",
        "print(loop.run(nothing(), timeout_s=5, what='nothing'))",
    )
    assert ended.stdout.splitlines() == [
        "ForkedProcessError True",
        "ForkedProcessError True",
        "ForkedProcessError True",
        "the child ended with 0",
        "done",
    ]
    assert (ended.stderr, ended.returncode) == ("", 0)


def test_a_forked_processs_own_children_are_refused_too() -> None:
    ended = script(*FORKING, "LoopThread.shared()", "fork(lambda: fork(LoopThread.shared))")
    assert ended.stdout.splitlines()[0] == "ForkedProcessError True"


def test_a_process_forked_before_the_first_use_has_a_loop_of_its_own() -> None:
    run_nothing = "lambda: LoopThread.shared().run(nothing(), timeout_s=5, what='nothing')"
    ended = script(*FORKING, f"fork({run_nothing})", f"attempt({run_nothing})")
    assert ended.stdout.splitlines() == ["done", "the child ended with 0", "done"]


def test_a_fork_while_another_thread_asks_for_the_loop_does_not_hang_the_child() -> None:
    ended = script(
        *FORKING,
        "LoopThread.shared()",
        "LoopThread._lock.acquire()  # as that thread does",
        "fork(LoopThread.shared)",
        "LoopThread._lock.release()",
    )
    assert ended.stdout.splitlines() == ["ForkedProcessError True", "the child ended with 0"]


def test_a_forked_process_closes_nothing_of_its_parents_when_it_exits() -> None:
    ended = script(
        *FORKING,
        "class Session:",
        "    def close(self):",
        "        print('closed by', 'the parent' if os.getpid() == parent else 'the child')",
        "parent = os.getpid()",
        "session = Session()",
        "LoopThread.shared().close_at_exit(session)",
        "fork()",
    )
    assert ended.stdout.splitlines() == ["the child ended with 0", "closed by the parent"]
