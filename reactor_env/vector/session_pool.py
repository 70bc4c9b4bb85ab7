"""How many sessions may be open at a time, and the queue of those who wait for one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from reactor_env.client.errors import ReactorClientError


class SessionLimitError(ReactorClientError):
    """All the sessions that may be open at a time are, and none became free in time."""


def _never() -> bool:
    return False


class SessionPool:
    """A number of sessions to be shared, also by several vector environments of this process.

    Whoever asks first is served first.

    Args:
        limit: How many sessions may be open at a time.
        wait_s: Seconds to queue for one when all are in use.

    Raises:
        ValueError: If an argument is not positive.

    Example:
        >>> pool = SessionPool(5)
        >>> train = gymnasium.make_vec("reactor_env/World-v0", 4, world="catch", pool=pool)
        >>> test = gymnasium.make_vec("reactor_env/World-v0", 1, world="catch", pool=pool)
    """

    def __init__(self, limit: int, *, wait_s: float = 60.0) -> None:
        if not (isinstance(limit, int) and limit > 0):
            raise ValueError(f"`limit` must be a positive number of sessions, got {limit!r}")
        if not wait_s > 0:
            raise ValueError(f"`wait_s` must be a positive number of seconds, got {wait_s!r}")
        self.limit = limit
        self.wait_s = wait_s
        self._in_use = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the pool itself: ``gymnasium.make_vec`` copies specs, the limit stays one."""
        return self

    def __repr__(self) -> str:
        """Say how many sessions are in use."""
        return f"SessionPool(limit={self.limit}, in_use={self._in_use})"

    @property
    def in_use(self) -> int:
        """How many sessions are in use now."""
        return self._in_use

    @property
    def waiting(self) -> int:
        """How many wait for one."""
        return len(self._queue)

    def acquire(self, given_up: Callable[[], bool] = _never) -> None:
        """Take one of the sessions, waiting in the queue if need be.

        Args:
            given_up: Becomes true when it is not wanted any more; see :meth:`wake`.

        Raises:
            SessionLimitError: If none becomes free in time, or it was given up.
        """
        place = object()

        def done() -> bool:
            served = self._queue[0] is place and self._in_use < self.limit
            return served or given_up()

        with self._changed:
            self._queue.append(place)
            try:
                in_time = self._changed.wait_for(done, self.wait_s)
                if given_up():
                    raise SessionLimitError("the wait for a free session was given up")
                if not in_time:
                    raise SessionLimitError(
                        f"all {self.limit} sessions of the pool are in use, and none became free "
                        f"within {self.wait_s:g} s: close an environment that is not needed, ask "
                        "for fewer slots, or give the pool a larger `limit` where the account "
                        "allows it"
                    )
                self._in_use += 1
            finally:
                self._queue.remove(place)
                self._changed.notify_all()

    def release(self) -> None:
        """Give a session back."""
        with self._changed:
            assert self._in_use > 0
            self._in_use -= 1
            self._changed.notify_all()

    def wake(self) -> None:
        """Have those who wait look whether they were given up."""
        with self._changed:
            self._changed.notify_all()
