"""Datagrams in batches: read together, acknowledged together.

aiortc 1.16 reads one datagram in a turn of the event loop, and answers every one that carries data
with one of its own. The frame of a stepped session at 640x480 is some 800 datagrams, and a system
call for each answer costs more than reading what it answers. Here

- every datagram that waits is read in the same turn of the loop;
- what was read together is acknowledged together, unless something is missing, which the sender is
  told at once. RFC 9260 section 6.2 asks for an acknowledgement of every second packet at least;
  datagrams that arrive one by one, as on a network, are acknowledged one by one, as before;
- a message that gets lost is sent again after a quarter of a second. aiortc waits for a whole one,
  or for three later messages, and a command that nobody follows up would wait for that;
- the fragments of a message are looked through when its last one has come, not for each.

What a step takes then is in ``benchmarks/reports/stepped.md``.

Everything that reaches into aiortc or aioice for it is here; ``tests/client/test_batches.py`` fails
when they change.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from aiortc import RTCPeerConnection
from aiortc.rtcsctptransport import (
    SCTP_DATA_LAST_FRAG,
    SCTP_RTO_MAX,
    DataChunk,
    InboundStream,
)

MOST = 32
"""Datagrams that are read in one turn of the loop, and acknowledged together, at most: so many take
about a millisecond, for which other sessions wait."""

_BUFFER_BYTES = 4 << 20
_DATAGRAM_BYTES = 64 * 1024

LEAST_TIMEOUT_S = 0.25
"""The least time until an unacknowledged message is sent again. RFC 9260 (15) recommends a second,
for bulk data; it must be above the 200 ms for which a receiver may hold an acknowledgement back
(6.2). The runtime's own SCTP has 400 ms."""

Address = tuple[Any, ...]


def install(connection: RTCPeerConnection) -> None:
    """Have a connection read and acknowledge in batches.

    Args:
        connection: One that has a data channel and has gathered its candidates.
    """
    sctp: Any = connection.sctp
    acknowledge_together(sctp)
    repeat_sooner(sctp)
    sctp._get_inbound_stream = lambda number: sctp._inbound_streams.setdefault(number, Stream())
    transports = {sctp.transport.transport}
    transports |= {media.receiver.transport.transport for media in connection.getTransceivers()}
    for transport in transports:
        for protocol in transport._connection._protocols:
            read_together(protocol)


def read_together(protocol: Any) -> None:
    """Have a protocol be given all datagrams that wait whenever it is given one.

    Args:
        protocol: An :class:`asyncio.DatagramProtocol` with its ``transport``. Left as it is where
            that has no socket of its own, as one through a TURN server, and on event loops other
            than asyncio's for sockets.
    """
    own = protocol.transport.get_extra_info("socket")
    if own is None or not isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        return
    handle, end = protocol.datagram_received, protocol.connection_lost
    # asyncio's transport lets nobody read from its socket; this is the same one.
    source: socket.socket = own.dup()
    # Linux grants 400 KB of it by default: a stepped frame arrives at once.
    source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    buffer = memoryview(bytearray(_DATAGRAM_BYTES))

    def datagram_received(data: bytes, address: Address) -> None:
        handle(data, address)
        # An error is left to asyncio, which tells the protocol.
        with contextlib.suppress(OSError):
            for _ in range(MOST - 1):
                size, address = source.recvfrom_into(buffer)
                handle(bytes(buffer[:size]), address)

    def connection_lost(error: Exception | None) -> None:
        source.close()
        end(error)

    protocol.datagram_received = datagram_received
    protocol.connection_lost = connection_lost


def acknowledge_together(sctp: Any) -> None:
    """Have what was received in one turn of the loop be acknowledged once, at its end.

    Args:
        sctp: An :class:`~aiortc.rtcsctptransport.RTCSctpTransport`.
    """
    send: Callable[[], Awaitable[None]] = sctp._send_sack
    held = 0
    waiting: asyncio.Task[None] | None = None

    async def acknowledge() -> None:
        nonlocal held
        held = 0
        await send()

    async def at_the_end() -> None:
        nonlocal waiting
        waiting = None
        if held:
            with contextlib.suppress(ConnectionError):  # it was closed meanwhile
                await acknowledge()

    async def send_sack() -> None:
        nonlocal held, waiting
        held += 1
        if held >= MOST or sctp._sack_misordered or sctp._sack_duplicates:
            await acknowledge()
            return
        sctp._sack_needed = False
        if waiting is None:
            waiting = asyncio.ensure_future(at_the_end())

    sctp._send_sack = send_sack


def repeat_sooner(sctp: Any) -> None:
    """Lower the least time after which a message is sent again.

    Args:
        sctp: An :class:`~aiortc.rtcsctptransport.RTCSctpTransport`.
    """
    update: Callable[[float], None] = sctp._update_rto

    def update_rto(round_trip_s: float) -> None:
        update(round_trip_s)
        estimated = sctp._srtt + 4 * sctp._rttvar
        sctp._rto = max(LEAST_TIMEOUT_S, min(estimated, SCTP_RTO_MAX))

    sctp._update_rto = update_rto


class Stream(InboundStream):
    """The fragments of one SCTP stream, looked through only when a message may be complete."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = 0

    def add_chunk(self, chunk: DataChunk) -> None:
        """Add a fragment."""
        super().add_chunk(chunk)
        self._ends += bool(chunk.flags & SCTP_DATA_LAST_FRAG)

    def pop_messages(self) -> Iterator[tuple[int, int, bytes]]:
        """Take the messages that are complete: stream, protocol and bytes of each."""
        if self._ends:
            for message in super().pop_messages():
                self._ends -= 1
                yield message

    def prune_chunks(self, tsn: int) -> int:
        """Drop fragments that the sender gave up; return their bytes."""
        size = super().prune_chunks(tsn)
        self._ends = sum(bool(chunk.flags & SCTP_DATA_LAST_FRAG) for chunk in self.reassembly)
        return size
