"""``connect()`` cancelled at any await point: nobody pays, nothing is left, it works again."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from aioice import ice, stun

from reactor_env.client import ConnectionFailedError, Reactor, ReactorStatus
from reactor_env.client.coordinator import hosted as hosted_coordinator
from tests.hosted.clients import CALLS, END, TIMEOUT_S, Call, client, nothing_left, threads
from tests.hosted.coordinator import HostedService

STEP_S = 0.005
PAST_THE_END = 3
"""How often in a row a connect must be done before a sweep has seen all of it."""


@pytest.fixture
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_coordinator, "_POLL_FIRST_S", 0.01)


def sockets() -> int:
    """Count this process's UDP sockets, which are WebRTC's."""
    gc.collect()
    return len(psutil.Process().net_connections("udp"))


@asynccontextmanager
async def nothing_left_behind(service: HostedService, reactor: Reactor) -> AsyncIterator[None]:
    """Check that no session, task, thread or socket is left, and that the client still works."""
    before = threads(), sockets()
    yield
    await nothing_left(service, reactor)
    assert (threads(), sockets()) == before
    await reactor.connect()
    assert reactor.get_status() is ReactorStatus.READY
    assert service.live_sessions == (reactor.get_session_id(),)
    await reactor.disconnect()
    await nothing_left(service, reactor)
    assert (threads(), sockets()) == before


# -- while a request is in flight ---------------------------------------------------------------

IN_FLIGHT = [
    pytest.param(call, handled, id=f"{name}-{'answering' if handled else 'asking'}")
    for name, call in CALLS.items()
    for handled in (False, True)
]


@asynccontextmanager
async def in_flight(
    service: HostedService, reactor: Reactor, call: Call, handled: bool
) -> AsyncIterator[tuple[asyncio.Task[None], threading.Event]]:
    """Connect, up to where a request is held up; the event lets it go on."""
    gate = threading.Event()
    fault = service.delay(call.method, call.path, gate, handled=handled)
    connecting = asyncio.ensure_future(reactor.connect())
    await fault.struck()
    if call is CALLS["create"]:
        if handled:
            await service.until("a session", lambda: service.sessions)
        # What is being created can be ended once it is known: this is the one call waited for.
        asyncio.get_running_loop().call_later(0.05, gate.set)
    yield connecting, gate
    gate.set()


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("call", "handled"), IN_FLIGHT)
async def test_a_connect_is_cancelled_while_a_request_is_in_flight(
    hosted: HostedService, call: Call, handled: bool
) -> None:
    reactor = client(hosted)
    async with (
        nothing_left_behind(hosted, reactor),
        in_flight(hosted, reactor, call, handled) as (connecting, gate),
    ):
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert gate.is_set() == (call is CALLS["create"])
        assert hosted.live_sessions == ()


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("call", "handled"), IN_FLIGHT)
async def test_a_disconnect_ends_a_connect_whose_request_is_in_flight(
    hosted: HostedService, call: Call, handled: bool
) -> None:
    reactor = client(hosted)
    async with (
        nothing_left_behind(hosted, reactor),
        in_flight(hosted, reactor, call, handled) as (connecting, _),
    ):
        await reactor.disconnect(recoverable=handled)
        assert hosted.live_sessions == ()
        with pytest.raises(ConnectionFailedError, match=r"disconnect\(\) was called before"):
            await connecting


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize(("call", "handled"), IN_FLIGHT)
async def test_a_timeout_ends_a_connect_whose_request_is_in_flight(
    hosted: HostedService, call: Call, handled: bool
) -> None:
    reactor = client(hosted)
    async with (
        nothing_left_behind(hosted, reactor),
        in_flight(hosted, reactor, call, handled) as (connecting, _),
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connecting, 0.001)
        assert hosted.live_sessions == ()


@pytest.mark.usefixtures("quick_polls")
async def test_a_connect_cancelled_again_while_it_clears_up_clears_up_all_the_same(
    hosted: HostedService,
) -> None:
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        gate = threading.Event()
        ending = hosted.delay(END.method, END.path, gate)
        async with in_flight(hosted, reactor, CALLS["answer"], False) as (connecting, _):
            connecting.cancel()
            await ending.struck()
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert reactor.get_status() is ReactorStatus.DISCONNECTED
            gate.set()
            await hosted.no_live_sessions()


@pytest.mark.usefixtures("quick_polls")
async def test_a_disconnect_that_is_cancelled_ends_the_session_all_the_same(
    hosted: HostedService,
) -> None:
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        gate = threading.Event()
        ending = hosted.delay(END.method, END.path, gate)
        await reactor.connect()
        disconnecting = asyncio.ensure_future(reactor.disconnect())
        await ending.struck()
        disconnecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await disconnecting
        assert reactor.get_status() is ReactorStatus.DISCONNECTED
        gate.set()
        await hosted.no_live_sessions()


@pytest.mark.usefixtures("quick_polls")
async def test_a_new_connect_waits_for_the_old_session_to_end(hosted: HostedService) -> None:
    reactor = client(hosted)
    gate = threading.Event()
    ending = hosted.delay(END.method, END.path, gate)
    await reactor.connect()
    first = reactor.get_session_id()
    disconnecting = asyncio.ensure_future(reactor.disconnect())
    await ending.struck()
    disconnecting.cancel()
    await asyncio.gather(disconnecting, return_exceptions=True)
    connecting = asyncio.ensure_future(reactor.connect())
    gate.set()
    await connecting
    assert hosted.session(str(first)).end_reason == "deleted"
    assert hosted.live_sessions == (reactor.get_session_id(),)
    await reactor.disconnect()
    await nothing_left(hosted, reactor)


# -- while candidates are gathered --------------------------------------------------------------


class SilentStun(asyncio.DatagramProtocol):
    """A STUN server that notes what it is asked, and says no when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self._requests: list[tuple[bytes, Any]] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._requests.append((data, addr))
        self.asked.set()

    def refuse(self) -> None:
        """Answer everything so far with an error."""
        assert self._transport is not None
        for data, addr in self._requests:
            asked = stun.parse_message(data)
            answer = stun.Message(
                asked.message_method, stun.Class.ERROR, transaction_id=asked.transaction_id
            )
            answer.attributes["ERROR-CODE"] = (500, "no")
            self._transport.sendto(bytes(answer), addr)


