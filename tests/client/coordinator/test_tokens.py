from __future__ import annotations

import asyncio
import base64
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client import fetch_jwt_token
from reactor_env.client.coordinator.tokens import (
    TOKEN_LIFETIME_S,
    Token,
    TokenSource,
    mint,
    token_expiry,
)
from reactor_env.client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    OutOfCreditsError,
)
from tests.client.conftest import Serve
from tests.client.http_server import RESET, Answer, Request, Respond, answers, routes

TIMEOUT_S = 30.0
KEY = "rk_key-of-mine"
LATER = time.time() + 3600.0
MODEL = "reactor/m"


def jwt(claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def office(*expiries: float | None) -> Respond:
    """Issue tokens t1, t2, ... that end when they are told to, the last moment for ever."""
    issued: list[None] = []

    def issue(_request: Request) -> Answer:
        issued.append(None)
        expires_at = expiries[min(len(issued), len(expiries)) - 1]
        return Answer(200, {"jwt": f"t{len(issued)}", "expires_at": expires_at})

    return issue


def source(url: str, **arguments: Any) -> TokenSource:
    return TokenSource(url, MODEL, **{"api_key": KEY, "jwt": None, **arguments})


@asynccontextmanager
async def using(url: str, tokens: TokenSource) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, auth=tokens, timeout=TIMEOUT_S) as client:
        yield client


def bearers(requests: list[Request]) -> list[str]:
    return [r.headers["authorization"] for r in requests if r.path != "/tokens"]


def limits(request: Request) -> Any:
    (details,) = request.json["authorization_details"]
    return details


# -- minting ------------------------------------------------------------------------------------


async def test_a_key_is_exchanged_for_a_token_with_all_its_rights(serve: Serve) -> None:
    server = serve(office(LATER))
    assert await fetch_jwt_token(KEY, server.url) == "t1"
    (request,) = server.requests
    assert request.line == "POST /tokens"
    assert request.headers["reactor-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.body == b"null"
    assert "authorization" not in request.headers


async def test_a_token_may_be_limited(serve: Serve) -> None:
    server = serve(office(LATER))
    token = await mint(KEY, server.url, {"expires_after": 5})
    assert (token.value, token.expires_at) == ("t1", LATER)
    assert server.requests[0].json == {"expires_after": 5}


@pytest.mark.parametrize("told", ["soon", None, True, math.nan, math.inf, [1], 10**400], ids=str)
async def test_a_token_without_a_usable_end_is_asked_itself(serve: Serve, told: Any) -> None:
    value = jwt({"exp": 5})
    token = await mint(
        KEY, serve(answers(Answer(200, {"jwt": value, "expires_at": told}))).url, None
    )
    assert token.expires_at == 5.0


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, AuthenticationError)]
)
async def test_a_key_that_is_not_accepted_is_an_authentication_error(
    serve: Serve, status: int, kind: type[Exception]
) -> None:
    server = serve(answers(Answer(status, {"detail": f"unknown key {KEY}"})))
    with pytest.raises(kind, match="could not exchange the API key for a token") as raised:
        await fetch_jwt_token(KEY, server.url)
    assert KEY not in f"{raised.value} {raised.value!r}"


async def test_an_empty_account_says_so(serve: Serve) -> None:
    with pytest.raises(OutOfCreditsError):
        await fetch_jwt_token(KEY, serve(answers(Answer(402, {}))).url)


@pytest.mark.parametrize(
    "document",
    [
        "garbage with secret-token",
        ["secret-token"],
        {"token": "secret-token"},
        {"jwt": ["secret-token"]},
        {"jwt": "secret-token\n"},
        {"jwt": "secret token"},
        {"jwt": "secret-tökén"},
        {"jwt": ""},
        "[" * 100_000,
    ],
    ids=lambda document: str(document)[:20],
)
async def test_an_answer_without_a_token_is_an_error_that_does_not_show_it(
    serve: Serve, document: Any
) -> None:
    url = serve(answers(Answer(200, document))).url
    with pytest.raises(ConnectionFailedError, match=f"{url} answered without a token") as raised:
        await fetch_jwt_token(KEY, url)
    assert "secret" not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize("answer", [RESET, Answer(200, {"jwt": "t1"}, sent=5)], ids=str)
