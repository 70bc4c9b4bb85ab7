from __future__ import annotations

import asyncio
import time
from typing import Any, cast

from reactor_env.bench.clock_exchange import exchange_clocks
from reactor_env.client.errors import NotReadyError
from reactor_env.client.reactor import Reactor
from reactor_env.latency.clocks import Exchange, compare_clocks

AHEAD_US = 5_000_000


class Client:
    """A client whose world has a clock of its own, and answers so many times."""

    def __init__(self, *, answers: int = 1000, late: bool = False, way_s: float = 0.0) -> None:
        self.answers = answers
        self.late = late
        self.way_s = way_s

    async def send_command(self, name: str, data: dict[str, Any]) -> dict[str, Any] | None:
        assert name == "echo"
        if not self.answers:
            if self.late:
                await asyncio.sleep(3600)
            return None
        self.answers -= 1
        await asyncio.sleep(self.way_s)
        now = time.monotonic_ns() // 1000 + AHEAD_US
        return {"type": "echoed", "data": {"received_us": now, "sent_us": now}}

    @property
    def client(self) -> Reactor:
        return cast("Reactor", self)


async def test_the_worlds_clock_is_found_within_half_a_round_trip() -> None:
    moments = await exchange_clocks(Client(way_s=0.005).client, 4)
    assert len(moments) == 4
    found = compare_clocks(Exchange(*one) for one in moments)
    assert found is not None
    assert abs(found.offset_ns - 1000 * AHEAD_US) <= found.bound_ns + 1000
    assert found.bound_ns >= 2_500_000


async def test_a_client_that_gets_no_answers_has_no_exchanges() -> None:
    assert await exchange_clocks(Client(answers=0).client) == []


async def test_what_was_exchanged_before_the_answers_stopped_is_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr("reactor_env.bench.clock_exchange._TIMEOUT_S", 0.05)
    assert len(await exchange_clocks(Client(answers=2, late=True).client)) == 2


async def test_a_session_that_is_gone_is_no_error() -> None:
    class Gone(Client):
        async def send_command(self, name: str, data: dict[str, Any]) -> dict[str, Any] | None:
            raise NotReadyError("it is gone")

    assert await exchange_clocks(Gone().client) == []