@asynccontextmanager
async def silent_stun() -> AsyncIterator[tuple[SilentStun, str]]:
    """Run one; also yields its address, on which all of this machine's can reach it."""
    host = ice.get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        SilentStun, local_addr=(host, 0)
    )
    try:
        yield server, f"{host}:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


@pytest.mark.usefixtures("quick_polls")
@pytest.mark.parametrize("kind", ["stun", "turn"])
async def test_a_connect_is_cancelled_while_it_asks_for_its_addresses(
    hosted: HostedService, kind: str
) -> None:
    async with silent_stun() as (server, address):
        reactor = client(hosted)
        async with nothing_left_behind(hosted, reactor):
            turn = {"username": "u", "password": "p"}
            hosted.settings.ice_servers = [{"uris": [f"{kind}:{address}"], "credentials": turn}]
            connecting = asyncio.ensure_future(reactor.connect())
            async with asyncio.timeout(TIMEOUT_S):
                await server.asked.wait()
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            assert hosted.live_sessions == ()
            server.refuse()
            hosted.settings.ice_servers = None


# -- at any time --------------------------------------------------------------------------------

Stop = Callable[[Reactor, asyncio.Task[None]], Awaitable[None]]


async def cancel(reactor: Reactor, connecting: asyncio.Task[None]) -> None:
    del reactor
    connecting.cancel()


async def disconnect(reactor: Reactor, connecting: asyncio.Task[None]) -> None:
    del connecting
    await reactor.disconnect()


STOPS = pytest.mark.parametrize("stop", [cancel, disconnect])


async def stopped(reactor: Reactor, delay_s: float, stop: Stop) -> bool:
    """Connect, and stop that after a while; return whether it was stopped in time."""
    connecting = asyncio.ensure_future(reactor.connect())
    await asyncio.wait({connecting}, timeout=delay_s)
    await stop(reactor, connecting)
    (result,) = await asyncio.gather(connecting, return_exceptions=True)
    if result is None:
        await reactor.disconnect()
        return False
    assert isinstance(result, asyncio.CancelledError | ConnectionFailedError)
    return True


async def sweep(service: HostedService, reactor: Reactor, stop: Stop, step_s: float) -> int:
    """Stop a connect after 0, 1, 2, ... steps, until it is always done before."""
    step = done = 0
    while done < PAST_THE_END:
        done = 0 if await stopped(reactor, step * step_s, stop) else done + 1
        assert service.live_sessions == (), f"after {step * step_s:g} s"
        await nothing_left(service, reactor)
        step += 1
    return step


@pytest.mark.parametrize(("stop", "step_s"), [(cancel, STEP_S), (disconnect, 2 * STEP_S)])
async def test_a_connect_is_stopped_at_any_time(
    hosted: HostedService, stop: Stop, step_s: float
) -> None:
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        assert await sweep(hosted, reactor, stop, step_s) > 20


@pytest.mark.slow
@STOPS
async def test_a_slow_connect_is_stopped_at_any_time(hosted: HostedService, stop: Stop) -> None:
    hosted.delay("*", "*", 0.02, times=None)
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        assert await sweep(hosted, reactor, stop, 2 * STEP_S) > 20


@STOPS
async def test_a_connect_is_stopped_after_any_turn_of_the_loop(
    hosted: HostedService, stop: Stop
) -> None:
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        for turns in range(1, 40):
            connecting = asyncio.ensure_future(reactor.connect())
            for _ in range(turns):
                await asyncio.sleep(0)
            await stop(reactor, connecting)
            (result,) = await asyncio.gather(connecting, return_exceptions=True)
            assert isinstance(result, asyncio.CancelledError | ConnectionFailedError), turns
            await nothing_left(hosted, reactor)


@pytest.mark.usefixtures("quick_polls")
async def test_joining_again_is_cancelled_at_any_time_and_keeps_the_session(
    hosted: HostedService,
) -> None:
    reactor = client(hosted)
    async with nothing_left_behind(hosted, reactor):
        await reactor.connect()
        session_id = reactor.get_session_id()
        step = done = 0
        while done < PAST_THE_END:
            await reactor.disconnect(recoverable=True)
            joining = asyncio.ensure_future(reactor.reconnect())
            await asyncio.wait({joining}, timeout=step * STEP_S)
            joining.cancel()
            (result,) = await asyncio.gather(joining, return_exceptions=True)
            done = 0 if isinstance(result, asyncio.CancelledError) else done + 1
            assert hosted.live_sessions == (session_id,)
            step += 1
        assert await reactor.send_command("reset", {"seed": 1}) is not None
        await reactor.disconnect()