async def test_a_service_that_breaks_off_is_an_error(serve: Serve, answer: Answer) -> None:
    with pytest.raises(ConnectionFailedError, match="could not exchange the API key") as raised:
        await fetch_jwt_token(KEY, serve(answers(answer)).url)
    assert KEY not in f"{raised.value} {raised.value!r}"


@pytest.mark.parametrize("key", ["", "rk_a\n", "rk a", "rk_ä", "\x00"], ids=repr)
async def test_a_key_that_no_header_can_hold_is_refused_unseen(nobody: str, key: str) -> None:
    with pytest.raises(ValueError, match="`api_key` must be printable ASCII without") as raised:
        await fetch_jwt_token(key, nobody)
    assert not key.strip() or key.strip() not in f"{raised.value} {raised.value!r}"
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("name", ["api_key", "jwt"])
def test_a_source_refuses_credentials_that_no_header_can_hold(name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be printable ASCII"):
        source("http://localhost", **{name: "secret\n"})


def test_a_token_does_not_show_itself() -> None:
    assert repr(Token("secret", 5.0)) == "Token(expires_at=5.0)"


async def test_exchanging_a_key_is_logged_without_key_and_token(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    url = serve(answers(Answer(200, {"jwt": "secret-token", "expires_at": LATER}))).url
    with caplog.at_level(logging.DEBUG):
        await fetch_jwt_token(KEY, url)
    assert caplog.text
    assert KEY not in caplog.text
    assert "secret-token" not in caplog.text


# -- when a token ends --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "expiry"),
    [
        ({"exp": 1760000000}, 1760000000.0),
        ({"exp": 1760000000.5}, 1760000000.5),
        ({"exp": "1760000000"}, None),
        ({"exp": True}, None),
        ({"exp": None}, None),
        ({"exp": math.nan}, None),
        ({"exp": -math.inf}, None),
        ({"exp": 10**400}, None),
        ({}, None),
        ([1], None),
        ("exp", None),
        (None, None),
    ],
    ids=str,
)
def test_the_end_of_a_token_is_its_exp_claim(claims: Any, expiry: float | None) -> None:
    assert token_expiry(jwt(claims)) == expiry


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("exp"), inner),
)


@given(
    st.text()
    | st.binary().map(lambda body: f"a.{base64.urlsafe_b64encode(body).decode()}.c")
    | st.from_regex(r"\A[^.]*\.[A-Za-z0-9_=-]*\.[^.]*\Z")
    | JSON.map(jwt)
    | JSON.map(lambda value: jwt({"exp": value}))
    | st.just("a." + base64.urlsafe_b64encode(b"[" * 100_000).decode() + ".c")
)
def test_no_token_can_hurt_its_reader(value: str) -> None:
    expiry = token_expiry(value)
    assert expiry is None or math.isfinite(expiry)


@pytest.mark.parametrize(
    ("seconds_left", "fresh"), [(None, True), (3600.0, True), (59.0, False), (-5.0, False)]
)
def test_a_token_near_its_end_is_not_fresh(seconds_left: float | None, fresh: bool) -> None:
    expires_at = None if seconds_left is None else time.time() + seconds_left
    assert Token("t", expires_at).fresh() is fresh


# -- keeping one --------------------------------------------------------------------------------


async def test_a_token_is_limited_to_the_sessions_model(serve: Serve) -> None:
    server = serve(office(LATER))
    await source(server.url).ensure()
    assert server.requests[0].json["expires_after"] == TOKEN_LIFETIME_S
    assert limits(server.requests[0]) == {
        "type": "session",
        "resources": {"models": {"match": [MODEL]}},
    }


async def test_a_limit_of_the_session_is_asked_for_with_the_token(serve: Serve) -> None:
    server = serve(office(LATER))
    await source(server.url, max_session_seconds=60).ensure()
    assert limits(server.requests[0])["constraints"] == {"max_session_duration_seconds": 60}


async def test_a_token_for_a_session_that_exists_is_bound_to_it(serve: Serve) -> None:
    server = serve(office(LATER))
    tokens = source(server.url, max_session_seconds=60)
    tokens.session_id = "s1"
    await tokens.ensure()
    assert limits(server.requests[0]) == {
        "type": "session",
        "resources": {"models": {"all": True}, "sessions": {"bind": ["s1"]}},
    }


