"""A stretch of network between two WebRTC peers: it forwards, loses, delays, and can be cut."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

HOST = "127.0.0.1"

Address = tuple[str, int]

Fate = Callable[[bytes], float | None]
"""Returns how many seconds a datagram is on its way, ``None`` where it is lost."""


_CANDIDATE = re.compile(r"candidate:[^\s\"]+ \d+ \w+ \d+ \S+ \d+ typ [^\\\"\r\n]*")


def at_once(_datagram: bytes) -> float | None:
    """Let every datagram through."""
    return 0.0


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, arrived: Callable[[bytes, Address], None]) -> None:
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._arrived(data, addr)


@dataclass
class UdpPath:
    """Two sockets back to back: what arrives at one leaves from the other.

    Each peer knows the other by the socket on its own side only, once its candidates have
    been replaced in offer and answer.

    Attributes:
        towards_client: What becomes of datagrams from the server.
        towards_server: What becomes of datagrams from the client.
        cut: Whether nothing is let through any more.
        delay_s: How much longer each datagram is on its way.
        forwarded: How many datagrams went through.
        lost: How many did not.
    """

    towards_client: Fate = at_once
    towards_server: Fate = at_once
    cut: bool = False
    delay_s: float = 0.0
    forwarded: int = 0
    lost: int = 0
    _client: Address | None = None
    _server: Address | None = None
    _near: asyncio.DatagramTransport = field(init=False)
    _far: asyncio.DatagramTransport = field(init=False)

    async def open(self) -> None:
        """Open both sockets on loopback."""
        loop = asyncio.get_running_loop()
        self._near, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_client), local_addr=(HOST, 0)
        )
        self._far, _ = await loop.create_datagram_endpoint(
            lambda: _Socket(self._from_server), local_addr=(HOST, 0)
        )

    def close(self) -> None:
        """Close both sockets."""
        self._near.close()
        self._far.close()

    def replace_client(self, offer: str) -> str:
        """Put this path in the place of the client's candidates.

        Those may be missing: a client that tells them later is answered where it speaks from.
        """
        self._client, replaced = _replace_candidates(offer, _port(self._far))
        return replaced

    def replace_told(self, text: str) -> str:
        """Put this path in the place of candidates that the client tells after its offer."""
        return _CANDIDATE.sub(_candidate(_port(self._far)), text)

    def replace_server(self, answer: str) -> str:
        """Put this path in the place of the server's candidates, which may be missing too."""
        self._server, replaced = _replace_candidates(answer, _port(self._near))
        return replaced

    def _from_client(self, data: bytes, address: Address) -> None:
        # One with several addresses, or none that it told, is answered where it speaks from.
        self._client = address
        self._forward(self._far, data, self._server, self.towards_server(data))

    def _from_server(self, data: bytes, address: Address) -> None:
        self._server = address
        self._forward(self._near, data, self._client, self.towards_client(data))

    def _forward(
        self,
        socket: asyncio.DatagramTransport,
        data: bytes,
        address: Address | None,
        delay_s: float | None,
    ) -> None:
        if self.cut or address is None or delay_s is None:
            self.lost += 1
            return
        self.forwarded += 1
        delay_s += self.delay_s
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, socket.sendto, data, address)
        else:
            socket.sendto(data, address)


def _candidate(port: int) -> str:
    return f"candidate:1 1 udp 2130706431 {HOST} {port} typ host"


def _port(transport: asyncio.DatagramTransport) -> int:
    return cast("int", transport.get_extra_info("sockname")[1])


def _replace_candidates(sdp: str, port: int) -> tuple[Address | None, str]:
    """Replace the candidates of each section by one; return the first IPv4 one there was."""
    found = re.findall(r"^a=candidate:\S+ 1 (?i:udp) \d+ ([\d.]+) (\d+) ", sdp, re.MULTILINE)
    line = f"a={_candidate(port)}\r\n"
    head, *sections = re.split(r"(?=^m=)", sdp, flags=re.MULTILINE)
    replaced = [
        re.sub(r"a=candidate:.*\r?\n", "", section).replace("a=mid:", f"{line}a=mid:", 1)
        for section in sections
    ]
    first = (found[0][0], int(found[0][1])) if found else None
    return first, head + "".join(replaced)
