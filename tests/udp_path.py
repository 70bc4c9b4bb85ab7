"""A stretch of network between two WebRTC peers in one test: it forwards, loses, and can be cut."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

HOST = "127.0.0.1"

Address = tuple[str, int]
Keep = Callable[[bytes], bool]


def everything(_datagram: bytes) -> bool:
    return True


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, arrived: Callable[[bytes], None]) -> None:
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._arrived(data)


@dataclass
class UdpPath:
    """Two sockets back to back: what arrives at one leaves from the other.

    Each peer knows the other by the socket on its own side only, once its candidates have
    been replaced in offer and answer.

    Attributes:
        towards_client: Which datagrams from the server are let through.
        towards_server: Which datagrams from the client are let through.
        cut: Whether nothing is let through any more.
        delay_s: How long each datagram is on its way.
        forwarded: How many datagrams went through.
    """

    towards_client: Keep = everything
    towards_server: Keep = everything
    cut: bool = False
    delay_s: float = 0.0
    forwarded: int = 0
    _client: Address | None = None
    _server: Address | None = None
    _near: asyncio.DatagramTransport = field(init=False)
    _far: asyncio.DatagramTransport = field(init=False)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_client), local_addr=(HOST, 0)
        )
        self._far, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_server), local_addr=(HOST, 0)
        )

    def close(self) -> None:
        self._near.close()
        self._far.close()

    def replace_client(self, offer: str) -> str:
        """Put this path in the place of the client's candidates."""
        self._client, replaced = _replace_candidates(offer, _port(self._far))
        return replaced

    def replace_server(self, answer: str) -> str:
        """Put this path in the place of the server's candidates."""
        self._server, replaced = _replace_candidates(answer, _port(self._near))
        return replaced

    def _from_client(self, data: bytes) -> None:
        if self.towards_server(data):
            self._forward(self._far, data, self._server)

    def _from_server(self, data: bytes) -> None:
        if self.towards_client(data):
            self._forward(self._near, data, self._client)

    def _forward(
        self, socket: asyncio.DatagramTransport, data: bytes, addr: Address | None
    ) -> None:
        if self.cut or addr is None:
            return
        self.forwarded += 1
        if self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, socket.sendto, data, addr)
        else:
            socket.sendto(data, addr)


def _port(transport: asyncio.DatagramTransport) -> int:
    return cast("int", transport.get_extra_info("sockname")[1])


def _replace_candidates(sdp: str, port: int) -> tuple[Address, str]:
    """Replace the candidates of each section by one; return the first IPv4 one there was."""
    found = re.findall(r"^a=candidate:\S+ 1 (?i:udp) \d+ ([\d.]+) (\d+) ", sdp, re.MULTILINE)
    assert found, f"no IPv4 candidate in {sdp}"
    line = f"a=candidate:1 1 udp 2130706431 {HOST} {port} typ host\r\n"
    head, *sections = re.split(r"(?=^m=)", sdp, flags=re.MULTILINE)
    replaced = [
        re.sub(r"a=candidate:.*\r?\n", "", section).replace("a=mid:", f"{line}a=mid:", 1)
        for section in sections
    ]
    return (found[0][0], int(found[0][1])), head + "".join(replaced)
