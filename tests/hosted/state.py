"""State that two threads share: the service's loop writes it, the test reads it and waits for it.

Also the service's clock, which a test can advance, and its settings.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self


class Watch:
    """A lock around shared state; leaving it wakes whoever waits for a change.

    Example:
        >>> watch = Watch()
        >>> with watch:
        ...     pass  # change something
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())

    def __enter__(self) -> Self:
        """Take the lock."""
        self._condition.acquire()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Wake the waiting threads and give the lock back."""
        self._condition.notify_all()
        self._condition.release()

    def wait(self, what: str, done: Callable[[], object], timeout_s: float) -> None:
        """Block until ``done()`` is true; it is called with the lock held.

        Raises:
            TimeoutError: If that takes more than ``timeout_s`` seconds; it names ``what``.
        """
        with self._condition:
            if not self._condition.wait_for(lambda: bool(done()), timeout_s):
                raise TimeoutError(f"the hosted service: not within {timeout_s:g} s: {what}")

    async def until(self, what: str, done: Callable[[], object], timeout_s: float) -> None:
        """Do as :meth:`wait` does, without blocking the caller's event loop."""
        await asyncio.to_thread(self.wait, what, done, timeout_s)


class Clock:
    """Unix time in seconds, ahead of the real one by what tests advanced it."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now(self) -> float:
        """Return the time."""
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` go by at once, for tokens, signed URLs and quotas; timers run on."""
        self._ahead_s += seconds


@dataclass
class Settings:
    """What a test can change, before or while the service runs. Times are in seconds.

    Attributes:
        models: The catalogue: names that can be created and are listed.
        unlisted_models: Names that can be created and are not in ``GET /models``.
        api_versions: Oldest and newest ``Reactor-API-Version`` the service implements. A client
            below gets 426, one above 501.
        webrtc_versions: The same for ``Reactor-WebRTC-Version``.
        require_versions: Whether a session call without version headers counts as too old.
        queue_states: What the first ``GET``s of a new session answer, one state each, while it
            waits for a machine.
        hold_queue: Whether new sessions stay in the last of those states until they are released.
        ignore_generation: Whether a stepped session is started streamed, and not echoed, as by a
            runtime that does not know ``generation``.
        out_of_credits: Whether creating a session is answered 402.
        concurrent_sessions: Sessions an account may have at a time.
        sessions_per_minute: Sessions an account may create per minute; ``None`` for no limit.
        session_burst: How many of those at once.
        orphan_seconds: How long a session whose last connection dropped stays INACTIVE.
        max_token_seconds: What a token's lifetime is clamped to, silently.
        upload_url_seconds: Lifetime of a presigned upload URL.
        clip_url_seconds: Lifetime of a signed URL of a clip's segment.
        ice_servers: Answered instead of the runtime's own list.
        sdp_answer: Answered by a service without a runtime; ``None`` lets the client poll on.
        prices: Credits per second by model, for ``GET /pricing``.
    """

    models: tuple[str, ...] = ("reactor/catch",)
    unlisted_models: tuple[str, ...] = ()
    api_versions: tuple[int, int] = (1, 1)
    webrtc_versions: tuple[str, str] = ("1.0", "1.0")
    require_versions: bool = False
    queue_states: tuple[str, ...] = ()
    hold_queue: bool = False
    ignore_generation: bool = False
    out_of_credits: bool = False
    concurrent_sessions: int = 5
    sessions_per_minute: float | None = None
    session_burst: int = 3
    orphan_seconds: float = 30.0
    max_token_seconds: int = 6 * 3600
    upload_url_seconds: float = 15 * 60.0
    clip_url_seconds: float = 5 * 60.0
    ice_servers: list[dict[str, Any]] | None = None
    sdp_answer: str | None = None
    prices: dict[str, int] = field(default_factory=lambda: {"reactor/catch": 17})
