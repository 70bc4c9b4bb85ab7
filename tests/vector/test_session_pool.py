from __future__ import annotations

import threading
from collections.abc import Callable
from copy import deepcopy

import pytest

from reactor_env.vector import SessionLimitError, SessionPool
from tests.vector.envs import WAIT_S


def started(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def wait_until(condition: Callable[[], bool]) -> None:
    paused = threading.Event()
    for _ in range(1000):
        if condition():
            return
        paused.wait(0.01)
    raise AssertionError("it did not happen within 10 s")


@pytest.mark.parametrize("limit", [0, -1, 2.5])
def test_a_limit_that_is_no_number_of_sessions_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="`limit` must be a positive number of sessions, got"):
        SessionPool(limit)


def test_a_wait_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="`wait_s` must be a positive number of seconds, got 0"):
        SessionPool(1, wait_s=0)


def test_sessions_given_back_can_be_taken_again() -> None:
    pool = SessionPool(2)
    for _ in range(3):
        pool.acquire()
        pool.acquire()
        assert pool.in_use == 2
        pool.release()
        pool.release()
    assert pool.in_use == 0


def test_one_too_many_says_what_to_do() -> None:
    pool = SessionPool(1, wait_s=0.05)
    pool.acquire()
    with pytest.raises(SessionLimitError, match=r"all 1 sessions .* within 0.05 s: close an"):
        pool.acquire()
    pool.release()
    pool.acquire()


def test_the_queue_serves_in_order() -> None:
    pool = SessionPool(1)
    pool.acquire()
    served: list[int] = []

    def wait_for_one(number: int) -> Callable[[], None]:
        def wait() -> None:
            pool.acquire()
            served.append(number)
            pool.release()

        return wait

    threads = []
    for number in range(4):
        threads.append(started(wait_for_one(number)))
        wait_until(lambda: pool.waiting == len(threads))
    pool.release()
    for thread in threads:
        thread.join(WAIT_S)
    assert served == [0, 1, 2, 3]
    assert (pool.in_use, pool.waiting) == (0, 0)


def test_a_wait_can_be_given_up() -> None:
    pool = SessionPool(1)
    pool.acquire()
    stop = threading.Event()
    errors: list[SessionLimitError] = []

    def wait() -> None:
        try:
            pool.acquire(stop.is_set)
        except SessionLimitError as error:
            errors.append(error)

    thread = started(wait)
    wait_until(lambda: pool.waiting == 1)
    stop.set()
    pool.wake()
    thread.join(WAIT_S)
    assert "given up" in str(errors[0])
    assert pool.in_use == 1


def test_a_copy_is_the_same_pool() -> None:
    pool = SessionPool(1)
    assert deepcopy({"pool": pool})["pool"] is pool
    assert repr(pool) == "SessionPool(limit=1, in_use=0)"
