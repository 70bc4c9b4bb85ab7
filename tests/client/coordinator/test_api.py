from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.coordinator.api import Api, json_object, server_words
from reactor_env.client.errors import (
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    InvalidRequestError,
    NotFoundError,
    OutOfCreditsError,
    RateLimitedError,
    ServiceError,
    SessionConflictError,
    VersionMismatchError,
)
from tests.client.conftest import Serve
from tests.client.http_server import RESET, Answer, answers

TOKEN, KEY, SIGNATURE = "token-of-mine", "rk_key-of-mine", "X-Signature=mine&more"
SECRETS = (TOKEN, KEY, SIGNATURE)


@asynccontextmanager
async def api(url: str, **arguments: Any) -> AsyncIterator[Api]:
    made = Api(url, "service", headers={}, **arguments)
    try:
        yield made
    finally:
        await made.close()


async def request(url: str, path: str = "/thing", **arguments: Any) -> httpx.Response:
    async with api(url) as made:
        return await made.request("do it", "GET", path, **arguments)


async def refused(url: str) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        await request(url)
    return raised.value


# -- statuses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "recoverable"),
    [
        (302, ServiceError, True),
        (400, InvalidRequestError, False),
        (401, AuthenticationError, False),
        (402, OutOfCreditsError, False),
        (403, AuthenticationError, False),
        (404, NotFoundError, False),
        (409, SessionConflictError, True),
        (410, NotFoundError, False),
        (422, InvalidRequestError, False),
        (426, VersionMismatchError, False),
        (429, RateLimitedError, True),
        (500, ServiceError, True),
        (501, VersionMismatchError, False),
        (502, ServiceError, True),
        (503, ServiceError, True),
    ],
)
async def test_each_error_status_is_an_exception_of_its_own(
    serve: Serve, status: int, kind: type[ServiceError], recoverable: bool
) -> None:
    server = serve(answers(Answer(status, {"detail": "why it is so"})))
    error = await refused(server.url)
    assert type(error) is kind
    assert (error.status, error.recoverable, error.retry_after) == (status, recoverable, None)
    assert str(error) == (
        f"could not do it: HTTP {status} from the service at {server.url}, why it is so"
    )


def test_every_refusal_is_a_failed_connection_and_a_runtime_error() -> None:
    assert issubclass(ServiceError, ConnectionFailedError)
    assert issubclass(ServiceError, RuntimeError)
    assert issubclass(SessionConflictError, ConflictError)


@pytest.mark.parametrize(
    ("status", "code"), [(426, "CLIENT_VERSION_TOO_OLD"), (501, "SERVER_VERSION_TOO_OLD")]
)
async def test_a_version_mismatch_says_which_side_is_too_old(
    serve: Serve, status: int, code: str
) -> None:
    error = await refused(serve(answers(Answer(status, {}))).url)
    assert isinstance(error, VersionMismatchError)
    assert error.code == code


async def test_a_status_the_caller_accepts_is_no_error(serve: Serve) -> None:
    url = serve(answers(Answer(409, {"a": 1}))).url
    assert (await request(url, accept=(409,))).status_code == 409


async def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(answers(Answer(200, {})))
    server = serve(answers(Answer(307, {}, {"Location": f"{elsewhere.url}/thing"})))
    assert (await refused(server.url)).status == 307
    assert elsewhere.requests == []


# -- when to try again --------------------------------------------------------------------------


def in_half_a_minute() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)


def without_a_zone() -> str:
    return in_half_a_minute().replace("GMT", "-0000")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        (None, None, None),
        ("7", None, 7.0),
        ("0", None, 0.0),
        ("1.5", None, 1.5),
        (None, 7, 7.0),
        (None, "7", 7.0),
        ("3", 7, 3.0),
        ("soon", 7, 7.0),
        ("soon", None, None),
        ("-5", None, None),
        ("inf", None, None),
        ("nan", 7, 7.0),
        (None, [7], None),
        (None, -7, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None, 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 7, 7.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None, None),
    ],
)
async def test_the_time_to_wait_is_read_from_header_or_body(
    serve: Serve, status: int, header: str | None, body: Any, seconds: float | None
) -> None:
    document = {"detail": "later"} | ({} if body is None else {"retry_after_seconds": body})
    headers = {} if header is None else {"Retry-After": header}
    error = await refused(serve(answers(Answer(status, document, headers))).url)
    assert error.retry_after == seconds


@pytest.mark.parametrize("date", [in_half_a_minute, without_a_zone])
async def test_the_time_to_wait_may_be_a_date(serve: Serve, date: Callable[[], str]) -> None:
    server = serve(lambda _: Answer(429, {}, {"Retry-After": date()}))
    error = await refused(server.url)
    assert error.retry_after is not None
    assert 25 < error.retry_after <= 30


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126))
    | st.from_regex(
        r"\A(Wed, )?[0-9]{1,3} (Oct|Foo) [0-9]{1,6} [0-9]{1,3}:[0-9]{2} [-+]?[0-9]{1,8}\Z"
    )
)
def test_no_retry_after_is_a_fault_of_its_own(value: str) -> None:
    made = Api("http://localhost", "service", headers={})
    asked = httpx.Request("GET", "http://localhost/")
    response = httpx.Response(429, headers={"Retry-After": value}, request=asked)
    after = made.refused("do it", response).retry_after
    assert after is None or after >= 0


@pytest.mark.parametrize(
    ("quota", "told"), [("concurrent_sessions", "concurrent_sessions"), (None, ""), ([1], "")]
)
async def test_a_quota_that_is_used_up_is_named(serve: Serve, quota: Any, told: str) -> None:
    error = await refused(serve(answers(Answer(429, {"quota_type": quota}))).url)
    assert isinstance(error, RateLimitedError)
    assert error.quota_type == told


