"""What the user sees of every error the service may answer with, and that it costs nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from reactor_env.client import (
    AuthenticationError,
    InvalidRequestError,
    NotFoundError,
    OutOfCreditsError,
    RateLimitedError,
    ReactorError,
    ReactorStatus,
    ServiceError,
    SessionConflictError,
    VersionMismatchError,
)
from reactor_env.client.coordinator import hosted as hosted_coordinator
from tests.hosted.caller import MODEL, Caller, scope
from tests.hosted.clients import (
    CALLS,
    Call,
    Heard,
    client,
    listen_to,
    nothing_left,
    secrets_of,
)
from tests.hosted.coordinator import HostedService

WORDS = "this is why, said the service"
# What each status is to the client, and whether trying again may help.
REFUSALS: dict[int, tuple[type[ServiceError], bool]] = {
    400: (InvalidRequestError, False),
    401: (AuthenticationError, False),
    402: (OutOfCreditsError, False),
    403: (AuthenticationError, False),
    404: (NotFoundError, False),
    409: (SessionConflictError, True),
    410: (NotFoundError, False),
    422: (InvalidRequestError, False),
    426: (VersionMismatchError, False),
    429: (RateLimitedError, True),
    500: (ServiceError, True),
    501: (VersionMismatchError, False),
    503: (ServiceError, True),
}
REFUSED_CALLS = [
    pytest.param(call, status, id=f"{name}-{status}")
    for name, call in CALLS.items()
    for status in REFUSALS
    # Polling goes on with these: see test_client_retries.py.
    if (name, status) not in {("poll", 429), ("poll", 500), ("poll", 503)}
]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_coordinator, "_POLL_FIRST_S", 0.01)
    monkeypatch.setattr(hosted_coordinator, "_END_PAUSES_S", (0.0,) * 5)


@pytest.fixture
def service(hosted_http: HostedService) -> HostedService:
    """A service without a runtime, and without ICE servers nobody could reach."""
    hosted_http.settings.ice_servers = []
    return hosted_http


async def refused(
    service: HostedService, expected: type[ServiceError], **options: Any
) -> tuple[ServiceError, Heard]:
    """Connect in vain; check what does not depend on the kind of refusal."""
    reactor = client(service, **options)
    heard = listen_to(reactor)
    with pytest.raises(ServiceError) as raised:
        await reactor.connect()
    error = raised.value
    assert type(error) is expected
    (told,) = heard.errors
    assert told == ReactorError(
        "CONNECTION_FAILED",
        str(error),
        recoverable=error.recoverable,
        component="api",
        retry_after=error.retry_after,
        timestamp=told.timestamp,
    )
    assert reactor.get_last_error() is told
    assert heard.statuses[-1] is ReactorStatus.DISCONNECTED
    assert not any(secret in str(error) for secret in secrets_of(service))
    await nothing_left(service, reactor)
    return error, heard


@pytest.mark.parametrize(("call", "status"), REFUSED_CALLS)
async def test_a_refusal_says_what_could_not_be_done_and_why(
    service: HostedService, call: Call, status: int
) -> None:
    body = {"error": "code", "message": WORDS}
    service.fail(call.method, call.path, status=status, body=body, times=None)
    expected, recoverable = REFUSALS[status]
    error, _ = await refused(service, expected)
    assert str(error) == (
        f"could not {call.what}: HTTP {status} from the service at {service.url}, {WORDS}"
    )
    assert (error.status, error.retry_after, error.recoverable) == (status, None, recoverable)


@pytest.mark.parametrize("name", ["tokens", "create", "register"])
async def test_a_refusal_without_words_is_still_one(service: HostedService, name: str) -> None:
    call = CALLS[name]
    service.fail(call.method, call.path, status=500, body="", times=None)
    error, _ = await refused(service, ServiceError)
    assert str(error).endswith(f"HTTP 500 from the service at {service.url}, no reason given")


# -- what the service refuses by itself ---------------------------------------------------------


async def test_a_wrong_key_is_an_authentication_error(service: HostedService) -> None:
    error, _ = await refused(service, AuthenticationError, api_key="rk_of_nobody")
    assert "HTTP 401" in str(error)
    assert "unknown API key" in str(error)
    assert "rk_of_nobody" not in str(error)


async def test_an_unknown_model_is_not_found(service: HostedService) -> None:
    service.settings.models = ()
    error, _ = await refused(service, NotFoundError)
    assert "model not found: reactor/catch" in str(error)


async def test_no_credits_are_an_error_of_their_own(service: HostedService) -> None:
    service.settings.out_of_credits = True
    error, _ = await refused(service, OutOfCreditsError)
    assert (error.status, error.recoverable) == (402, False)
    assert "no credits left" in str(error)


@pytest.mark.parametrize(
    ("served", "status", "code"),
    [((2, 2), 426, "CLIENT_VERSION_TOO_OLD"), ((0, 0), 501, "SERVER_VERSION_TOO_OLD")],
)
async def test_another_version_names_the_side_that_is_too_old(
    service: HostedService, served: tuple[int, int], status: int, code: str
) -> None:
    service.settings.api_versions = served
    error, _ = await refused(service, VersionMismatchError)
    assert isinstance(error, VersionMismatchError)
    assert (error.status, error.code) == (status, code)


async def test_another_version_of_signalling_costs_nothing(service: HostedService) -> None:
    service.settings.webrtc_versions = ("2.0", "2.0")
    error, _ = await refused(service, VersionMismatchError)
    assert "Reactor-WebRTC-Version 1.0 is too old" in str(error)
    assert service.ledger[0].end_reason == "deleted"


async def test_a_token_of_the_users_own_has_its_limits(service: HostedService) -> None:
    caller = Caller(service)
    token = await asyncio.to_thread(caller.token, scope({"match": ["reactor/other"]}))
    error, _ = await refused(service, AuthenticationError, jwt=token)
    assert (error.status, error.recoverable) == (403, False)
    assert f"token is not scoped for model {MODEL}" in str(error)


# -- quotas -------------------------------------------------------------------------------------


@pytest.mark.parametrize("quota", ["concurrent_sessions", "sessions_per_minute"])
async def test_a_quota_that_is_used_up_is_named_with_the_time_to_wait(
    service: HostedService, quota: str
) -> None:
    service.refuse_quota(quota_type=quota, retry_after_seconds=7)
    error, _ = await refused(service, RateLimitedError)
    assert isinstance(error, RateLimitedError)
    assert (error.quota_type, error.retry_after, error.recoverable) == (quota, 7.0, True)
    assert f"{quota}: 5 of 5 in use" in str(error)


async def test_the_account_may_have_so_many_sessions_at_a_time(service: HostedService) -> None:
    service.settings.concurrent_sessions = 1
    await asyncio.to_thread(Caller(service).session)
    reactor = client(service)
    with pytest.raises(RateLimitedError) as raised:
        await reactor.connect()
    assert raised.value.quota_type == "concurrent_sessions"
    await asyncio.to_thread(service.end_all)
    await nothing_left(service, reactor)


async def test_a_token_may_create_so_many_sessions(service: HostedService) -> None:
    token = await asyncio.to_thread(Caller(service).token, scope(max_sessions=1))
    await asyncio.to_thread(Caller(service).session, token)
    await asyncio.to_thread(service.end_all)
    error, _ = await refused(service, RateLimitedError, jwt=token)
    assert isinstance(error, RateLimitedError)
    assert (error.quota_type, error.retry_after) == ("sessions_per_token", None)


async def test_want_of_machines_is_no_quota_and_names_no_time(service: HostedService) -> None:
    service.refuse_capacity()
    error, _ = await refused(service, RateLimitedError)
    assert isinstance(error, RateLimitedError)
    assert (error.quota_type, error.retry_after) == ("", None)
    assert "no available capacity" in str(error)


async def test_the_time_to_wait_may_be_told_in_the_body_alone(service: HostedService) -> None:
    service.refuse_quota(retry_after_seconds=2.5, retry_after_header=False)
    error, _ = await refused(service, RateLimitedError)
    assert error.retry_after == 2.5


@pytest.mark.parametrize("status", [429, 503])
async def test_the_time_to_wait_may_be_a_date(service: HostedService, status: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    service.fail("POST", "/sessions", status=status, headers={"Retry-After": date})
    error, _ = await refused(service, REFUSALS[status][0])
    assert error.retry_after == pytest.approx(60, abs=5)


@pytest.mark.parametrize("header", ["soon", "-1", "nan", "inf", ""])
async def test_a_time_to_wait_that_is_none_is_left_out(service: HostedService, header: str) -> None:
    service.fail("POST", "/sessions", status=429, headers={"Retry-After": header})
    error, _ = await refused(service, RateLimitedError)
    assert error.retry_after is None


async def test_a_refused_client_can_try_again(hosted: HostedService) -> None:
    hosted.refuse_quota()
    async with client(hosted) as reactor:
        with pytest.raises(RateLimitedError):
            await reactor.connect()
        await reactor.connect()
        assert reactor.get_status() is ReactorStatus.READY
    await nothing_left(hosted, reactor)
