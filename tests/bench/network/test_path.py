"""The path, with a socket at each end of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from reactor_env.bench.network.path import HOST, UdpPath

TIMEOUT_S = 5.0


@dataclass
class End(asyncio.DatagramProtocol):
    """One peer's socket."""

    came: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.came.put_nowait(data)

    def send(self, data: bytes, port: int) -> None:
        self.transport.sendto(data, (HOST, port))

    async def next(self) -> bytes:
        async with asyncio.timeout(TIMEOUT_S):
            return await self.came.get()

    @property
    def description(self) -> str:
        candidate = f"a=candidate:7 1 UDP 99 {HOST} {self.port} typ host\r\n"
        return f"v=0\r\nm=video 9 X 96\r\n{candidate}a=mid:0\r\n"


def port_in(description: str) -> int:
    (line,) = [line for line in description.splitlines() if line.startswith("a=candidate:")]
    return int(line.split()[5])


async def make_end() -> End:
    loop = asyncio.get_running_loop()
    _, end = await loop.create_datagram_endpoint(End, local_addr=(HOST, 0))
    return end


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    client, server = await make_end(), await make_end()
    yield client, server
    client.transport.close()
    server.transport.close()


@pytest.fixture
async def path() -> AsyncIterator[UdpPath]:
    path = UdpPath()
    await path.open()
    yield path
    path.close()


async def test_each_side_speaks_to_the_path_and_is_heard_by_the_other(
    ends: tuple[End, End], path: UdpPath
) -> None:
    client, server = ends
    to_client = port_in(path.replace_client(client.description))
    to_server = port_in(path.replace_server(server.description))
    assert len({to_client, to_server, client.port, server.port}) == 4
    client.send(b"question", to_server)
    assert await server.next() == b"question"
    server.send(b"answer", to_client)
    assert await client.next() == b"answer"
    assert (path.forwarded, path.lost) == (2, 0)


async def test_a_client_that_tells_its_address_later_is_answered_where_it_speaks_from(
    ends: tuple[End, End], path: UdpPath
) -> None:
    client, server = ends
    offer = path.replace_client("v=0\r\nm=video 9 X 96\r\na=mid:0\r\n")
    to_server = port_in(path.replace_server(server.description))
    client.send(b"question", to_server)
    assert await server.next() == b"question"
    server.send(b"answer", port_in(offer))
    assert await client.next() == b"answer"


async def test_addresses_told_later_are_the_paths_too(path: UdpPath) -> None:
    offer = path.replace_client("v=0\r\nm=video 9 X 96\r\na=mid:0\r\n")
    told = "candidate:3 1 udp 2122260223 10.1.2.3 50001 typ host generation 0 ufrag a"
    document = json.loads(path.replace_told(json.dumps({"candidate": told, "sdpMid": "0"})))
    assert document["sdpMid"] == "0"
    assert document["candidate"].split()[4:6] == [HOST, str(port_in(offer))]


async def test_what_is_lost_does_not_arrive_and_is_counted(
    ends: tuple[End, End], path: UdpPath
) -> None:
    client, server = ends
    to_server = port_in(path.replace_server(server.description))
    path.towards_server = lambda data: None if data == b"lost" else 0.0
    client.send(b"lost", to_server)
    client.send(b"kept", to_server)
    assert await server.next() == b"kept"
    assert (path.forwarded, path.lost) == (1, 1)


async def test_what_is_late_arrives_late(ends: tuple[End, End], path: UdpPath) -> None:
    client, server = ends
    to_server = port_in(path.replace_server(server.description))
    path.towards_server = lambda data: 0.1 if data == b"late" else 0.0
    loop = asyncio.get_running_loop()
    began = loop.time()
    client.send(b"late", to_server)
    client.send(b"at once", to_server)
    assert await server.next() == b"at once"
    assert await server.next() == b"late"
    assert loop.time() - began >= 0.09
