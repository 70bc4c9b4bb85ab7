"""Chromium's DevTools protocol over its pipe: JSON documents, each ended by a zero byte.

``--remote-debugging-pipe`` has Chromium read commands from its file descriptor 3 and write answers
and events to 4. It needs no port, and Chromium ends when the pipe is closed.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

LONGEST_MESSAGE = 2**27
"""Bytes; a picture of 1920x1080 is 11 MB in base64."""

Parameters = dict[str, Any]

_END = b"\0"


class DevTools:
    """One end of the pipe.

    Args:
        reader: What Chromium writes, with a limit of :data:`LONGEST_MESSAGE`.
        writer: What it reads.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Parameters]] = {}
        self._handlers: dict[str, Callable[[Parameters], None]] = {}
        self._over = False
        self._reading = asyncio.ensure_future(self._read())

    def on(self, event: str, handler: Callable[[Parameters], None]) -> None:
        """Have a function called with the parameters of every event of this name."""
        self._handlers[event] = handler

    def event(self, event: str) -> asyncio.Future[Parameters]:
        """Return what becomes the parameters of the next event of this name."""
        found: asyncio.Future[Parameters] = asyncio.get_running_loop().create_future()
        self.on(event, lambda values: None if found.done() else found.set_result(values))
        return found

    def call(
        self, method: str, parameters: Parameters, session: str = ""
    ) -> asyncio.Future[Parameters]:
        """Send a command now.

        Args:
            method: For example ``Target.createTarget``.
            parameters: Its parameters.
            session: Of a target; the browser's own by default.

        Returns:
            What becomes its result; ``RuntimeError`` where Chromium refuses it,
            ``ConnectionError`` where it is gone.
        """
        number = next(self._numbers)
        message: Parameters = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer: asyncio.Future[Parameters] = asyncio.get_running_loop().create_future()
        if self._over:
            answer.set_exception(_gone())
            return answer
        self._waiting[number] = answer
        self._writer.write(json.dumps(message).encode() + _END)
        return answer

    async def close(self) -> None:
        """Close this end, upon which Chromium ends, and read until it has closed its own."""
        self._writer.close()
        await self._reading

    async def _read(self) -> None:
        try:
            while True:
                data = await self._reader.readuntil(_END)
                self._take(json.loads(data.removesuffix(_END)))
        except (asyncio.IncompleteReadError, OSError):
            pass  # it has closed its end
        finally:
            self._over = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(_gone())

    def _take(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            handler = self._handlers.get(message["method"])
            if handler is not None:
                handler(message["params"])
            return
        answer = self._waiting.pop(message["id"], None)
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(RuntimeError(f"Chromium refused: {message['error']['message']}"))
        else:
            answer.set_result(message["result"])


def _gone() -> ConnectionError:
    return ConnectionError("Chromium has closed its DevTools pipe")
