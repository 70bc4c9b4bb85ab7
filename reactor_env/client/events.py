"""Event handlers: registration, and calling them so that none can hurt the connection."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

Handler = Callable[..., Any]

SLOW_S = 0.1
"""A handler that takes longer keeps pings and media waiting long enough to tell."""


class EventEmitter:
    """Named events with any number of handlers, sync or async.

    A handler that raises is logged and the others still run. An async handler is scheduled
    on the running loop and not waited for.

    Args:
        names: The events that exist.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._handlers: defaultdict[str, list[tuple[Handler, Handler]]] = defaultdict(list)
        self._tasks: set[asyncio.Task[Any]] = set()

    def on(self, event: str, handler: Handler, *, through: Handler | None = None) -> None:
        """Call ``handler`` whenever ``event`` happens.

        Args:
            event: The event.
            handler: What to call, and what :meth:`off` takes away.
            through: What is called instead and may call the handler, or not.

        Raises:
            ValueError: If there is no such event.
            TypeError: If ``handler`` cannot be called.
        """
        self._check(event)
        if not callable(handler):
            raise TypeError(f"`handler` must be callable, got {handler!r}")
        self._handlers[event].append((handler, through or handler))

    def off(self, event: str, handler: Handler) -> None:
        """Stop calling ``handler``; nothing happens when it was not registered.

        Raises:
            ValueError: If there is no such event.
        """
        self._check(event)
        for registered in self._handlers[event]:
            if registered[0] == handler:
                self._handlers[event].remove(registered)
                return

    def emit(self, event: str, *values: Any) -> None:
        """Call the handlers of an event, in the order they were registered."""
        for _, called in tuple(self._handlers[event]):
            self.call(called, *values)

    def call(self, handler: Handler, *values: Any) -> None:
        """Call one handler, whatever it does; one that blocks the loop is named in the log."""
        begin = time.perf_counter()
        try:
            result = handler(*values)
        except Exception:
            logger.exception("a handler raised")
            return
        finally:
            seconds = time.perf_counter() - begin
            if seconds > SLOW_S:
                logger.warning(
                    "handler %r blocked the connection for %.2f s; make it async, or hand the "
                    "work to a thread",
                    handler,
                    seconds,
                )
        if inspect.isawaitable(result):
            task = asyncio.ensure_future(self._guard(result))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _guard(self, awaitable: Any) -> None:
        try:
            await awaitable
        except Exception:
            logger.exception("an async handler raised")

    def _check(self, event: str) -> None:
        if event not in self._names:
            raise ValueError(f"`event` must be one of {', '.join(self._names)}, got {event!r}")
