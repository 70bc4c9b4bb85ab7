from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.hosted.answers import quota_exceeded
from tests.hosted.caller import Caller
from tests.hosted.coordinator import HostedService


def test_a_failure_strikes_as_often_as_told(caller: Caller) -> None:
    caller.token()
    fault = caller.service.fail("GET", "/me", status=503, headers={"Retry-After": "2"}, times=2)
    answers = [caller.call("GET", "/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert fault.hits == 2


def test_a_failure_can_let_requests_pass_first(caller: Caller) -> None:
    caller.service.fail("GET", "/me", status=500, skip=1)
    assert [caller.call("GET", "/me").status_code for _ in range(3)] == [200, 500, 200]


def test_a_failure_strikes_only_what_its_globs_match(caller: Caller) -> None:
    session_id = caller.session()
    caller.service.fail("GET", "/sessions/*/info", status=500, times=None)
    assert caller.call("GET", f"/sessions/{session_id}").status_code == 200
    assert caller.call("GET", f"/sessions/{session_id}/info").status_code == 500


def test_a_failure_that_was_removed_strikes_no_more(caller: Caller) -> None:
    fault = caller.service.fail("GET", "/me", times=None)
    assert caller.call("GET", "/me").status_code == 500
    fault.remove()
    assert caller.call("GET", "/me").status_code == 200
    caller.service.fail("GET", "/me", times=None)
    caller.service.clear_faults()
    assert caller.call("GET", "/me").status_code == 200


@pytest.mark.parametrize("handled", [False, True])
def test_a_failure_takes_effect_only_if_the_request_was_handled(
    caller: Caller, handled: bool
) -> None:
    caller.service.fail("POST", "/sessions", status=504, handled=handled)
    assert caller.create().status_code == 504
    assert len(caller.service.live_sessions) == handled


def test_a_quota_is_refused_with_and_without_the_header(caller: Caller) -> None:
    caller.service.refuse_quota(retry_after_seconds=7)
    caller.service.refuse_quota(retry_after_seconds=7, retry_after_header=False)
    caller.service.refuse_capacity()
    with_header, without, capacity = (caller.create() for _ in range(3))
    assert {a.status_code for a in (with_header, without, capacity)} == {429}
    assert with_header.headers["retry-after"] == "7"
    assert "retry-after" not in without.headers
    assert without.json()["retry_after_seconds"] == 7
    assert "retry-after" not in capacity.headers
    assert caller.create().status_code == 201


def test_any_answer_can_be_given(caller: Caller) -> None:
    caller.service.answer("GET", "/me", quota_exceeded("concurrent_sessions"))
    assert caller.call("GET", "/me").status_code == 429


def test_a_request_is_held_up_before_it_takes_effect(caller: Caller) -> None:
    caller.token()
    go = threading.Event()
    fault = caller.service.delay("POST", "/sessions", go)
    with ThreadPoolExecutor(1) as pool:
        created = pool.submit(caller.create)
        fault.wait()
        assert caller.service.sessions == ()
        go.set()
        assert created.result(10).status_code == 201


def test_an_answer_is_held_up_after_the_request_took_effect(caller: Caller) -> None:
    go = threading.Event()
    caller.service.delay("POST", "/sessions", go, handled=True)
    with ThreadPoolExecutor(1) as pool:
        created = pool.submit(caller.create)
        caller.service.wait("a session", lambda: caller.service.live_sessions)
        assert not created.done()
        go.set()
        assert created.result(10).status_code == 201


def test_a_request_takes_effect_although_its_client_left(caller: Caller) -> None:
    token = caller.token()
    go = threading.Event()
    fault = caller.service.delay("POST", "/sessions", go)
    body = {
        "model": {"name": "reactor/catch"},
        "supported_transports": [{"protocol": "webrtc", "version": "1.0"}],
    }
    with httpx.Client(timeout=0.2, trust_env=False) as http, pytest.raises(httpx.ReadTimeout):
        http.post(
            f"{caller.service.url}/sessions",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
    fault.wait()
    go.set()
    caller.service.wait("a session", lambda: caller.service.live_sessions)


def test_a_delay_lets_the_next_fault_strike(caller: Caller) -> None:
    caller.token()
    caller.service.delay("GET", "/me", 0.05)
    caller.service.fail("GET", "/me", status=503)
    begun = time.monotonic()
    assert caller.call("GET", "/me").status_code == 503
    assert time.monotonic() - begun >= 0.05


@pytest.mark.parametrize("handled", [False, True])
def test_half_an_answer_ends_early(caller: Caller, handled: bool) -> None:
    caller.token()
    caller.service.half_answer("POST", "/sessions", handled=handled)
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        caller.create()
    assert len(caller.service.live_sessions) == handled
    assert caller.service.requests_to("POST", "/sessions")[0].status is None


@pytest.mark.parametrize("handled", [False, True])
@pytest.mark.parametrize("mid_answer", [False, True])
def test_a_connection_is_reset(caller: Caller, mid_answer: bool, handled: bool) -> None:
    caller.token()
    caller.service.reset("POST", "/sessions", mid_answer=mid_answer, handled=handled)
    with pytest.raises(httpx.ReadError):
        caller.create()
    assert len(caller.service.live_sessions) == handled
    assert caller.call("GET", "/me").status_code == 200


def test_answers_are_garbled(caller: Caller) -> None:
    for garbage in ("text", "list", "null", "empty_object", "empty_body", "truncated"):
        caller.service.garble("GET", "/me", garbage)
    answers = [caller.call("GET", "/me") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].text.startswith("<html>")
    assert [answer.json() for answer in answers[1:4]] == [[1, 2, 3], None, {}]
    assert answers[4].content == b""
    with pytest.raises(ValueError, match="Unterminated string"):
        answers[5].json()


def test_fields_are_taken_out_of_an_answer(caller: Caller) -> None:
    session_id = caller.session()
    caller.service.garble("GET", "/sessions/*", without=["capabilities"])
    document = caller.call("GET", f"/sessions/{session_id}").json()
    assert "capabilities" not in document
    assert "selected_transport" in document
    with pytest.raises(ValueError, match="one of `garbage` and `without`"):
        caller.service.garble("GET", "/me")


def test_a_service_stops_although_a_request_is_held_up() -> None:
    with HostedService() as service, ThreadPoolExecutor(1) as pool:
        fault = service.delay("GET", "/pricing", threading.Event())
        held = pool.submit(httpx.get, f"{service.url}/pricing", trust_env=False, timeout=20)
        fault.wait()
        service.stop()
        assert held.exception(10) is not None or held.result().status_code == 200


async def test_a_test_on_a_loop_waits_for_a_fault_without_blocking(caller: Caller) -> None:
    fault = caller.service.fail("GET", "/pricing", status=500)
    async with httpx.AsyncClient(base_url=caller.service.url, trust_env=False) as http:
        assert (await http.get("/pricing")).status_code == 500
    await fault.struck()
    with pytest.raises(TimeoutError, match="the fault on GET /pricing"):
        await fault.struck(2, timeout_s=0.01)
