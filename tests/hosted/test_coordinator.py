from __future__ import annotations

import pytest

from tests.hosted.caller import Caller
from tests.hosted.coordinator import ACCOUNT_ID, HostedService

API = {"Reactor-API-Version": "1", "Reactor-API-Accept-Version": "1"}
CREATE = {
    "model": {"name": "reactor/catch"},
    "supported_transports": [{"protocol": "webrtc", "version": "1.0"}],
}


def test_the_account_routes(caller: Caller) -> None:
    caller.service.settings.unlisted_models = ("reactor/secret",)
    models = caller.call("GET", "/models").json()["models"]
    assert models == [{"name": "reactor/catch"}]
    assert caller.http.get("/pricing").json()["models"][0]["credits_per_second"] == 17
    assert caller.call("GET", "/me").json() == {"account_id": ACCOUNT_ID}
    key = {"Reactor-API-Key": caller.service.api_key}
    quotas = caller.http.get(f"/accounts/{ACCOUNT_ID}/quotas", headers=key)
    assert quotas.json()["concurrent_sessions"] == 5
    assert caller.http.get("/accounts/other/quotas", headers=key).status_code == 404
    assert caller.call("GET", f"/accounts/{ACCOUNT_ID}/quotas").status_code == 401
    assert caller.http.get("/models").status_code == 401


@pytest.mark.parametrize(("served", "status"), [((1, 1), 201), ((2, 2), 426), ((0, 0), 501)])
def test_clients_of_another_version_are_refused(
    caller: Caller, served: tuple[int, int], status: int
) -> None:
    caller.service.settings.api_versions = served
    response = caller.call("POST", "/sessions", headers=API, json=CREATE)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("served", "status"), [(("1.0", "1.0"), 200), (("1.1", "2.0"), 426), (("0.9", "0.9"), 501)]
)
def test_signalling_of_another_version_is_refused(
    caller: Caller, served: tuple[str, str], status: int
) -> None:
    path = f"/sessions/{caller.session()}/transport/webrtc/ice_servers"
    caller.service.settings.webrtc_versions = served
    response = caller.call("GET", path, headers={**API, "Reactor-WebRTC-Version": "1.0"})
    assert response.status_code == status


def test_version_headers_can_be_required(caller: Caller) -> None:
    session_id = caller.session()
    caller.service.settings.require_versions = True
    assert caller.create().status_code == 426
    assert caller.call("GET", f"/sessions/{session_id}", headers=API).status_code == 200
    path = f"/sessions/{session_id}/transport/webrtc/ice_servers"
    assert caller.call("GET", path).status_code == 426
    assert caller.call("GET", path, headers={"Reactor-WebRTC-Version": "1.0"}).status_code == 200


def test_a_version_that_is_none_is_refused(caller: Caller) -> None:
    headers = {**API, "Reactor-API-Version": "one"}
    assert caller.call("POST", "/sessions", headers=headers, json=CREATE).status_code == 400


def test_unknown_paths_are_not_found(caller: Caller) -> None:
    assert caller.call("GET", "/nothing").status_code == 404
    assert caller.call("GET", "/me/").status_code == 404
    assert caller.call("PATCH", "/me").status_code == 405


def test_a_body_must_be_an_object(caller: Caller) -> None:
    assert caller.call("POST", "/sessions", content=b"{").status_code == 400
    assert caller.call("POST", "/sessions", json=[]).status_code == 400


def test_every_request_is_logged_whole(caller: Caller) -> None:
    token = caller.token()
    caller.call("GET", "/me?a=b", token=token, headers={"X-Twice": "1"})
    minted, asked = caller.service.requests
    assert (minted.method, minted.path, minted.status) == ("POST", "/tokens", 200)
    assert minted.headers["Reactor-API-Key"] == caller.service.api_key
    assert (asked.path, asked.query, asked.status) == ("/me", "a=b", 200)
    assert asked.headers["authorization"] == f"Bearer {token}"
    assert asked.headers["x-twice"] == "1"
    created = caller.create()
    logged = caller.service.requests_to("POST", "/sessions")[0]
    assert logged.json()["model"] == created.json()["model"]
    assert token not in repr(asked)


def test_services_run_side_by_side() -> None:
    with HostedService() as one, HostedService() as other:
        assert len({one.url, one.storage_url, other.url, other.storage_url}) == 4
        Caller(one).session()
        assert (len(one.live_sessions), len(other.live_sessions)) == (1, 0)


def test_a_service_that_does_not_run_says_so() -> None:
    service = HostedService()
    with pytest.raises(RuntimeError, match="not running"):
        service.release()
    service.stop()
