"""The service in front of a real runtime, by plain HTTP."""

from __future__ import annotations

import httpx
import pytest

from reactor_env.runtime import LocalRuntime
from tests.hosted.caller import Caller, scope
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import UPLOAD_WORLD

UPLOAD = pytest.mark.parametrize("hosted_runtime", [UPLOAD_WORLD], ids=["upload"], indirect=True)


def runtime_state(runtime: LocalRuntime) -> str:
    state: str = httpx.get(f"{runtime.url}/session", trust_env=False).json()["state"]
    return state


def test_a_session_runs_on_the_runtime_and_ends_there(
    runtime_caller: Caller, hosted_runtime: LocalRuntime
) -> None:
    session_id = runtime_caller.session()
    assert runtime_state(hosted_runtime) == "waiting"
    document = runtime_caller.call("GET", f"/sessions/{session_id}").json()
    assert document["session_id"] == session_id
    assert document["model"] == {"name": "reactor/catch"}
    assert document["server_info"]["server_version"]
    assert [track["name"] for track in document["capabilities"]["tracks"]] == ["main_video"]
    runtime_caller.call("DELETE", f"/sessions/{session_id}")
    assert runtime_state(hosted_runtime) in ("closing", "ready")


def test_a_session_queues_until_the_one_before_it_ends(runtime_caller: Caller) -> None:
    first = runtime_caller.session()
    second = runtime_caller.create().json()["session_id"]
    assert runtime_caller.call("GET", f"/sessions/{second}").json()["state"] == "PENDING"
    runtime_caller.call("DELETE", f"/sessions/{first}")
    service = runtime_caller.service
    service.wait("a machine", lambda: service.session(second).described)
    assert runtime_caller.call("GET", f"/sessions/{second}").json()["state"] == "WAITING"


def test_signalling_goes_to_the_runtime(runtime_caller: Caller) -> None:
    base = f"/sessions/{runtime_caller.session()}/transport/webrtc"
    assert runtime_caller.call("GET", f"{base}/ice_servers").json() == {"ice_servers": []}
    response = runtime_caller.call("POST", f"{base}/connections", json={})
    assert response.status_code == 201
    assert 5000 <= response.json()["connection_id"] <= 9999
    path = f"{base}/connections/{response.json()['connection_id']}/sdp_params"
    assert runtime_caller.call("POST", path, json={}).status_code == 422
    assert runtime_caller.call("PUT", path, json={}).status_code == 422
    assert runtime_caller.call("GET", path).status_code == 202


def test_an_expired_session_ends_on_the_runtime(
    runtime_caller: Caller, hosted_runtime: LocalRuntime
) -> None:
    runtime_caller.session(runtime_caller.token(scope(max_session_duration_seconds=1)))
    runtime_caller.service.wait_no_live_sessions(5.0)
    assert runtime_caller.service.ledger[0].end_reason == "max session duration reached"
    with httpx.Client(trust_env=False) as http:
        # Starting another one is possible as soon as the old one is gone.
        assert runtime_caller.session()
        assert http.get(f"{hosted_runtime.url}/session").json()["state"] == "waiting"


def test_a_session_that_the_runtime_ends_is_closed(
    runtime_caller: Caller, hosted_runtime: LocalRuntime
) -> None:
    session_id = runtime_caller.session()
    httpx.post(f"{hosted_runtime.url}/stop_session", trust_env=False).raise_for_status()
    runtime_caller.service.wait_no_live_sessions()
    assert runtime_caller.service.ledger[0].end_reason == "the runtime is closing"
    assert runtime_caller.call("GET", f"/sessions/{session_id}").json()["state"] == "CLOSED"


def test_a_runtime_that_dies_takes_its_session_along() -> None:
    with LocalRuntime("catch") as runtime, HostedService(runtime.url) as service:
        caller = Caller(service)
        caller.session()
        runtime.stop()
        service.wait_no_live_sessions()
        session_id = caller.create().json()["session_id"]
        service.wait_no_live_sessions()
        assert "does not answer" in str(service.session(session_id).end_reason)


def test_a_moved_session_is_started_anew_under_its_id(runtime_caller: Caller) -> None:
    session_id = runtime_caller.session()
    announced = {"name": "a.png", "size": 4, "mime_type": "image/png"}
    upload = runtime_caller.call("POST", f"/sessions/{session_id}/uploads", json=announced).json()
    runtime_caller.service.set_state(session_id, "INACTIVE")
    assert runtime_caller.call("PUT", f"/sessions/{session_id}").status_code == 200
    service = runtime_caller.service
    service.wait("a machine", lambda: service.session(session_id).described)
    assert runtime_caller.call("GET", f"/sessions/{session_id}").json()["state"] == "WAITING"
    headers = {"Content-Type": "image/png"}
    url = upload["presigned_url"]
    # The new machine has never heard of the old one's files.
    assert httpx.put(url, content=b"abcd", headers=headers, trust_env=False).status_code == 404
    assert service.live_sessions == (session_id,)


def test_a_configuration_the_runtime_refuses_closes_the_session(runtime_caller: Caller) -> None:
    session_id = runtime_caller.create(extra_configs={"steps": -1}).json()["session_id"]
    runtime_caller.service.wait_no_live_sessions()
    reason = runtime_caller.service.session(session_id).end_reason
    assert reason is not None
    assert "steps must be a positive integer" in reason


def test_steps_that_are_not_kept_are_not_found(runtime_caller: Caller) -> None:
    session_id = runtime_caller.session()
    assert runtime_caller.call("GET", f"/sessions/{session_id}/steps").status_code == 404
    assert runtime_caller.call("GET", f"/sessions/{session_id}/steps/1").status_code == 404


@UPLOAD
def test_an_upload_reaches_the_runtime(runtime_caller: Caller) -> None:
    path = f"/sessions/{runtime_caller.session()}/uploads"
    announced = {"name": "a.png", "size": 4, "mime_type": "image/png"}
    response = runtime_caller.call("POST", path, json=announced)
    assert response.status_code == 201
    url = response.json()["presigned_url"]
    headers = {"Content-Type": "image/png"}
    assert httpx.put(url, content=b"abc", headers=headers, trust_env=False).status_code == 400
    assert httpx.put(url, content=b"abcd", headers=headers, trust_env=False).status_code == 200
    assert httpx.put(url, content=b"abcd", headers=headers, trust_env=False).status_code == 409


@UPLOAD
def test_clips_that_cannot_be_are_refused(runtime_caller: Caller) -> None:
    session_id = runtime_caller.session()

    def status(**query: str) -> int:
        return runtime_caller.call("GET", "/clips", params=query).status_code

    assert status(session_id=session_id, start="0") == 400
    assert status(session_id=session_id, start="2", end="1") == 400
    assert status(session_id=session_id, start="zero", end="1") == 400
    assert status(session_id="no-such-session", start="0", end="1") == 404
    pending = runtime_caller.call(
        "GET", "/clips", params={"session_id": session_id, "start": "0", "end": "1"}
    )
    assert pending.status_code == 202
    assert float(pending.headers["retry-after"]) > 0
