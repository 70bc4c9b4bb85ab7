"""Requests that wait for their answers. Sans I/O."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any

from reactor_env.client.errors import ReactorTimeoutError


class Requests:
    """Pairs answers with the calls that wait for them.

    An answer names its request by id. The JSON protocol has no ids for some kinds: then the
    kind's name stands in for it, and answers go to the calls of that kind in order.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[Any]]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        """Return how many calls wait."""
        return sum(len(queue) for queue in self._waiting.values())

    def new_id(self, prefix: str) -> str:
        """Return an id that was not used before."""
        return f"{prefix}_{next(self._numbers)}"

    def expect(self, key: str) -> asyncio.Future[Any]:
        """Register a call; before its request is sent.

        Args:
            key: The request's id, or the kind that stands in for it.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(future)
        return future

    async def wait(self, key: str, future: asyncio.Future[Any], timeout_s: float, what: str) -> Any:
        """Wait for the answer.

        Args:
            key: As for :meth:`expect`.
            future: What that returned.
            timeout_s: Seconds to wait.
            what: Names what is waited for, for the error.

        Raises:
            ReactorTimeoutError: If it does not come in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise ReactorTimeoutError(f"{what} did not come within {timeout_s:g} s") from None
        finally:
            self.drop(key, future)

    def drop(self, key: str, future: asyncio.Future[Any]) -> None:
        """Forget a call."""
        queue = self._waiting.get(key)
        if queue is not None and future in queue:
            queue.remove(future)
            if not queue:
                del self._waiting[key]

    def answer(self, key: str, value: Any) -> bool:
        """Give the oldest call under a key its answer.

        Returns:
            Whether one was waiting.
        """
        for future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(value)
                return True
        return False

    def fail_all(self, error: Exception) -> None:
        """Let every waiting call raise."""
        for queue in self._waiting.values():
            for future in queue:
                if not future.done():
                    future.set_exception(error)
