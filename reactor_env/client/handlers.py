"""Registering event handlers: ``on``, ``off`` and the decorators."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from aiortc import MediaStreamTrack

from reactor_env.client.events import EventEmitter, Handler
from reactor_env.client.types import ReactorEvent, ReactorStatus

EVENTS: tuple[str, ...] = (
    "status_changed",
    "session_id_changed",
    "message",
    "runtime_message",
    "track_received",
    "error",
    "session_expiration_changed",
    "capabilities_received",
)

_F = TypeVar("_F", bound=Handler)


class EventHandlers:
    """The documented ways to hear of events. Handlers may be sync or async, and may raise.

    They run on the event loop, so a sync handler that takes long delays the connection.
    """

    def __init__(self) -> None:
        self._events = EventEmitter(EVENTS)

    def on(self, event: ReactorEvent, handler: Handler) -> None:
        """Call ``handler`` whenever ``event`` happens.

        Raises:
            ValueError: If there is no such event.
            TypeError: If ``handler`` cannot be called.
        """
        self._events.on(event, handler)

    def off(self, event: ReactorEvent, handler: Handler) -> None:
        """Stop calling ``handler``, however it was registered; nothing happens when it was not.

        Raises:
            ValueError: If there is no such event.
        """
        self._events.off(event, handler)

    def on_message(self, handler: _F) -> _F:
        """Decorate a handler of model messages, ``{"type": ..., "data": {...}}``."""
        self._events.on("message", handler)
        return handler

    def on_internal_message(self, handler: _F) -> _F:
        """Decorate a handler of platform messages, in the same shape: clips, moderation, the end.

        They are those of the event ``runtime_message``.
        """
        self._events.on("runtime_message", handler)
        return handler

    def on_error(self, handler: _F) -> _F:
        """Decorate a handler of :class:`~reactor_env.client.types.ReactorError`."""
        self._events.on("error", handler)
        return handler

    def on_track(self, name: str) -> Callable[[_F], _F]:
        """Decorate a handler of the track called ``name``."""

        def decorate(handler: _F) -> _F:
            def filtered(received: str, track: MediaStreamTrack) -> Any:
                return handler(track) if received == name else None

            self._events.on("track_received", handler, through=filtered)
            return handler

        return decorate

    def on_status(
        self, wanted: ReactorStatus | Iterable[ReactorStatus] | Handler
    ) -> Callable[..., Any]:
        """Decorate a handler of status changes.

        Bare, it is called with every status; given one status or several, only with those.

        Raises:
            TypeError: If it is given something else.
        """
        if callable(wanted):
            self._events.on("status_changed", wanted)
            return wanted
        statuses = _statuses(wanted)

        def decorate(handler: _F) -> _F:
            def filtered(status: ReactorStatus) -> Any:
                return handler(status) if status in statuses else None

            self._events.on("status_changed", handler, through=filtered)
            return handler

        return decorate


def _statuses(wanted: ReactorStatus | Iterable[ReactorStatus]) -> frozenset[ReactorStatus]:
    listed = (wanted,) if isinstance(wanted, ReactorStatus) else wanted
    if not isinstance(listed, Iterable) or isinstance(listed, str):
        raise TypeError(f"`wanted` must be one ReactorStatus or several, got {wanted!r}")
    statuses = tuple(listed)
    for status in statuses:
        if not isinstance(status, ReactorStatus):
            raise TypeError(f"`wanted` must hold ReactorStatus members only, got {status!r}")
    return frozenset(statuses)
