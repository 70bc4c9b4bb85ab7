"""Answers that come late, in half, as garbage or not at all: what the user sees, what it costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from reactor_env.client import (
    ConnectionFailedError,
    Reactor,
    ReactorClientError,
    ReactorStatus,
    ReactorTimeoutError,
    lifecycle,
)
from reactor_env.client.coordinator import hosted as hosted_coordinator
from reactor_env.client.coordinator import live_sessions
from reactor_env.runtime import LocalRuntime
from tests.hosted.clients import CALLS, END, Call, client, listen_to, nothing_left
from tests.hosted.coordinator import HostedService
from tests.hosted.faults import Fault, Garbage

GARBAGE: tuple[Garbage, ...] = get_args(Garbage)
CREATE, POLL = CALLS["create"], CALLS["poll"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_coordinator, "_POLL_FIRST_S", 0.01)
    monkeypatch.setattr(hosted_coordinator, "_END_PAUSES_S", (0.0,) * 5)


@pytest.fixture
def service(hosted_http: HostedService) -> HostedService:
    """A service without a runtime, and without ICE servers nobody could reach."""
    hosted_http.settings.ice_servers = []
    return hosted_http


async def failing(
    service: HostedService, expected: type[ReactorClientError], **options: Any
) -> tuple[str, Reactor]:
    """Connect in vain; return what the user is told, after checking that it is told twice."""
    reactor = client(service, **options)
    heard = listen_to(reactor)
    with pytest.raises(ReactorClientError) as raised:
        await reactor.connect()
    assert type(raised.value) is expected
    (error,) = heard.errors
    assert (error.code, error.component, error.recoverable) == ("CONNECTION_FAILED", "api", True)
    assert error.message == str(raised.value)
    assert heard.statuses[-1] is ReactorStatus.DISCONNECTED
    return error.message, reactor


# -- late ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_late_answer_is_a_timeout_that_names_it(
    service: HostedService, call: Call, handled: bool
) -> None:
    service.settings.sdp_answer = "never seen"
    service.delay(call.method, call.path, 1.0, times=None, handled=handled)
    message, reactor = await failing(service, ReactorTimeoutError, connect_timeout=0.75)
    assert f"was not ready within 0.75 s; it waited for {call.waits_for}" in message
    await nothing_left(service, reactor)


async def test_an_offer_that_is_never_answered_is_a_timeout(service: HostedService) -> None:
    message, reactor = await failing(service, ReactorTimeoutError, connect_timeout=0.5)
    assert message.endswith("was not ready within 0.5 s; it waited for the SDP answer")
    await nothing_left(service, reactor)


async def answer_from_nowhere(service: HostedService) -> None:
    """Answer the offer as a peer that is gone does."""
    offer = CALLS["offer"]
    await service.until("the offer", lambda: service.requests_to(offer.method, offer.path))
    sdp = service.requests_to(offer.method, offer.path)[0].json()["sdp_offer"]
    peer = RTCPeerConnection()
    await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    service.settings.sdp_answer = peer.localDescription.sdp
    await peer.close()


async def test_a_transport_that_never_connects_is_a_timeout(service: HostedService) -> None:
    answering = asyncio.ensure_future(answer_from_nowhere(service))
    message, reactor = await failing(service, ReactorTimeoutError, connect_timeout=1.0)
    assert "it waited for the WebRTC connection" in message
    await answering
    await nothing_left(service, reactor)


async def test_a_late_end_is_waited_for(hosted: HostedService) -> None:
    hosted.delay(END.method, END.path, 0.3)
    async with client(hosted) as reactor:
        await reactor.connect()
        began = time.monotonic()
    assert time.monotonic() - began >= 0.3
    await nothing_left(hosted, reactor)


async def test_an_end_that_takes_too_long_is_told(
    hosted: HostedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "_END_TIMEOUT_S", 0.2)
    hosted.delay(END.method, END.path, 1.0)
    reactor = client(hosted)
    heard = listen_to(reactor)
    await reactor.connect()
    await reactor.disconnect()
    (error,) = heard.errors
    assert error.code == "SESSION_END_FAILED"
    assert error.message.endswith("it took longer than 0.2 s")
    await hosted.no_live_sessions()
    await asyncio.to_thread(live_sessions.end_all)
    await nothing_left(hosted, reactor)


# -- broken off ---------------------------------------------------------------------------------

Break = Callable[..., Fault]
BREAKS: dict[str, Callable[[HostedService], Break]] = {
    "half": lambda service: service.half_answer,
    "reset": lambda service: service.reset,
    "half, then reset": lambda service: lambda *a, **k: service.reset(*a, mid_answer=True, **k),
}
BROKEN_CALLS = {name: call for name, call in CALLS.items() if name != "poll"}


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", BROKEN_CALLS)
async def test_an_answer_that_breaks_off_says_what_could_not_be_done(
    service: HostedService, name: str, how: str, handled: bool
) -> None:
    call = CALLS[name]
    service.settings.sdp_answer = "never seen"
    BREAKS[how](service)(call.method, call.path, handled=handled)
    message, reactor = await failing(service, ConnectionFailedError)
    path = service.requests_to(call.method, call.path)[0].path
    assert message.startswith(
        f"could not {call.what}: the service at {service.url} gave no answer "
        f"({call.method} {path}: "
    )
    if (name, how, handled) == ("create", "reset", True):
        # Nobody was told of the session, so nobody can end it.
        assert "it ends by itself" in message
        await asyncio.to_thread(service.end_all)
    await nothing_left(service, reactor)


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("handled", [False, True])
async def test_polling_outlives_an_answer_that_breaks_off(
    hosted: HostedService, how: str, handled: bool
) -> None:
    fault = BREAKS[how](hosted)(POLL.method, POLL.path, handled=handled)
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
        assert fault.hits == 1
    assert heard.errors == []
    await nothing_left(hosted, reactor)


async def test_nobody_listening_is_named_with_the_address(service: HostedService) -> None:
    url = service.storage_url
    service.stop()
    reactor = client(service, api_url=url)
    with pytest.raises(ConnectionFailedError) as raised:
        await reactor.connect()
    assert f"no service answers at {url} (POST /tokens: " in str(raised.value)
    await nothing_left(service, reactor)


@contextmanager
def forgetful() -> Iterator[HostedService]:
    """The service in front of a runtime that soon ends sessions nobody connects to."""
    with LocalRuntime("catch", orphan_timeout=1.0) as runtime, HostedService(runtime.url) as made:
        yield made


async def test_a_session_nobody_was_told_of_is_ended_by_the_service() -> None:
    with forgetful() as service:
        service.reset(CREATE.method, CREATE.path, handled=True)
        _, reactor = await failing(service, ConnectionFailedError)
        assert len(service.live_sessions) == 1
        await service.no_live_sessions()
        await nothing_left(service, reactor)


# -- garbage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("name", ["tokens", "create", "register", "answer"])
async def test_garbage_says_what_could_not_be_done(
    service: HostedService, name: str, garbage: Garbage
) -> None:
    call = CALLS[name]
    service.garble(call.method, call.path, garbage)
    message, reactor = await failing(service, ConnectionFailedError)
    assert message.startswith(f"could not {call.what}")
    assert service.url in message
    await nothing_left(service, reactor)


@pytest.mark.parametrize("garbage", sorted(set(GARBAGE) - {"empty_object"}))
async def test_ice_servers_that_cannot_be_read_are_an_error(
    service: HostedService, garbage: Garbage
) -> None:
    call = CALLS["ice_servers"]
    service.garble(call.method, call.path, garbage)
    message, reactor = await failing(service, ConnectionFailedError)
    assert message.startswith("could not read the ICE servers: expected a JSON object")
    await nothing_left(service, reactor)


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_polling_outlives_garbage(hosted: HostedService, garbage: Garbage) -> None:
    fault = hosted.garble(POLL.method, POLL.path, garbage)
    async with client(hosted) as reactor:
        await reactor.connect()
        assert fault.hits == 1
    await nothing_left(hosted, reactor)


@pytest.mark.parametrize(
    ("name", "field"),
    [("tokens", "jwt"), ("register", "connection_id"), ("answer", "sdp_answer")],
)
async def test_a_field_that_is_missing_is_an_error(
    service: HostedService, name: str, field: str
) -> None:
    call = CALLS[name]
    service.settings.sdp_answer = "never seen"
    service.garble(call.method, call.path, without=[field])
    message, reactor = await failing(service, ConnectionFailedError)
    assert message.startswith(f"could not {call.what}")
    await nothing_left(service, reactor)


async def test_a_token_whose_end_is_not_told_says_it_itself(hosted: HostedService) -> None:
    hosted.garble("POST", "/tokens", without=["expires_at"])
    async with client(hosted) as reactor:
        await reactor.connect()
        assert reactor.get_session_expiration() == pytest.approx(time.time() + 6 * 3600, abs=5)
    await nothing_left(hosted, reactor)


async def test_a_session_without_an_id_is_an_error_that_says_it_may_exist(
    service: HostedService,
) -> None:
    service.garble(CREATE.method, CREATE.path, without=["session_id"])
    message, reactor = await failing(service, ConnectionFailedError)
    assert "no usable session_id" in message
    assert "it ends by itself" in message
    await asyncio.to_thread(service.end_all)
    await nothing_left(service, reactor)


async def test_a_session_described_without_its_model_and_state_is_used(
    hosted: HostedService,
) -> None:
    hosted.garble(CREATE.method, CREATE.path, without=["model", "state", "cluster"])
    hosted.garble(POLL.method, POLL.path, without=["model", "server_info"], times=None)
    async with client(hosted) as reactor:
        await reactor.connect()
        assert await reactor.send_command("reset", {"seed": 1}) is not None
    await nothing_left(hosted, reactor)


@pytest.mark.parametrize("sdp", ["", "never seen", "v=0", "v=0\r\nm=video", "m=audio 9 x\r\n"])
async def test_an_answer_that_is_no_sdp_is_an_error(service: HostedService, sdp: str) -> None:
    service.settings.sdp_answer = sdp
    reactor = client(service)
    with pytest.raises(ReactorClientError, match="SDP answer"):
        await reactor.connect()
    await nothing_left(service, reactor)
