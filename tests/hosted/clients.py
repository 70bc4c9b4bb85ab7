"""This package's client in front of the hosted service, and what must be left of it: nothing."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any, get_args

from reactor_env.client import Reactor, ReactorError, ReactorStatus
from reactor_env.client.coordinator import live_sessions
from reactor_env.client.types import ReactorEvent
from tests.hosted.caller import MODEL
from tests.hosted.coordinator import HostedService

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Call:
    """One of the requests of ``connect()``.

    Attributes:
        method: Its method.
        path: A glob for its path, which matches no other request of that method.
        what: What it is for, in errors after "could not".
        waits_for: What the client waits for meanwhile.
    """

    method: str
    path: str
    what: str
    waits_for: str


CALLS = {
    "tokens": Call("POST", "/tokens", "exchange the API key for a token", "a token"),
    "create": Call("POST", "/sessions", "create a session", "the session to be created"),
    "poll": Call("GET", "/sessions/" + 36 * "?", "read the session", "a runtime to take session"),
    "ice_servers": Call("GET", "*/ice_servers", "read the ICE servers", "the list of ICE servers"),
    "register": Call(
        "POST", "*/connections", "register a connection", "the connection to be registered"
    ),
    "offer": Call("POST", "*/sdp_params", "send the offer", "the offer to be taken"),
    "answer": Call("GET", "*/sdp_params", "read the answer", "the SDP answer"),
}
"""The requests of ``connect()``, in order."""

END = Call("DELETE", "/sessions/*", "end the session", "")


def client(service: HostedService, **options: Any) -> Reactor:
    """Return a client of the service, with its key unless ``options`` have another."""
    return Reactor(MODEL, **{"api_key": service.api_key, "api_url": service.url, **options})


@dataclass
class Heard:
    """What a client's handlers were called with, in order: name of the event, and value."""

    events: list[tuple[str, Any]] = field(default_factory=list)

    def named(self, event: str) -> list[Any]:
        """Return the values of one event."""
        return [value for name, value in self.events if name == event]

    @property
    def statuses(self) -> list[ReactorStatus]:
        """The values of ``status_changed``."""
        return self.named("status_changed")

    @property
    def errors(self) -> list[ReactorError]:
        """The values of ``error``."""
        return self.named("error")


def listen_to(reactor: Reactor) -> Heard:
    """Note every event of a client."""
    heard = Heard()

    def note(event: ReactorEvent) -> None:
        reactor.on(event, lambda *values: heard.events.append((event, values[0])))

    for event in get_args(ReactorEvent):
        note(event)
    return heard


async def status(reactor: Reactor, wanted: ReactorStatus) -> None:
    """Wait until a client has a status.

    Raises:
        TimeoutError: If it does not get it.
    """
    reached = asyncio.Event()
    reactor.on_status(wanted)(lambda _: reached.set())
    async with asyncio.timeout(TIMEOUT_S):
        while reactor.get_status() is not wanted:
            await reached.wait()
            reached.clear()


def threads() -> set[threading.Thread]:
    """Return the threads there are, but for those of the event loop's executor."""
    return {t for t in threading.enumerate() if not t.name.startswith("asyncio_")}


async def no_tasks() -> None:
    """Check that no task is left beside this one; a task may need a moment to end.

    Raises:
        AssertionError: If one does not end.
    """
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, pending = await asyncio.wait(left, timeout=1.0)
        assert not pending, f"left behind: {pending}"


async def nothing_left(service: HostedService, *reactors: Reactor) -> None:
    """Check that nobody pays any more, and that nothing runs on.

    Raises:
        AssertionError: If something does.
    """
    assert service.live_sessions == ()
    for reactor in reactors:
        assert reactor.get_status() is ReactorStatus.DISCONNECTED
    await no_tasks()
    for reactor in reactors:
        assert reactor.get_session_id() is None
        assert reactor.get_session_expiration() is None
    assert not live_sessions._open, "there are sessions to be ended at exit"


def secrets_of(service: HostedService) -> set[str]:
    """Return the key and every token that was ever sent to a service."""
    bearers = {r.headers.get("authorization", "") for r in service.requests}
    return {service.api_key} | {bearer.removeprefix("Bearer ") for bearer in bearers} - {""}
