from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from reactor_env.bench.peers.devtools import DevTools

Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]
Start = Callable[[Answer], Awaitable[DevTools]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start one with a browser at the other end that answers as a function says."""
    servers: list[asyncio.Server] = []

    async def started(answer: Answer) -> DevTools:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    command = json.loads((await reader.readuntil(b"\0"))[:-1])
                    for message in answer(command):
                        writer.write(json.dumps(message).encode() + b"\0")
            except (asyncio.IncompleteReadError, StopIteration):
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        servers.append(server)
        return DevTools(*await asyncio.open_connection(*server.sockets[0].getsockname()))

    yield started
    for server in servers:
        server.close()


def echo(command: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": command["id"], "result": command}]


async def test_answers_come_to_those_who_asked(start: Start) -> None:
    held: list[dict[str, Any]] = []

    def both_backwards(command: dict[str, Any]) -> list[dict[str, Any]]:
        held.insert(0, *echo(command))
        return held if len(held) == 2 else []

    devtools = await start(both_backwards)
    first, second = devtools.call("A.a", {"x": 1}), devtools.call("B.b", {}, "page")
    assert (await first)["params"] == {"x": 1}
    assert (await second)["sessionId"] == "page"
    assert "sessionId" not in await first
    await devtools.close()


async def test_events_come_to_those_who_wait(start: Start) -> None:
    event = {"method": "Page.loaded", "params": {"at": 1}}
    other = {"method": "Page.other", "params": {}}
    devtools = await start(lambda command: [other, event, event, *echo(command)])
    loaded = devtools.event("Page.loaded")
    await devtools.call("A.a", {})
    assert loaded.result() == {"at": 1}
    await devtools.close()


async def test_what_is_refused_raises(start: Start) -> None:
    devtools = await start(lambda command: [{"id": command["id"], "error": {"message": "no"}}])
    with pytest.raises(RuntimeError, match="Chromium refused: no"):
        await devtools.call("A.a", {})
    await devtools.close()


async def test_when_the_browser_is_gone_nobody_waits_for_it(start: Start) -> None:
    def gone(command: dict[str, Any]) -> list[dict[str, Any]]:
        raise StopIteration

    devtools = await start(gone)
    for _ in range(2):  # waiting, and afterwards
        with pytest.raises(ConnectionError, match="has closed its DevTools pipe"):
            await devtools.call("A.a", {})
    await devtools.close()
