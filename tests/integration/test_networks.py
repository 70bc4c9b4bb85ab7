"""Networks between client and runtime: relays, addresses of every kind, paths that break."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aioice.ice import get_host_addresses

from reactor_env.client import ConnectionFailedError, Reactor, ReactorStatus
from reactor_env.runtime import LocalRuntime
from tests.client.http_server import Server
from tests.integration import turn
from tests.signalling import Changes, in_front_of
from tests.udp_path import UdpPath

TIMEOUT_S = 10.0
CONSENT_S = 60.0
"""Consent to send expires after 30 s (RFC 7675, 5.1); aioice takes up to 40."""


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def signalling(catch_runtime: LocalRuntime, changes: Changes) -> Iterator[Server]:
    server = in_front_of(catch_runtime.url, changes)
    yield server
    server.close()


@pytest.fixture
async def path(changes: Changes) -> AsyncIterator[UdpPath]:
    """The stretch of network that all connections take, unless it is replaced."""
    path = UdpPath()
    await path.open()
    changes.offer, changes.answer = path.replace_client, path.replace_server
    yield path
    path.close()


@pytest.fixture(scope="module")
def turn_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[turn.TurnServer]:
    if not turn.installed():
        pytest.skip("no turnserver on this machine: apt-get install coturn")
    with turn.running(tmp_path_factory.mktemp("turn")) as server:
        yield server


def client(signalling: Server, **kwargs: Any) -> Reactor:
    return Reactor("catch", local=True, api_url=signalling.url, **kwargs)


class Player:
    """Plays on a client, and knows when frames come."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._arrived = asyncio.Event()
        reactor.add_frame_sink(lambda _track, _frame: self._arrived.set())

    async def play(self) -> None:
        """Start an episode and wait for a frame that arrives after the model's answer."""
        async with asyncio.timeout(TIMEOUT_S):
            await self._reactor.send_command("reset", {"seed": 1})
            self._arrived.clear()
            await self._arrived.wait()


# -- relays -------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_client_that_may_only_relay_plays_through_the_turn_server(
    signalling: Server, changes: Changes, turn_server: turn.TurnServer, transport: str
) -> None:
    changes.ice_servers = turn_server.offered(transport)
    async with client(signalling, ice_transport_policy="relay") as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        stats = await reactor.get_stats()
        assert stats.local_candidate is not None
        assert stats.local_candidate.type == "relay"
        assert stats.local_candidate.relay_protocol == transport
        assert stats.rtt_ms is not None


async def test_a_client_that_may_only_relay_names_no_address_of_its_own(
    signalling: Server, changes: Changes, turn_server: turn.TurnServer
) -> None:
    changes.ice_servers = turn_server.offered("udp")
    async with client(signalling, ice_transport_policy="relay") as reactor:
        await reactor.connect()
    candidates = re.findall(r"a=candidate:.*", changes.offers[0])
    assert candidates
    assert all("typ relay raddr 0.0.0.0 rport 9" in candidate for candidate in candidates)


async def test_a_turn_server_that_is_not_needed_is_not_in_the_way(
    signalling: Server, changes: Changes, turn_server: turn.TurnServer
) -> None:
    changes.ice_servers = turn_server.offered("udp")
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        stats = await reactor.get_stats()
        assert stats.local_candidate is not None
        assert stats.local_candidate.type == "host"


async def test_wrong_turn_credentials_are_told_at_once_and_not_shown(
    signalling: Server, changes: Changes, turn_server: turn.TurnServer
) -> None:
    changes.ice_servers = turn_server.offered("udp", password="wrong-password")
    async with client(signalling, ice_transport_policy="relay") as reactor:
        with pytest.raises(ConnectionFailedError, match="no relayed address came from") as refused:
            await reactor.connect()
        assert turn_server.uri("udp") in str(refused.value)
        assert "wrong-password" not in str(refused.value)
        assert reactor.get_status() is ReactorStatus.DISCONNECTED


