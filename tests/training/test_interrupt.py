from __future__ import annotations

import os
import signal
import threading

import pytest

from reactor_env.training.interrupt import Interrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_asks_and_the_second_stops() -> None:
    told: list[str] = []
    now = [50.0]
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(lambda: told.append("asked"), lambda: now[0]) as interrupt:
        assert not interrupt.asked
        press()
        assert interrupt.asked
        assert told == ["asked"]
        now[0] += 2.0
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_on_another_thread_it_leaves_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def enter() -> None:
        with Interrupt():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(10)
    assert seen == [before]


def test_one_press_that_comes_twice_is_one() -> None:
    told: list[str] = []
    now = [50.0]
    with Interrupt(lambda: told.append("asked"), lambda: now[0]):
        press()
        now[0] += 0.5
        press()
    assert told == ["asked"]