async def test_a_fresh_token_is_used_again(serve: Serve) -> None:
    server = serve(office(LATER))
    tokens = source(server.url)
    assert await tokens.ensure() is await tokens.ensure()
    assert server.lines == ["POST /tokens"]


async def test_a_stale_token_is_renewed_before_it_is_used(serve: Serve) -> None:
    server = serve(routes(("POST /tokens", office(time.time() + 30, LATER)), ("GET", Answer())))
    tokens = source(server.url)
    await tokens.ensure()
    async with using(server.url, tokens) as client:
        await client.get("/a")
        await client.get("/b")
    assert bearers(server.requests) == ["Bearer t2", "Bearer t2"]


async def test_many_calls_at_once_mint_one_token(serve: Serve) -> None:
    server = serve(office(LATER))
    tokens = source(server.url)
    minted = await asyncio.gather(*(tokens.ensure() for _ in range(20)))
    assert {token.value for token in minted} == {"t1"}
    assert server.lines == ["POST /tokens"]


async def test_a_token_that_could_not_be_minted_is_tried_again(serve: Serve) -> None:
    server = serve(answers(Answer(503, {}), Answer(200, {"jwt": "t", "expires_at": LATER})))
    tokens = source(server.url)
    with pytest.raises(ConnectionFailedError):
        await tokens.ensure()
    assert (await tokens.ensure()).value == "t"


async def test_a_given_token_is_used_without_asking_anybody(nobody: str) -> None:
    assert (await source(nobody, api_key=None, jwt="mine").ensure()).value == "mine"


@pytest.mark.parametrize("key", [None, KEY])
async def test_a_given_token_is_never_replaced(serve: Serve, key: str | None) -> None:
    server = serve(routes(("POST /tokens", office(LATER)), ("GET", Answer(401))))
    given_token = jwt({"exp": 5})  # ended long ago
    tokens = source(server.url, api_key=key, jwt=given_token)
    tokens.session_id = "s1"
    async with using(server.url, tokens) as client:
        assert (await client.get("/a")).status_code == 401
    assert bearers(server.requests) == [f"Bearer {given_token}"]
    assert "POST /tokens" not in server.lines


# -- refused ------------------------------------------------------------------------------------


def refusing(first: int) -> Callable[[Request], Answer]:
    """Refuse that many calls, then answer."""
    left = [Answer(401)] * first

    def respond(_request: Request) -> Answer:
        return left.pop() if left else Answer(200)

    return respond


@pytest.mark.parametrize(("refusals", "status"), [(1, 200), (2, 401)])
async def test_a_refused_call_is_made_once_more_with_a_new_token(
    serve: Serve, refusals: int, status: int
) -> None:
    server = serve(routes(("POST /tokens", office(LATER)), ("POST /a", refusing(refusals))))
    tokens = source(server.url)
    tokens.session_id = "s1"
    async with using(server.url, tokens) as client:
        response = await client.post("/a", json={"a": 1})
    assert response.status_code == status
    assert bearers(server.requests) == ["Bearer t1", "Bearer t2"]
    assert [r.json for r in server.requests if r.path == "/a"] == [{"a": 1}] * 2


async def test_a_token_minted_for_a_new_session_is_not_minted_again(serve: Serve) -> None:
    server = serve(routes(("POST /tokens", office(LATER)), ("POST /a", Answer(401))))
    async with using(server.url, source(server.url)) as client:
        assert (await client.post("/a")).status_code == 401
    assert server.lines == ["POST /tokens", "POST /a"]


async def test_calls_refused_together_share_one_new_token(serve: Serve) -> None:
    def respond(request: Request) -> Answer:
        return Answer(200 if request.headers["authorization"] == "Bearer t2" else 401)

    server = serve(routes(("POST /tokens", office(LATER)), ("GET", respond)))
    tokens = source(server.url)
    tokens.session_id = "s1"
    async with using(server.url, tokens) as client:
        got = await asyncio.gather(*(client.get("/a") for _ in range(5)))
    assert [response.status_code for response in got] == [200] * 5
    assert server.lines.count("POST /tokens") == 2


async def test_a_key_that_is_withdrawn_ends_the_call_with_an_authentication_error(
    serve: Serve,
) -> None:
    server = serve(routes(("POST /tokens", Answer(401, {})), ("GET", Answer(200))))
    async with using(server.url, source(server.url)) as client:
        with pytest.raises(AuthenticationError):
            await client.get("/a")
