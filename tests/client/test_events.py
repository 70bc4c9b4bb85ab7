from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from reactor_env.client import events as events_module
from reactor_env.client.events import EventEmitter

TIMEOUT_S = 10.0


def test_handlers_are_called_in_order_with_the_values() -> None:
    events = EventEmitter(("a", "b"))
    calls: list[Any] = []
    events.on("a", lambda x, y: calls.append(("first", x, y)))
    events.on("a", lambda x, y: calls.append(("second", x, y)))
    events.on("b", lambda: calls.append("b"))
    events.emit("a", 1, 2)
    assert calls == [("first", 1, 2), ("second", 1, 2)]


def test_a_handler_that_was_removed_is_not_called() -> None:
    events = EventEmitter(("a",))
    calls: list[int] = []
    events.on("a", calls.append)
    events.off("a", calls.append)
    events.emit("a", 1)
    assert calls == []


def test_a_handler_registered_twice_is_removed_once() -> None:
    events = EventEmitter(("a",))
    calls: list[int] = []
    events.on("a", calls.append)
    events.on("a", calls.append)
    events.off("a", calls.append)
    events.emit("a", 1)
    assert calls == [1]


def test_removing_a_handler_that_was_never_there_is_quiet() -> None:
    EventEmitter(("a",)).off("a", print)


def test_a_handler_may_remove_itself_while_it_is_called() -> None:
    events = EventEmitter(("a",))
    calls: list[str] = []

    def once() -> None:
        events.off("a", once)
        calls.append("once")

    events.on("a", once)
    events.on("a", lambda: calls.append("always"))
    events.emit("a")
    events.emit("a")
    assert calls == ["once", "always", "always"]


def test_a_handler_that_raises_is_logged_and_the_next_one_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = EventEmitter(("a",))
    calls: list[int] = []

    def fail(_value: int) -> None:
        raise KeyError("mine")

    events.on("a", fail)
    events.on("a", calls.append)
    with caplog.at_level(logging.ERROR, "reactor_env"):
        events.emit("a", 1)
    assert calls == [1]
    assert "mine" in caplog.text


async def test_an_async_handler_runs_without_being_waited_for() -> None:
    events = EventEmitter(("a",))
    go, done = asyncio.Event(), asyncio.Event()

    async def handler(_value: int) -> None:
        await go.wait()
        done.set()

    events.on("a", handler)
    events.emit("a", 1)
    assert not done.is_set()
    go.set()
    async with asyncio.timeout(TIMEOUT_S):
        await done.wait()


async def test_an_async_handler_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    events = EventEmitter(("a",))
    started = asyncio.Event()

    async def fail() -> None:
        started.set()
        raise KeyError("mine")

    events.on("a", fail)
    with caplog.at_level(logging.ERROR, "reactor_env"):
        events.emit("a")
        (task,) = events._tasks
        async with asyncio.timeout(TIMEOUT_S):
            await started.wait()
            await task
    assert "mine" in caplog.text


def test_an_unknown_event_is_named_with_those_that_exist() -> None:
    events = EventEmitter(("a", "b"))
    with pytest.raises(ValueError, match="`event` must be one of a, b, got 'c'"):
        events.on("c", print)
    with pytest.raises(ValueError, match="got 'c'"):
        events.off("c", print)


def test_a_handler_that_cannot_be_called_is_refused() -> None:
    bad: Any = 5
    with pytest.raises(TypeError, match="`handler` must be callable, got 5"):
        EventEmitter(("a",)).on("a", bad)


def test_a_handler_that_blocks_the_loop_is_named_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "SLOW_S", 0.01)
    events = EventEmitter(("a",))

    def slow() -> None:
        time.sleep(0.02)

    def quick() -> None:
        pass

    events.on("a", slow)
    events.on("a", quick)
    with caplog.at_level(logging.WARNING, "reactor_env"):
        events.emit("a")
    (record,) = caplog.records
    assert "slow" in record.getMessage()
    assert "blocked the connection for 0.0" in record.getMessage()


async def test_an_async_handler_is_not_said_to_block(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "SLOW_S", 0.05)
    events = EventEmitter(("a",))
    done = asyncio.Event()

    async def patient() -> None:
        await asyncio.sleep(0.06)
        done.set()

    events.on("a", patient)
    with caplog.at_level(logging.WARNING, "reactor_env"):
        events.emit("a")
        async with asyncio.timeout(TIMEOUT_S):
            await done.wait()
    assert caplog.records == []
