"""What ends by itself: sessions, told and for real, and tokens, which are renewed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from reactor_env.client import (
    AuthenticationError,
    NotFoundError,
    NotReadyError,
    ReactorStatus,
    SessionLostError,
)
from reactor_env.client.coordinator import hosted as hosted_coordinator
from reactor_env.client.coordinator import live_sessions
from tests.hosted.caller import Caller
from tests.hosted.clients import client, listen_to, nothing_left, status
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import UPLOAD_WORLD

UPLOAD = pytest.mark.parametrize("hosted_runtime", [UPLOAD_WORLD], ids=["upload"], indirect=True)
TOKEN_S = 3600
RENEWED_S = 6 * 3600


async def expire(service: HostedService, reason: str) -> None:
    await asyncio.to_thread(service.expire_session, service.live_sessions[0], reason)


# -- sessions -----------------------------------------------------------------------------------


async def test_a_session_that_expires_says_why_then_and_later(hosted: HostedService) -> None:
    reactor = client(hosted)
    heard = listen_to(reactor)
    await reactor.connect()
    await expire(hosted, "the hour is over")
    await status(reactor, ReactorStatus.DISCONNECTED)
    ended = {"type": "sessionEnded", "data": {"reason": "the hour is over"}}
    assert heard.named("runtime_message") == [ended]
    assert heard.events[-1] == ("status_changed", ReactorStatus.DISCONNECTED)
    (error,) = heard.errors
    assert error.message == "the platform ended the session: the hour is over"
    assert not error.recoverable
    for call in (reactor.send_command("reset"), reactor.upload_file(b"x")):
        with pytest.raises(NotReadyError, match="the hour is over"):
            await call
    await reactor.disconnect()
    assert len(heard.errors) == 1
    await nothing_left(hosted, reactor)


async def test_a_command_that_waits_when_the_session_expires_says_why(
    hosted: HostedService,
) -> None:
    async with client(hosted, generation="stepped") as reactor:
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        # More steps than can be done until the session is over.
        waiting = [asyncio.ensure_future(reactor.step()) for _ in range(500)]
        await expire(hosted, "the hour is over")
        async with asyncio.timeout(10):
            results = await asyncio.gather(*waiting, return_exceptions=True)
    lost = [result for result in results if isinstance(result, SessionLostError)]
    assert lost
    assert {str(error) for error in lost} == {
        "the session was lost: the platform ended the session: the hour is over"
    }
    await nothing_left(hosted, reactor)


async def test_a_session_that_expired_cannot_be_joined_again(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        await expire(hosted, "the hour is over")
        await status(reactor, ReactorStatus.DISCONNECTED)
        with pytest.raises(NotFoundError):
            await reactor.reconnect()
        await reactor.connect()
        assert reactor.get_session_id() == hosted.live_sessions[0]
    await nothing_left(hosted, reactor)


async def test_the_longest_duration_is_told_and_ends_the_session(hosted: HostedService) -> None:
    async with client(hosted, max_session_duration_seconds=2) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
        (told,) = heard.named("session_expiration_changed")
        assert reactor.get_session_expiration() == told
        await status(reactor, ReactorStatus.DISCONNECTED)
        (entry,) = hosted.ledger
        assert entry.ended_at == pytest.approx(told, abs=0.5)
        assert told == pytest.approx(entry.created_at + 2, abs=0.5)
        with pytest.raises(NotReadyError, match="max session duration reached"):
            await reactor.send_command("reset")
    assert heard.named("session_expiration_changed") == [told, None]
    await nothing_left(hosted, reactor)


async def test_a_session_without_a_limit_expires_with_its_token(hosted: HostedService) -> None:
    hosted.settings.max_token_seconds = TOKEN_S
    async with client(hosted) as reactor:
        await reactor.connect()
        assert reactor.get_session_expiration() == pytest.approx(time.time() + TOKEN_S, abs=5)
    await nothing_left(hosted, reactor)


# -- tokens -------------------------------------------------------------------------------------


def bound(service: HostedService) -> list[str]:
    """Return the sessions that the newest token was asked to be bound to."""
    limits: dict[str, Any] = service.requests_to("POST", "/tokens")[-1].json()
    sessions: list[str] = limits["authorization_details"][0]["resources"]["sessions"]["bind"]
    return sessions


@UPLOAD
async def test_an_expired_token_is_renewed_for_an_upload(hosted: HostedService) -> None:
    hosted.settings.max_token_seconds = TOKEN_S
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
        hosted.expire_tokens()
        hosted.settings.max_token_seconds = RENEWED_S
        await reactor.upload_file(b"bytes", name="a.txt")
        assert bound(hosted) == [reactor.get_session_id()]
        first, renewed = heard.named("session_expiration_changed")
        assert renewed - first == pytest.approx(RENEWED_S - TOKEN_S, abs=5)
        assert reactor.get_session_expiration() == renewed
    assert len(hosted.requests_to("POST", "/tokens")) == 2
    assert hosted.requests_to("POST", "/tokens")[1].headers["reactor-api-key"] == hosted.api_key
    await nothing_left(hosted, reactor)


@UPLOAD
async def test_uploads_at_a_time_renew_an_expired_token_once(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        hosted.expire_tokens()
        await asyncio.gather(*(reactor.upload_file(b"bytes") for _ in range(5)))
    assert len(hosted.requests_to("POST", "/tokens")) == 2
    await nothing_left(hosted, reactor)


async def test_an_expired_token_is_renewed_for_joining_again(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        await reactor.disconnect(recoverable=True)
        hosted.expire_tokens()
        await reactor.reconnect()
        assert bound(hosted) == [reactor.get_session_id()]
        assert await reactor.send_command("reset", {"seed": 1}) is not None
    await nothing_left(hosted, reactor)


async def test_an_expired_token_is_renewed_to_end_the_session(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        hosted.expire_tokens()
    await nothing_left(hosted, reactor)
    assert hosted.ledger[0].end_reason == "deleted"


async def test_a_token_that_is_about_to_expire_is_renewed_before_it_is_used(
    hosted: HostedService,
) -> None:
    hosted.settings.max_token_seconds = 30
    async with client(hosted) as reactor:
        await reactor.connect()
    assert [r for r in hosted.requests if r.status == 401] == []
    await nothing_left(hosted, reactor)


async def test_a_token_of_the_users_own_is_used_as_it_is(hosted: HostedService) -> None:
    token = await asyncio.to_thread(Caller(hosted).token)
    async with client(hosted, api_key=None, jwt=token) as reactor:
        await reactor.connect()
        assert reactor.get_session_expiration() == pytest.approx(time.time() + 6 * 3600, abs=5)
    assert len(hosted.requests_to("POST", "/tokens")) == 1
    assert {r.headers["authorization"] for r in hosted.requests_to("*", "/sessions*")} == {
        f"Bearer {token}"
    }
    await nothing_left(hosted, reactor)


async def test_a_token_of_the_users_own_is_never_replaced(hosted: HostedService) -> None:
    token = await asyncio.to_thread(Caller(hosted).token)
    hosted.expire_tokens(token)
    reactor = client(hosted, jwt=token)  # there is a key, too
    with pytest.raises(AuthenticationError, match=r"HTTP 401 .*the token has expired") as raised:
        await reactor.connect()
    assert raised.value.status == 401
    assert len(hosted.requests_to("POST", "/tokens")) == 1
    await nothing_left(hosted, reactor)


async def test_a_token_that_is_no_jwt_has_no_known_end(hosted_http: HostedService) -> None:
    reactor = client(hosted_http, api_key=None, jwt="opaque")
    heard = listen_to(reactor)
    with pytest.raises(AuthenticationError):
        await reactor.connect()
    assert heard.named("session_expiration_changed") == []
    await nothing_left(hosted_http, reactor)


async def test_a_key_that_is_revoked_meanwhile_is_an_error_and_still_no_exception(
    hosted: HostedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted_coordinator, "_END_PAUSES_S", (0.0,) * 5)
    refused = hosted.fail("POST", "/tokens", status=401, skip=1, times=None)
    reactor = client(hosted)
    heard = listen_to(reactor)
    await reactor.connect()
    hosted.expire_tokens()
    await reactor.disconnect()
    (error,) = heard.errors
    assert error.code == "SESSION_END_FAILED"
    assert "could not exchange the API key for a token: HTTP 401" in error.message
    assert refused.hits > 0
    await asyncio.to_thread(hosted.end_all)
    await asyncio.to_thread(live_sessions.end_all)  # in vain: its token has expired
    await nothing_left(hosted, reactor)
