from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from reactor_env.client.handlers import EVENTS, EventHandlers
from reactor_env.client.types import ReactorStatus

TIMEOUT_S = 10.0
CONNECTING, READY = ReactorStatus.CONNECTING, ReactorStatus.READY


def test_the_events_are_the_documented_ones() -> None:
    assert set(EVENTS) == {
        "status_changed",
        "session_id_changed",
        "message",
        "runtime_message",
        "track_received",
        "error",
        "session_expiration_changed",
        "capabilities_received",
    }


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_hears_of_its_event_until_it_is_taken_off(event: Any) -> None:
    handlers = EventHandlers()
    heard: list[Any] = []
    handlers.on(event, heard.append)
    for name in EVENTS:
        handlers._events.emit(name, name)
    handlers.off(event, heard.append)
    handlers._events.emit(event, "again")
    assert heard == [event]


def test_an_unknown_event_is_refused() -> None:
    unknown: Any = "frame"
    handlers = EventHandlers()
    with pytest.raises(ValueError, match=r"`event` must be one of status_changed, .*got 'frame'"):
        handlers.on(unknown, print)
    with pytest.raises(ValueError, match="got 'frame'"):
        handlers.off(unknown, print)


@pytest.mark.parametrize(
    ("decorate", "event"),
    [
        (EventHandlers.on_message, "message"),
        (EventHandlers.on_internal_message, "runtime_message"),
        (EventHandlers.on_error, "error"),
        (EventHandlers.on_status, "status_changed"),
    ],
)
def test_a_bare_decorator_registers_and_returns_its_function(
    decorate: Callable[..., Any], event: str
) -> None:
    handlers = EventHandlers()
    heard: list[Any] = []

    def handler(value: Any) -> None:
        heard.append(value)

    assert decorate(handlers, handler) is handler
    for name in EVENTS:
        handlers._events.emit(name, name)
    assert heard == [event]


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        pytest.param(READY, [READY], id="one"),
        pytest.param([CONNECTING, READY], [CONNECTING, READY], id="a list"),
        pytest.param({READY}, [READY], id="a set"),
        pytest.param((status for status in (CONNECTING,)), [CONNECTING], id="a generator"),
        pytest.param([], [], id="none"),
    ],
)
def test_on_status_with_statuses_hears_only_those(
    wanted: ReactorStatus | Iterable[ReactorStatus], heard: list[ReactorStatus]
) -> None:
    handlers = EventHandlers()
    statuses: list[ReactorStatus] = []

    @handlers.on_status(wanted)
    def handler(status: ReactorStatus) -> None:
        statuses.append(status)

    for _ in range(2):
        for status in ReactorStatus:
            handlers._events.emit("status_changed", status)
    assert statuses == heard * 2
    assert callable(handler)


@pytest.mark.parametrize("wanted", [5, "ready", ["ready"], [READY, None]], ids=repr)
def test_on_status_with_anything_else_is_refused(wanted: Any) -> None:
    with pytest.raises(TypeError, match="`wanted` must "):
        EventHandlers().on_status(wanted)


def test_on_track_hears_only_its_own_track() -> None:
    handlers = EventHandlers()
    heard: list[Any] = []

    @handlers.on_track("main_video")
    def handler(track: Any) -> None:
        heard.append(track)

    handlers._events.emit("track_received", "other", 1)
    handlers._events.emit("track_received", "main_video", 2)
    assert heard == [2]
    assert callable(handler)


async def test_decorated_handlers_may_be_async() -> None:
    handlers = EventHandlers()
    heard: asyncio.Queue[Any] = asyncio.Queue()

    @handlers.on_status(READY)
    async def on_ready(status: ReactorStatus) -> None:
        await heard.put(status)

    @handlers.on_track("main_video")
    async def on_track(track: Any) -> None:
        await heard.put(track)

    @handlers.on_message
    async def on_message(message: Any) -> None:
        await heard.put(message)

    handlers._events.emit("status_changed", CONNECTING)
    handlers._events.emit("status_changed", READY)
    handlers._events.emit("track_received", "main_video", "track")
    handlers._events.emit("message", "message")
    async with asyncio.timeout(TIMEOUT_S):
        assert [await heard.get() for _ in range(3)] == [READY, "track", "message"]
    assert heard.empty()


@pytest.mark.parametrize("status", [None, READY])
def test_a_decorated_handler_that_raises_stops_nobody(
    caplog: pytest.LogCaptureFixture, status: ReactorStatus | None
) -> None:
    handlers = EventHandlers()
    heard: list[Any] = []

    def fail(_value: Any) -> None:
        raise KeyError("mine")

    (handlers.on_status(status) if status is not None else handlers.on_status)(fail)
    handlers.on_status(heard.append)
    with caplog.at_level(logging.ERROR, "reactor_env"):
        handlers._events.emit("status_changed", READY)
    assert heard == [READY]
    assert "mine" in caplog.text


def test_a_decorated_handler_is_taken_off_like_any_other() -> None:
    handlers = EventHandlers()
    heard: list[object] = []
    handlers.on_track("main_video")(heard.append)
    handlers.on_status(ReactorStatus.READY)(heard.append)
    handlers.off("track_received", heard.append)
    handlers.off("status_changed", heard.append)
    handlers._events.emit("track_received", "main_video", 1)
    handlers._events.emit("status_changed", ReactorStatus.READY)
    assert heard == []
