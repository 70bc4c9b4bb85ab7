"""Faults on demand: a rule changes what happens to the requests it matches.

A rule wraps the handling of a request. It may hold it up, answer in its place, change the answer,
or do harm to the connection.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from tests.hosted.answers import JSON, Answer
from tests.hosted.request_log import LoggedRequest
from tests.hosted.state import Watch
from tests.hosted.wire import Wire

Handle = Callable[[], Awaitable[Answer]]
"""Handles the request for real: its effects take place."""

Action = Callable[[Handle, Wire], Awaitable[Answer | None]]
"""What a rule does; ``None`` says that the connection is gone, so there is nothing to answer."""

Garbage = Literal["text", "list", "null", "empty_object", "empty_body", "truncated"]

GARBAGE: dict[Garbage, bytes] = {
    "text": b"<html><body>It works!</body></html>",
    "list": b"[1, 2, 3]",
    "null": b"null",
    "empty_object": b"{}",
    "empty_body": b"",
    "truncated": b'{"session_id": "0f0f0f0f-',
}
_FILLER = json.dumps({"filler": "x" * 64}).encode()
_POLL_S = 0.005


class Fault:
    """A rule, and how often it has struck.

    Args:
        method: A glob for the method.
        path: A glob for the path; ``*`` crosses slashes.
        action: What happens.
        times: How many requests it strikes; ``None`` for all.
        skip: How many matching requests it lets pass first.
        passes: Whether later rules still see the request.
        watch: Guards what tests read.
    """

    def __init__(
        self,
        method: str,
        path: str,
        action: Action,
        *,
        times: int | None,
        skip: int,
        passes: bool,
        watch: Watch,
    ) -> None:
        self.method = method
        self.path = path
        self.action = action
        self.passes = passes
        self.hits = 0
        self._times = times
        self._skip = skip
        self._watch = watch

    def strikes(self, request: LoggedRequest) -> bool:
        """Decide about one request, and count it."""
        if not request.matches(self.method, self.path):
            return False
        with self._watch:
            if self._skip > 0:
                self._skip -= 1
                return False
            if self._times is not None and self.hits >= self._times:
                return False
            self.hits += 1
            return True

    def remove(self) -> None:
        """Strike no more."""
        with self._watch:
            self._times = 0

    def wait(self, hits: int = 1, timeout_s: float = 10.0) -> None:
        """Block until it has struck ``hits`` times.

        Raises:
            TimeoutError: If it does not.
        """
        self._watch.wait(f"{hits} hit(s) of {self}", lambda: self.hits >= hits, timeout_s)

    async def struck(self, hits: int = 1, timeout_s: float = 10.0) -> None:
        """Do as :meth:`wait` does, without blocking the caller's event loop."""
        await self._watch.until(f"{hits} hit(s) of {self}", lambda: self.hits >= hits, timeout_s)

    def __str__(self) -> str:
        """Name the requests it is about."""
        return f"the fault on {self.method} {self.path}"


class Faults:
    """All rules, in the order they were made: the first that strikes counts.

    Args:
        watch: Guards what tests read.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule behind those there are."""
        with self._watch:
            self._rules.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all rules."""
        with self._watch:
            self._rules.clear()

    def wrap(self, request: LoggedRequest, handle: Handle, wire: Wire) -> Handle | None:
        """Return how to handle a request now that the rules have had their say.

        A delay lets later rules see the request; every other rule is the last.
        """
        with self._watch:
            rules = list(self._rules)
        struck = []
        for rule in rules:
            if rule.strikes(request):
                struck.append(rule.action)
                if not rule.passes:
                    break
        return _nest(struck, handle, wire) if struck else None


class ConnectionGoneError(Exception):
    """The connection was broken on purpose: there is nobody to answer."""


def _nest(actions: Sequence[Action], handle: Handle, wire: Wire) -> Handle:
    for action in reversed(actions):
        handle = _wrapped(action, handle, wire)
    return handle


def _wrapped(action: Action, handle: Handle, wire: Wire) -> Handle:
    async def act() -> Answer:
        answer = await action(handle, wire)
        if answer is None:
            raise ConnectionGoneError
        return answer

    return act


def answer_with(answer: Answer, *, handled: bool) -> Action:
    """Answer in place of the service, which handles the request first if ``handled``."""

    async def act(handle: Handle, wire: Wire) -> Answer:
        del wire
        if handled:
            await handle()
        return answer

    return act


def without_fields(fields: Sequence[str]) -> Action:
    """Take fields out of the JSON object that the service answers."""

    async def act(handle: Handle, wire: Wire) -> Answer:
        del wire
        answer = await handle()
        kept = {name: value for name, value in answer.json().items() if name not in fields}
        return Answer(answer.status, json.dumps(kept).encode(), answer.headers)

    return act


def hold_up(wait: Callable[[], Awaitable[None]], *, handled: bool) -> Action:
    """Wait before the service handles the request, or before its answer leaves if ``handled``."""

    async def act(handle: Handle, wire: Wire) -> Answer:
        del wire
        if handled:
            answer = await handle()
            await wait()
            return answer
        await wait()
        return await handle()

    return act


def break_off(fraction: float | None, *, reset: bool, handled: bool) -> Action:
    """Break the connection off.

    Args:
        fraction: Part of the body that is sent first; ``None`` sends nothing, not even a head.
        reset: Whether the peer gets a TCP reset, and not a proper end.
        handled: Whether the request is handled first; then its own answer is what breaks off.
    """

    async def act(handle: Handle, wire: Wire) -> None:
        answer = await handle() if handled else Answer(200, _FILLER, {"content-type": JSON})
        if fraction is not None:
            wire.write(answer, fraction)
        if reset:
            wire.reset()
        else:
            wire.finish()

    return act


def waiter(
    wanted: float | threading.Event, closing: threading.Event
) -> Callable[[], Awaitable[None]]:
    """Return a wait for some seconds, or for an event that another thread sets.

    It ends early when ``closing`` is set.
    """

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        until = None if isinstance(wanted, threading.Event) else loop.time() + wanted
        # Polled: an event of another thread cannot be awaited here.
        while not closing.is_set():
            if isinstance(wanted, threading.Event):
                if wanted.is_set():
                    return
            elif until is not None and loop.time() >= until:
                return
            await asyncio.sleep(_POLL_S)

    return wait
