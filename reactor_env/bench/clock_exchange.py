"""Asks ``probe`` for its clock over the data channel; :mod:`reactor_env.latency.clocks` compares.

The world's command ``echo`` is answered at once, with the moments when its model got it and when it
answered. On this side both are read on the event loop, next to the data channel. Time in which the
command waits for the model counts as the way there.
"""

from __future__ import annotations

import asyncio
import time

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import ModelSchema

COMMAND = "echo"
EXCHANGES = 24
"""In a row: three times as many as the filter takes the best of."""

_TIMES = ("received_us", "sent_us")
_TIMEOUT_S = 2.0
_PAUSE_S = 0.004
"""Between two: so that not all of them meet the same step of the model."""

Moments = tuple[int, int, int, int]
"""Of one exchange, in ns, as :class:`~reactor_env.latency.clocks.Exchange` has them."""


def tells_clock(schema: ModelSchema) -> bool:
    """Tell whether a model answers with its clock, as ``probe`` does."""
    command = schema.commands.get(COMMAND)
    return command is not None and set(_TIMES) <= set(command.reply)


async def exchange_clocks(client: Reactor, count: int = EXCHANGES) -> list[Moments]:
    """Ask for the clock some times, one after another.

    Args:
        client: A client of ``probe``, READY; on the loop that it lives on.
        count: How often.

    Returns:
        The exchanges; none over protocol v0, which answers no command, and fewer where an answer
        did not come in time.
    """
    found: list[Moments] = []
    for _ in range(count):
        sent = time.monotonic_ns()
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                reply = await client.send_command(COMMAND, {"payload": ""})
        except (TimeoutError, ReactorClientError):
            break
        returned = time.monotonic_ns()
        told = (reply or {}).get("data") or {}
        if not set(_TIMES) <= set(told):
            break
        received, answered = (1000 * int(told[name]) for name in _TIMES)
        found.append((sent, received, answered, returned))
        await asyncio.sleep(_PAUSE_S)
    return found
