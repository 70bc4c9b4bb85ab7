"""HTTP servers made of one function, a server made of aiortc, and an address without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio

from tests.client.fake_runtime import FakeRuntime
from tests.client.http_server import Respond, Server

Serve = Callable[[Respond], Server]
MakeFake = Callable[..., FakeRuntime]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer each request with what a function returns."""
    servers: list[Server] = []

    def start(respond: Respond) -> Server:
        servers.append(Server(respond))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest_asyncio.fixture
async def make_fake() -> AsyncIterator[MakeFake]:
    """Start servers made of aiortc; the arguments are those of :class:`FakeRuntime`."""
    made: list[FakeRuntime] = []

    def start(*overrides: Any, **options: Any) -> FakeRuntime:
        made.append(FakeRuntime(*overrides, **options))
        return made[-1]

    yield start
    for fake in made:
        await fake.close()


@pytest.fixture
def nobody() -> str:
    """An address on this machine where nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_address[1]}"
