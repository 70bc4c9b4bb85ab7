from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiortc
import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection
from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    SCTP_DATA_LAST_FRAG,
    SCTP_DATA_UNORDERED,
    SCTP_RTO_MAX,
    DataChunk,
    InboundStream,
)
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.batches import (
    LEAST_TIMEOUT_S,
    MOST,
    Stream,
    acknowledge_together,
    install,
    read_together,
    repeat_sooner,
)

TIMEOUT_S = 10.0
LOOPBACK = "127.0.0.1"


# -- reading ------------------------------------------------------------------------------------


class Recorder(asyncio.DatagramProtocol):
    """Notes what it is given, and in which turn of the loop."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, int]] = []
        self.turn = 0
        self.changed = asyncio.Event()
        self.ended = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._count_turns()

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.received.append((data, self.turn))
        self.changed.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set()

    def _count_turns(self) -> None:
        self.turn += 1
        if not self.ended.is_set():
            asyncio.get_running_loop().call_soon(self._count_turns)

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            while len(self.received) < count:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def receiving(*, together: bool) -> AsyncIterator[tuple[Recorder, socket.socket]]:
    """Open a protocol's socket, and one that is connected to it."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Recorder, local_addr=(LOOPBACK, 0)
    )
    if together:
        read_together(protocol)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(transport.get_extra_info("sockname"))
        try:
            yield protocol, sender
        finally:
            transport.close()
            await asyncio.wait_for(protocol.ended.wait(), TIMEOUT_S)


async def turns(protocol: Recorder, sender: socket.socket, count: int) -> list[int]:
    """Send datagrams at once; return how many came in each turn of the loop."""
    wanted = [b"%d" % number for number in range(count)]
    for data in wanted:
        sender.send(data)
    await protocol.wait_for(count)
    assert [data for data, _ in protocol.received] == wanted
    found = [turn for _, turn in protocol.received]
    return [found.count(turn) for turn in dict.fromkeys(found)]


async def test_datagrams_that_wait_are_read_in_one_turn() -> None:
    async with receiving(together=True) as (protocol, sender):
        assert await turns(protocol, sender, 10) == [10]


async def test_more_than_fit_a_turn_are_read_in_several() -> None:
    async with receiving(together=True) as (protocol, sender):
        assert await turns(protocol, sender, 2 * MOST + 3) == [MOST, MOST, 3]


async def test_asyncio_alone_still_reads_one_in_a_turn() -> None:
    # When this fails, asyncio does it by itself and `read_together` may go.
    async with receiving(together=False) as (protocol, sender):
        assert await turns(protocol, sender, 3) == [1, 1, 1]


async def test_a_closed_transport_leaves_no_socket_behind() -> None:
    async with receiving(together=True) as (protocol, _):
        address = protocol.transport.get_extra_info("sockname")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind(address)


# -- acknowledging ------------------------------------------------------------------------------


def transport() -> tuple[Any, list[int]]:
    """Make a transport that notes which packet each acknowledgement came after."""
    sent: list[int] = []
    sctp = SimpleNamespace(packets=0, _sack_misordered=set(), _sack_duplicates=[])

    async def send_sack() -> None:
        sent.append(sctp.packets)

    sctp._send_sack = send_sack
    acknowledge_together(sctp)
    return sctp, sent


async def receive(sctp: Any, count: int) -> None:
    for _ in range(count):
        sctp.packets += 1
        await sctp._send_sack()


async def test_packets_of_one_turn_are_acknowledged_once_and_without_another() -> None:
    sctp, sent = transport()
    await receive(sctp, 10)
    assert sent == []
    await asyncio.sleep(0)
    assert sent == [10]


async def test_a_packet_that_comes_alone_is_acknowledged() -> None:
    sctp, sent = transport()
    for _ in range(3):
        await receive(sctp, 1)
        await asyncio.sleep(0)
    assert sent == [1, 2, 3]


async def test_many_packets_are_acknowledged_before_the_turn_ends() -> None:
    sctp, sent = transport()
    await receive(sctp, 2 * MOST + 1)
    assert sent == [MOST, 2 * MOST]
    await asyncio.sleep(0)
    assert sent == [MOST, 2 * MOST, 2 * MOST + 1]


async def test_a_gap_or_a_duplicate_is_told_at_once() -> None:
    sctp, sent = transport()
    await receive(sctp, 1)
    sctp._sack_misordered.add(5)
    await receive(sctp, 1)
    assert sent == [2]
    sctp._sack_misordered.clear()
    sctp._sack_duplicates.append(1)
    await receive(sctp, 1)
    assert sent == [2, 3]


# -- fragments ----------------------------------------------------------------------------------


