from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.hosted.caller import MODEL, Caller, scope
from tests.hosted.coordinator import ACCOUNT_ID, HostedService


def claims(token: str) -> Any:
    _, payload, _ = token.split(".")
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


@pytest.mark.parametrize("key", ["", "rk_wrong"])
def test_an_unknown_key_gets_no_token(caller: Caller, key: str) -> None:
    assert caller.mint(key=key).status_code == 401


@pytest.mark.parametrize("body", [b"", b"null", b"{}"])
def test_no_body_and_null_ask_for_an_unscoped_token(caller: Caller, body: bytes) -> None:
    response = caller.mint(content=body)
    assert response.status_code == 200
    assert set(response.json()) == {"jwt", "expires_at"}
    assert response.json()["expires_at"] == pytest.approx(time.time() + 6 * 3600, abs=5)
    assert caller.create(response.json()["jwt"]).status_code == 201


def test_a_token_is_a_jwt_that_says_when_it_expires(caller: Caller) -> None:
    document = caller.mint({"expires_after": 60}).json()
    assert claims(document["jwt"])["exp"] == document["expires_at"]
    assert document["expires_at"] == pytest.approx(time.time() + 60, abs=5)


def test_a_lifetime_is_clamped_silently(caller: Caller) -> None:
    document = caller.mint({"expires_after": 10**6}).json()
    assert document["expires_at"] == pytest.approx(time.time() + 6 * 3600, abs=5)


def test_a_scoped_token_lives_an_hour(caller: Caller) -> None:
    document = caller.mint(scope()).json()
    assert document["expires_at"] == pytest.approx(time.time() + 3600, abs=5)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        {"expires_after": 0},
        {"expires_after": "60"},
        {"authorization_details": []},
        {"authorization_details": [{"type": "session"}]},
        {"authorization_details": [{"type": "other", "resources": {"models": {"all": True}}}]},
        scope(models={}),
        scope(models={"match": []}),
        scope(models={"match": [1]}),
        scope(models={"all": True, "match": [MODEL]}),
        scope(max_sessions=0),
        scope(max_sessions=501),
        scope(max_sessions=True),
        scope(max_session_duration_seconds=0),
        scope(max_session_duration_seconds=86401),
        scope(bind=["no-such-session"]),
    ],
    ids=json.dumps,
)
def test_a_body_out_of_range_is_refused_at_mint(caller: Caller, body: Any) -> None:
    assert caller.mint(body).status_code == 400


def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    assert caller.mint(content=b"{").status_code == 400


@pytest.mark.parametrize(
    "authorization", [None, "Bearer", "Bearer x", "Bearer a.b.c", "Basic abc", "rk_test"]
)
def test_calls_without_a_valid_token_are_401(caller: Caller, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    assert caller.http.get("/me", headers=headers).status_code == 401


def test_a_forged_token_is_401(caller: Caller) -> None:
    head, payload, signature = caller.token().split(".")
    forged = base64.urlsafe_b64encode(json.dumps({**claims(f".{payload}."), "exp": 1}).encode())
    token = f"{head}.{forged.decode().rstrip('=')}.{signature}"
    assert caller.call("GET", "/me", token=token).status_code == 401


def test_an_expired_token_is_401(caller: Caller) -> None:
    token = caller.token({"expires_after": 60})
    assert caller.call("GET", "/me", token=token).json() == {"account_id": ACCOUNT_ID}
    caller.service.advance_clock(61)
    response = caller.call("GET", "/me", token=token)
    assert (response.status_code, response.json()["error"]) == (401, "token_expired")


def test_a_test_can_expire_one_token_or_all(caller: Caller) -> None:
    first, second = caller.token(), caller.token()
    caller.service.expire_tokens(first)
    assert caller.call("GET", "/me", token=first).status_code == 401
    assert caller.call("GET", "/me", token=second).status_code == 200
    caller.service.expire_tokens()
    assert caller.call("GET", "/me", token=second).status_code == 401


def test_a_scoped_token_creates_sessions_of_its_models_alone(caller: Caller) -> None:
    caller.service.settings.unlisted_models = ("reactor/other",)
    token = caller.token(scope(models={"match": [MODEL]}))
    assert caller.create(token).status_code == 201
    assert caller.create(token, "reactor/other").status_code == 403


def test_a_scoped_token_counts_the_sessions_it_ever_created(caller: Caller) -> None:
    token = caller.token(scope(max_sessions=1))
    session_id = caller.session(token)
    caller.call("DELETE", f"/sessions/{session_id}", token=token)
    response = caller.create(token)
    assert response.status_code == 429
    assert response.json()["quota_type"] == "sessions_per_token"


def test_a_scoped_token_operates_its_own_sessions_alone(caller: Caller) -> None:
    session_id = caller.session()
    stranger = caller.token(scope())
    for method, path in [
        ("GET", ""),
        ("GET", "/info"),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/uploads"),
        ("GET", "/transport/webrtc/ice_servers"),
    ]:
        response = caller.call(method, f"/sessions/{session_id}{path}", token=stranger)
        assert response.status_code == 403
    clip = {"session_id": session_id, "start": "0", "end": "1"}
    assert caller.call("GET", "/clips", token=stranger, params=clip).status_code == 403


def test_a_bound_token_operates_the_session_and_creates_none(caller: Caller) -> None:
    session_id = caller.session()
    token = caller.token(scope(bind=[session_id]))
    assert caller.call("GET", f"/sessions/{session_id}", token=token).status_code == 200
    assert caller.create(token).status_code == 403


def test_bound_sessions_count_as_held_by_the_token(caller: Caller) -> None:
    token = caller.token(scope(bind=[caller.session()], max_sessions=2))
    assert caller.create(token).status_code == 201
    assert caller.create(token).status_code == 429


def test_a_session_that_ended_cannot_be_bound(caller: Caller) -> None:
    session_id = caller.session()
    caller.call("DELETE", f"/sessions/{session_id}")
    assert caller.mint(scope(bind=[session_id])).status_code == 400


def test_a_session_ends_when_its_tokens_duration_is_up(caller: Caller) -> None:
    session_id = caller.session(caller.token(scope(max_session_duration_seconds=1)))
    caller.service.wait_no_live_sessions(5.0)
    entry = caller.service.ledger[0]
    assert (entry.session_id, entry.end_reason) == (session_id, "max session duration reached")
    assert 0.5 < entry.billed_seconds < 5.0


def test_other_accounts_sessions_are_not_found() -> None:
    with HostedService(api_keys={"rk_a": "acct_a", "rk_b": "acct_b"}) as service:
        caller = Caller(service)
        ours = caller.mint(key="rk_a").json()["jwt"]
        theirs = caller.mint(key="rk_b").json()["jwt"]
        session_id = caller.session(ours)
        assert caller.call("GET", f"/sessions/{session_id}", token=theirs).status_code == 404
        assert caller.mint(scope(bind=[session_id]), key="rk_b").status_code == 400
