from __future__ import annotations

from typing import Any

import pytest

from tests.hosted.backends import RUNTIME_SESSION_ID
from tests.hosted.caller import Caller

READY_KEYS = {"selected_transport", "capabilities"}


def test_a_new_session_has_neither_transport_nor_capabilities(caller: Caller) -> None:
    response = caller.create()
    assert response.status_code == 201
    document = response.json()
    assert document["state"] == "CREATED"
    assert document["model"] == {"name": "reactor/catch"}
    assert not READY_KEYS & set(document)


def test_a_session_with_a_machine_says_how_to_connect(caller: Caller) -> None:
    session_id = caller.session()
    document = caller.call("GET", f"/sessions/{session_id}").json()
    assert document["state"] == "WAITING"
    assert document["selected_transport"] == {"protocol": "webrtc", "version": "1.0"}
    assert [track["name"] for track in document["capabilities"]["tracks"]] == ["main_video"]
    info = caller.call("GET", f"/sessions/{session_id}/info").json()
    assert set(info) == {"session_id", "state", "cluster"}


def test_a_queued_session_moves_on_by_one_state_a_poll(caller: Caller) -> None:
    states = ("CREATED", "PENDING", "SUSPENDED", "WAITING")
    caller.service.settings.queue_states = states
    session_id = caller.create().json()["session_id"]
    polls = [caller.call("GET", f"/sessions/{session_id}").json() for _ in states]
    assert tuple(poll["state"] for poll in polls) == states
    assert not any(READY_KEYS & set(poll) for poll in polls)
    caller.service.wait("a machine", lambda: caller.service.session(session_id).described)
    assert set(caller.call("GET", f"/sessions/{session_id}").json()) >= READY_KEYS


def test_a_held_session_waits_free_of_charge_until_it_is_released(caller: Caller) -> None:
    caller.service.settings.hold_queue = True
    session_id = caller.create().json()["session_id"]
    for _ in range(3):
        assert not READY_KEYS & set(caller.call("GET", f"/sessions/{session_id}").json())
    assert caller.service.ledger[0].ready_at is None
    assert caller.service.ledger[0].billed_seconds == 0
    caller.service.release(session_id)
    caller.service.wait("a machine", lambda: caller.service.session(session_id).described)
    assert caller.service.ledger[0].ready_at is not None


def test_a_session_that_ends_in_the_queue_never_gets_a_machine(caller: Caller) -> None:
    caller.service.settings.hold_queue = True
    session_id = caller.create().json()["session_id"]
    assert caller.call("DELETE", f"/sessions/{session_id}").status_code == 204
    caller.service.release(session_id)
    assert caller.service.session(session_id).described is None
    assert caller.service.ledger[0].billed_seconds == 0


def test_deleting_ends_a_session_once(caller: Caller) -> None:
    session_id = caller.session()
    assert caller.service.live_sessions == (session_id,)
    response = caller.call("DELETE", f"/sessions/{session_id}", json={"reason": "done"})
    assert (response.status_code, response.content) == (204, b"")
    assert not caller.service.live_sessions
    assert caller.service.ledger[0].end_reason == "done"
    assert caller.call("DELETE", f"/sessions/{session_id}").status_code == 404


def test_an_ended_session_is_closed_and_has_no_signalling(caller: Caller) -> None:
    session_id = caller.session()
    caller.call("DELETE", f"/sessions/{session_id}")
    document = caller.call("GET", f"/sessions/{session_id}").json()
    assert document["state"] == "CLOSED"
    assert not READY_KEYS & set(document)
    path = f"/sessions/{session_id}/transport/webrtc/ice_servers"
    assert caller.call("GET", path).status_code == 404
    assert caller.call("PUT", f"/sessions/{session_id}").status_code == 404
    assert caller.call("POST", f"/sessions/{session_id}/uploads", json={}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/info"), ("PUT", ""), ("DELETE", "")]
)
def test_an_unknown_session_is_not_found(caller: Caller, method: str, path: str) -> None:
    assert caller.call(method, f"/sessions/{RUNTIME_SESSION_ID}{path}").status_code == 404


def test_an_unknown_model_is_not_found_and_an_unlisted_one_is(caller: Caller) -> None:
    assert caller.create(model="reactor/none").status_code == 404
    caller.service.settings.unlisted_models = ("reactor/secret",)
    assert caller.create(model="reactor/secret").status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"model": None},
        {"model": {}},
        {"supported_transports": []},
        {"supported_transports": [{"protocol": "livekit", "version": "1.0"}]},
        {"extra_configs": "stepped"},
    ],
    ids=str,
)
def test_a_malformed_session_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    assert caller.create(**change).status_code == 400
    assert caller.service.sessions == ()


@pytest.mark.parametrize("name", ["extra_configs", "extra_args"])
def test_the_generation_is_asked_for_in_the_extra_configs_and_echoed(
    caller: Caller, name: str
) -> None:
    session_id = caller.session(more={name: {"generation": "stepped"}})
    document = caller.call("GET", f"/sessions/{session_id}").json()
    assert document["generation"] == "stepped"