def chunks_of(messages: list[tuple[bytes, bool]]) -> list[DataChunk]:
    """Cut messages into fragments of one byte; each says whether it is ordered."""
    chunks, tsn, sequence = [], 0xFFFFFFFE, 0  # across the end of the numbers
    for data, ordered in messages:
        for index in range(len(data)):
            chunk = DataChunk()
            chunk.tsn, chunk.stream_id, chunk.protocol = tsn, 1, 51
            chunk.stream_seq = sequence if ordered else 0
            chunk.user_data = data[index : index + 1]
            chunk.flags = 0 if ordered else SCTP_DATA_UNORDERED
            if index == 0:
                chunk.flags |= SCTP_DATA_FIRST_FRAG
            if index == len(data) - 1:
                chunk.flags |= SCTP_DATA_LAST_FRAG
            chunks.append(chunk)
            tsn = (tsn + 1) % 2**32
        sequence += ordered
    return chunks


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=6), st.booleans()), max_size=8),
    st.randoms(use_true_random=False),
)
def test_a_stream_gives_what_aiortcs_gives_in_any_order_of_arrival(
    messages: list[tuple[bytes, bool]], order: random.Random
) -> None:
    chunks = chunks_of(messages)
    order.shuffle(chunks)
    ours, theirs = Stream(), InboundStream()
    for chunk in chunks:
        ours.add_chunk(chunk)
        theirs.add_chunk(chunk)
        assert list(ours.pop_messages()) == list(theirs.pop_messages())
    assert not ours.reassembly


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=6), st.booleans()), min_size=1, max_size=8),
    st.data(),
)
def test_a_stream_whose_sender_gave_up_goes_on_as_aiortcs(
    messages: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    chunks = chunks_of(messages)
    lost = data.draw(st.integers(0, len(chunks) - 1))
    ours, theirs = Stream(), InboundStream()
    for chunk in [*chunks[:lost], *chunks[lost + 1 :]]:
        ours.add_chunk(chunk)
        theirs.add_chunk(chunk)
        assert list(ours.pop_messages()) == list(theirs.pop_messages())
    tsn = chunks[lost].tsn
    assert ours.prune_chunks(tsn) == theirs.prune_chunks(tsn)
    assert list(ours.pop_messages()) == list(theirs.pop_messages())


# -- with aiortc --------------------------------------------------------------------------------


@asynccontextmanager
async def connected(*, together: bool) -> AsyncIterator[tuple[RTCDataChannel, Any, Any]]:
    """Connect two peers; yield a sender's channel, the receiving peer and its channel."""
    here, there = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    out = there.createDataChannel("data")
    arrived: asyncio.Future[RTCDataChannel] = asyncio.get_running_loop().create_future()
    here.on("datachannel", arrived.set_result)
    opened = asyncio.Event()
    out.on("open", opened.set)
    try:
        await there.setLocalDescription(await there.createOffer())
        await here.setRemoteDescription(there.localDescription)
        await here.setLocalDescription(await here.createAnswer())
        if together:
            install(here)
        await there.setRemoteDescription(here.localDescription)
        await asyncio.wait_for(opened.wait(), TIMEOUT_S)
        yield out, here, await asyncio.wait_for(arrived, TIMEOUT_S)
    finally:
        await asyncio.gather(here.close(), there.close())


async def acknowledgements_of(data: bytes, *, together: bool) -> int:
    """Send a message from one peer to another and count the receiver's acknowledgements."""
    async with connected(together=together) as (out, here, channel):
        received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        channel.on("message", received.set_result)
        send, count = here.sctp._send_chunk, 0

        async def counted(chunk: Any) -> None:
            nonlocal count
            count += type(chunk).__name__ == "SackChunk"
            await send(chunk)

        here.sctp._send_chunk = counted
        out.send(data)
        assert await asyncio.wait_for(received, TIMEOUT_S) == data
        return count


async def test_a_large_message_arrives_whole_and_with_few_acknowledgements() -> None:
    data = random.Random(1).randbytes(200_000)  # 170 packets
    together = await acknowledgements_of(data, together=True)
    alone = await acknowledgements_of(data, together=False)
    # When the second fails, aiortc does it by itself and `acknowledge_together` may go.
    assert together < 100
    assert alone > 150


async def test_a_connection_with_batches_closes_its_sockets() -> None:
    async with connected(together=True) as (_, here, _channel):
        protocols = here.sctp.transport.transport._connection._protocols
        addresses = [one.transport.get_extra_info("sockname") for one in protocols]
    assert addresses
    for address in addresses:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as again:
            again.bind(address)


def test_aiortc_is_the_version_this_was_written_for() -> None:
    assert aiortc.__version__.startswith("1.16."), (
        "read aiortc's rtcsctptransport.py and aioice's ice.py again before changing this"
    )


@pytest.mark.parametrize("name", ["_send_sack", "_get_inbound_stream"])
async def test_aiortc_has_what_is_replaced(name: str) -> None:
    peer = RTCPeerConnection()
    peer.createDataChannel("data")
    try:
        assert callable(getattr(peer.sctp, name))
    finally:
        await peer.close()


# -- sending again ------------------------------------------------------------------------------


async def test_a_message_is_sent_again_after_the_round_trip_but_not_too_soon() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.createDataChannel("data")
    sctp: Any = connection.sctp
    repeat_sooner(sctp)
    for _ in range(30):
        sctp._update_rto(0.002)
    assert sctp._rto == LEAST_TIMEOUT_S
    for _ in range(200):
        sctp._update_rto(0.6)
    assert 0.6 <= sctp._rto < 0.7
    sctp._update_rto(1000.0)
    assert sctp._rto == SCTP_RTO_MAX
    await connection.close()
