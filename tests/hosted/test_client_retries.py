"""What the client tries again by itself: reading a session that queues, and ending one."""

from __future__ import annotations

import asyncio

import pytest

from reactor_env.client import ReactorClientError, ReactorStatus
from reactor_env.client.coordinator import hosted as hosted_coordinator
from reactor_env.client.coordinator import live_sessions
from tests.hosted.clients import CALLS, END, client, listen_to, nothing_left
from tests.hosted.coordinator import HostedService

WORDS = "this is why, said the service"
POLL = CALLS["poll"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_coordinator, "_POLL_FIRST_S", 0.01)
    monkeypatch.setattr(hosted_coordinator, "_END_PAUSES_S", (0.0,) * 5)


# -- polling ------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_polling_outlives_what_passes(hosted: HostedService, status: int) -> None:
    fault = hosted.fail(POLL.method, POLL.path, status=status, times=2)
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
        assert fault.hits == 2
    assert heard.errors == []
    await nothing_left(hosted, reactor)


async def test_polling_waits_as_long_as_it_is_told_to(hosted: HostedService) -> None:
    hosted.fail(POLL.method, POLL.path, status=429, headers={"Retry-After": "1"})
    async with client(hosted) as reactor:
        await reactor.connect()
    first, second = hosted.requests_to(POLL.method, POLL.path)[:2]
    assert second.at - first.at >= 1
    await nothing_left(hosted, reactor)


async def test_a_token_that_expires_while_polling_is_renewed(hosted: HostedService) -> None:
    hosted.fail(POLL.method, POLL.path, status=401)
    async with client(hosted) as reactor:
        await reactor.connect()
    assert len(hosted.requests_to("POST", "/tokens")) == 2
    await nothing_left(hosted, reactor)


# -- ending -------------------------------------------------------------------------------------


async def test_ending_is_tried_again(hosted: HostedService) -> None:
    hosted.fail(END.method, END.path, status=503)
    hosted.reset(END.method, END.path)
    reactor = client(hosted)
    heard = listen_to(reactor)
    await reactor.connect()
    await reactor.disconnect()
    assert [r.status for r in hosted.requests_to(END.method, END.path)] == [503, None, 204]
    assert heard.errors == []
    await nothing_left(hosted, reactor)


async def test_a_session_whose_end_is_not_confirmed_has_ended(hosted: HostedService) -> None:
    hosted.reset(END.method, END.path, handled=True)
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
    assert [r.status for r in hosted.requests_to(END.method, END.path)] == [None, 404]
    assert heard.errors == []
    await nothing_left(hosted, reactor)


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500, 501, 503])
async def test_a_session_that_cannot_be_ended_is_told_and_tried_again_at_exit(
    hosted: HostedService, status: int
) -> None:
    fault = hosted.fail(END.method, END.path, status=status, body=WORDS, times=None)
    reactor = client(hosted)
    heard = listen_to(reactor)
    await reactor.connect()
    session_id = reactor.get_session_id()
    await reactor.disconnect()
    (error,) = heard.errors
    assert (error.code, error.component) == ("SESSION_END_FAILED", "api")
    assert error.message == (
        f"session {session_id} may go on costing money for a while: could not end the session: "
        f"HTTP {status} from the service at {hosted.url}, {WORDS}"
    )
    assert reactor.get_status() is ReactorStatus.DISCONNECTED
    assert hosted.live_sessions == (session_id,)
    fault.remove()
    await asyncio.to_thread(live_sessions.end_all)
    await nothing_left(hosted, reactor)


async def test_a_failure_keeps_its_reason_when_the_end_fails_too(
    hosted_http: HostedService,
) -> None:
    hosted_http.settings.ice_servers = []
    hosted_http.fail("POST", "*/connections", status=503, body=WORDS)
    fault = hosted_http.fail(END.method, END.path, status=500, times=None)
    reactor = client(hosted_http)
    heard = listen_to(reactor)
    with pytest.raises(ReactorClientError, match=f"could not register a connection: .*{WORDS}"):
        await reactor.connect()
    assert [e.code for e in heard.errors] == ["SESSION_END_FAILED", "CONNECTION_FAILED"]
    fault.remove()
    await asyncio.to_thread(live_sessions.end_all)
    await nothing_left(hosted_http, reactor)
