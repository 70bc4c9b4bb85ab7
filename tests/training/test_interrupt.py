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
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(lambda: told.append("asked")) as interrupt:
        assert not interrupt.asked
        press()
        assert interrupt.asked
        assert told == ["asked"]
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