def test_a_generation_outside_the_extra_configs_is_ignored(caller: Caller) -> None:
    session_id = caller.session(more={"generation": "stepped"})
    document = caller.call("GET", f"/sessions/{session_id}").json()
    assert document["generation"] == "streamed"


def test_a_runtime_that_does_not_know_stepped_echoes_nothing(caller: Caller) -> None:
    caller.service.settings.ignore_generation = True
    session_id = caller.session(more={"extra_configs": {"generation": "stepped"}})
    assert "generation" not in caller.call("GET", f"/sessions/{session_id}").json()


def test_an_account_has_five_sessions_at_a_time(caller: Caller) -> None:
    first = caller.session()
    for _ in range(4):
        caller.session()
    response = caller.create()
    assert response.status_code == 429
    document = response.json()
    assert document["error"] == "quota_exceeded"
    assert document["quota_type"] == "concurrent_sessions"
    assert (document["current"], document["limit"]) == (5, 5)
    assert response.headers["retry-after"] == "1"
    caller.call("DELETE", f"/sessions/{first}")
    assert caller.create().status_code == 201


def test_an_account_creates_ten_sessions_a_minute_after_a_burst(caller: Caller) -> None:
    caller.service.settings.sessions_per_minute = 10
    caller.service.settings.concurrent_sessions = 50
    for _ in range(3):
        assert caller.create().status_code == 201
    response = caller.create()
    assert response.status_code == 429
    assert response.json()["quota_type"] == "sessions_per_minute"
    assert response.json()["retry_after_seconds"] == 6
    caller.service.advance_clock(6)
    assert caller.create().status_code == 201


def test_an_account_without_credits_gets_402(caller: Caller) -> None:
    caller.service.settings.out_of_credits = True
    assert caller.create().status_code == 402
    assert caller.service.sessions == ()


def test_a_session_whose_clients_left_is_closed_after_a_while(caller: Caller) -> None:
    caller.service.settings.orphan_seconds = 0.05
    session_id = caller.session()
    caller.service.set_state(session_id, "ACTIVE")
    caller.service.set_state(session_id, "INACTIVE")
    caller.service.wait_no_live_sessions()
    assert caller.service.ledger[0].end_reason == "no connection came back"


def test_a_session_whose_client_came_back_stays(caller: Caller) -> None:
    caller.service.settings.orphan_seconds = 0.5
    returned, left = caller.session(), caller.session()
    for session_id in (returned, left):
        caller.service.set_state(session_id, "INACTIVE")
    caller.service.set_state(returned, "ACTIVE")
    # The other one's time is up later than this one's would have been.
    caller.service.wait("the other one ends", lambda: len(caller.service.live_sessions) == 1)
    assert caller.service.live_sessions == (returned,)


def test_an_inactive_session_moves_and_keeps_its_id(caller: Caller) -> None:
    session_id = caller.session()
    assert caller.call("PUT", f"/sessions/{session_id}").status_code == 409
    caller.service.set_state(session_id, "INACTIVE")
    response = caller.call("PUT", f"/sessions/{session_id}")
    assert (response.status_code, response.json()["state"]) == (200, "PENDING")
    caller.service.wait("a machine", lambda: caller.service.session(session_id).described)
    assert caller.call("GET", f"/sessions/{session_id}").json()["state"] == "WAITING"


def test_a_bill_runs_from_ready_to_the_end(caller: Caller) -> None:
    session_id = caller.session()
    caller.service.advance_clock(100)
    caller.service.expire_session(session_id)
    caller.service.advance_clock(100)
    entry = caller.service.ledger[0]
    assert entry.billed_seconds == pytest.approx(100, abs=5)
    assert entry.end_reason == "session expired"


def test_waiting_for_the_end_names_what_it_waited_for(caller: Caller) -> None:
    caller.session()
    with pytest.raises(TimeoutError, match="every session has ended"):
        caller.service.wait_no_live_sessions(0.01)


def test_signalling_without_a_machine_is_refused(caller: Caller) -> None:
    caller.service.settings.hold_queue = True
    session_id = caller.create().json()["session_id"]
    path = f"/sessions/{session_id}/transport/webrtc/connections"
    assert caller.call("POST", path).status_code == 400


def test_signalling_without_a_runtime_has_ids_servers_and_a_canned_answer(caller: Caller) -> None:
    base = f"/sessions/{caller.session()}/transport/webrtc"
    servers = caller.call("GET", f"{base}/ice_servers").json()["ice_servers"]
    assert [set(server) for server in servers] == [{"uris"}, {"uris", "credentials"}]
    response = caller.call("POST", f"{base}/connections")
    assert response.status_code == 201
    path = f"{base}/connections/{response.json()['connection_id']}/sdp_params"
    assert caller.call("POST", path, json={}).status_code == 422
    assert caller.call("POST", path, json={"sdp_offer": "v=0"}).status_code == 202
    assert caller.call("GET", path).status_code == 202
    caller.service.settings.sdp_answer = "v=0 answer"
    assert caller.call("GET", path).json()["sdp_answer"] == "v=0 answer"
    unknown = f"{base}/connections/9999/sdp_params"
    assert caller.call("POST", unknown, json={"sdp_offer": "v=0"}).status_code == 404