async def test_relaying_without_a_turn_server_is_told_at_once(signalling: Server) -> None:
    async with client(signalling, ice_transport_policy="relay") as reactor:
        with pytest.raises(ConnectionFailedError, match="needs a TURN server"):
            await reactor.connect()


# -- addresses ----------------------------------------------------------------------------------

OTHERS = (
    "91 1 udp 2122265343 2001:db8::2 50001 typ host",
    "92 1 udp 2122265342 fe80::1 50002 typ host",
    "93 1 udp 2122265341 0a1b2c3d-0000-4000-8000-000000000000.local 50003 typ host",
    "94 1 tcp 1518280447 192.0.2.200 9 typ host tcptype active",
    "95 1 udp 2122265340 turn.example 50004 typ host",
    "96 1 udp 2122265339 192.0.2.200 70000 typ host",
    "97 1 udp nonsense",
)


async def test_addresses_of_every_kind_in_the_answer_do_not_keep_frames_away(
    signalling: Server, changes: Changes
) -> None:
    lines = "".join(f"a=candidate:{other}\r\n" for other in OTHERS)
    changes.answer = lambda answer: answer.replace("a=mid:", f"{lines}a=mid:")
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        stats = await reactor.get_stats()
        assert stats.remote_candidate is not None
        assert not stats.remote_candidate.address.startswith("2001:db8:")


@pytest.mark.skipif(
    not get_host_addresses(use_ipv4=False, use_ipv6=True), reason="this machine has no IPv6 address"
)
async def test_ipv6_alone_is_enough(signalling: Server, changes: Changes) -> None:
    def without_ipv4(sdp: str) -> str:
        return re.sub(r"a=candidate:.* udp \d+ [\d.]+ .*\r\n", "", sdp)

    changes.offer = changes.answer = without_ipv4
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        stats = await reactor.get_stats()
        assert stats.local_candidate is not None
        assert ":" in stats.local_candidate.address


async def test_an_answer_without_a_usable_address_is_told_at_once(
    signalling: Server, changes: Changes
) -> None:
    changes.answer = lambda answer: re.sub(r"(a=candidate:\S+) 1 udp", r"\1 1 tcp", answer)
    async with client(signalling) as reactor:
        with pytest.raises(ConnectionFailedError, match="no address that can be used"):
            await reactor.connect()


# -- paths that break ---------------------------------------------------------------------------


async def test_a_session_is_played_through_a_path_and_taken_to_another_by_reconnecting(
    signalling: Server, changes: Changes, path: UdpPath
) -> None:
    other = UdpPath()
    await other.open()
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        session = reactor.get_session_id()
        path.cut = True
        await reactor.disconnect(recoverable=True)
        changes.offer, changes.answer = other.replace_client, other.replace_server
        await reactor.reconnect()
        await player.play()
        assert reactor.get_session_id() == session
        assert other.forwarded > 0
    other.close()


async def test_a_path_that_fails_for_a_moment_loses_no_session(
    signalling: Server, path: UdpPath
) -> None:
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        path.cut = True
        assert (await reactor.get_stats()).rtt_ms is None
        path.cut = False
        await player.play()
        assert (await reactor.get_stats()).rtt_ms is not None
        assert reactor.get_status() is ReactorStatus.READY


@pytest.mark.slow
async def test_a_path_that_is_cut_is_noticed_by_itself_and_reconnecting_finds_the_session(
    signalling: Server, path: UdpPath
) -> None:
    lost = asyncio.Event()
    errors: list[Any] = []
    async with client(signalling) as reactor:
        player = Player(reactor)
        await reactor.connect()
        await player.play()
        session = reactor.get_session_id()
        reactor.on("error", errors.append)
        reactor.on_status(ReactorStatus.DISCONNECTED)(lambda *_: lost.set())
        path.cut = True
        async with asyncio.timeout(CONSENT_S):
            await lost.wait()
        assert [error.code for error in errors] == ["GPU_CONNECTION_ERROR"]
        path.cut = False
        await reactor.reconnect()
        await player.play()
        assert reactor.get_session_id() == session