# -- the server's own words ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"detail": "boom"}, "boom"),
        ({"message": "boom"}, "boom"),
        ({"error": "quota_exceeded", "message": "5 of 5 sessions"}, "5 of 5 sessions"),
        ({"error": "boom"}, "boom"),
        ({"detail": [{"msg": "boom"}]}, "[{'msg': 'boom'}]"),
        ({"other": 1}, '{"other": 1}'),
        ("boom", "boom"),
        ("", "no reason given"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("boom " * 1000, ("boom " * 60)),
    ],
    ids=str,
)
async def test_an_error_shows_the_servers_words_shortened(
    serve: Serve, document: Any, shown: str
) -> None:
    url = serve(answers(Answer(500, document))).url
    assert str(await refused(url)) == (
        f"could not do it: HTTP 500 from the service at {url}, {shown}"
    )


async def test_json_that_is_nested_too_deeply_is_text(serve: Serve) -> None:
    response = await request(serve(answers(Answer(200, "[" * 100_000))).url)
    assert json_object(response) == {}
    assert server_words(response) == "[" * 300


@pytest.mark.parametrize("document", ["<html>", [1], "", b"\xff", 5])
async def test_an_answer_that_is_no_json_object_is_an_error(serve: Serve, document: Any) -> None:
    url = serve(answers(Answer(200, document))).url
    async with api(url) as made:
        response = await made.request("do it", "GET", "/thing?a=1")
        with pytest.raises(
            ConnectionFailedError,
            match=f"^could not do it: expected a JSON object from {url}/thing, got '",
        ):
            made.object("do it", response)


# -- no whole answer ----------------------------------------------------------------------------


async def test_nobody_listening_is_named_with_the_address(nobody: str) -> None:
    with pytest.raises(
        ConnectionFailedError, match=rf"^could not do it: no service answers at {nobody} \(GET /th"
    ):
        await request(nobody)


@pytest.mark.parametrize(
    "answer", [RESET, Answer(200, {"a": 1}, sent=0), Answer(200, {"a": 1}, sent=4)], ids=str
)
async def test_an_answer_that_breaks_off_is_a_failed_connection(
    serve: Serve, answer: Answer
) -> None:
    url = serve(answers(answer)).url
    with pytest.raises(
        ConnectionFailedError, match=rf"the service at {url} gave no answer \(GET /thing: \w"
    ) as raised:
        await request(url, "/thing?a=1")
    assert not isinstance(raised.value, ServiceError)


async def test_a_path_that_cannot_be_asked_for_is_a_failed_connection(nobody: str) -> None:
    with pytest.raises(
        ConnectionFailedError,
        match=rf"the service at {nobody} cannot be asked \(GET /sessions/a\\nb: InvalidURL\)",
    ):
        await request(nobody, "/sessions/a\nb")


async def test_a_header_that_cannot_be_sent_is_not_shown(serve: Serve) -> None:
    url = serve(answers(Answer(200, {}))).url
    with pytest.raises(ConnectionFailedError, match=r"cannot be asked .*Protocol") as raised:
        await request(url, headers={"Reactor-API-Key": f"{KEY}\n"})
    assert KEY not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize("trust_env", [True, False])
async def test_proxies_are_used_only_where_they_are_trusted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, trust_env: bool
) -> None:
    server, proxy = serve(answers(Answer(200, {}))), serve(answers(Answer(200, {})))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with api(server.url, trust_env=trust_env) as made:
        await made.request("do it", "GET", "/thing")
    assert len(server.requests if not trust_env else proxy.requests) == 1


# -- secrets ------------------------------------------------------------------------------------


REPEATED = f"you sent Bearer {TOKEN}, {KEY} and https://elsewhere/file?{SIGNATURE} to /x?a=1&b=2"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(401, {"detail": REPEATED}),
        Answer(429, REPEATED),
        Answer(500, {"detail": [REPEATED]}),
        Answer(200, [REPEATED]),
    ],
    ids=["detail", "text", "a list of details", "no JSON object"],
)
async def test_no_error_shows_a_secret_that_the_server_repeats(
    serve: Serve, answer: Answer
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Reactor-API-Key": KEY}
    async with api(serve(answers(answer)).url) as made:
        with pytest.raises(ConnectionFailedError, match="you sent") as raised:
            made.object("do it", await made.request("do it", "GET", "/x?a=1&b=2", headers=headers))
    shown = f"{raised.value} {raised.value!r}"
    assert not [secret for secret in (*SECRETS, "a=1&b=2") if secret in shown]


async def test_a_local_runtimes_words_keep_the_word_local(serve: Serve) -> None:
    server = serve(answers(Answer(500, {"detail": "the local disk is full"})))
    headers = {"Authorization": "Bearer local"}
    async with api(server.url) as made:
        with pytest.raises(ServiceError, match="the local disk is full"):
            await made.request("do it", "GET", "/x", headers=headers)


async def test_no_error_shows_the_query_that_was_asked_for(serve: Serve, nobody: str) -> None:
    for url in (nobody, serve(answers(RESET)).url, serve(answers(Answer(500, "no"))).url):
        with pytest.raises(ConnectionFailedError) as raised:
            await request(url, f"/x?{SIGNATURE}")
        assert SIGNATURE not in f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"


async def test_no_log_holds_a_header(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    url = serve(answers(Answer(200, {}))).url
    headers = {"Authorization": f"Bearer {TOKEN}", "Reactor-API-Key": KEY}
    with caplog.at_level(logging.DEBUG):
        await request(url, headers=headers)
    assert caplog.text
    assert TOKEN not in caplog.text
    assert KEY not in caplog.text
