from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.hosted.caller import Caller

ANNOUNCED = {"name": "a.png", "size": 4, "mime_type": "image/png"}
PNG = {"Content-Type": "image/png"}


def announce(caller: Caller, **change: Any) -> httpx.Response:
    path = f"/sessions/{caller.session()}/uploads"
    return caller.call("POST", path, json={**ANNOUNCED, **change})


def put(
    url: str, content: bytes = b"abcd", headers: dict[str, str] | None = None
) -> httpx.Response:
    return httpx.put(url, content=content, headers={**PNG, **(headers or {})}, trust_env=False)


def test_an_upload_is_put_to_another_origin_without_a_token(caller: Caller) -> None:
    response = announce(caller)
    assert response.status_code == 201
    document = response.json()
    assert set(document) == {"presigned_id", "presigned_url", "path"}
    assert document["presigned_url"].startswith(caller.service.storage_url)
    assert put(document["presigned_url"]).status_code == 200
    (upload,) = caller.service.uploads
    assert (upload.upload_id, upload.content) == (document["presigned_id"], b"abcd")
    assert caller.service.tokens_sent_to_storage == []


def test_a_token_sent_to_the_store_is_refused_and_noted(caller: Caller) -> None:
    url = announce(caller).json()["presigned_url"]
    assert put(url, headers={"Authorization": "Bearer x"}).status_code == 400
    assert [r.method for r in caller.service.tokens_sent_to_storage] == ["PUT"]
    assert caller.service.uploads[0].content is None


def test_a_presigned_url_expires(caller: Caller) -> None:
    url = announce(caller).json()["presigned_url"]
    caller.service.advance_clock(15 * 60 + 1)
    assert put(url).status_code == 403


def test_a_changed_signature_or_another_content_type_is_refused(caller: Caller) -> None:
    first = announce(caller).json()["presigned_url"]
    second = announce(caller).json()["presigned_url"]
    mixed = f"{first.partition('?')[0]}?{second.partition('?')[2]}"
    assert put(mixed).status_code == 403
    assert put(first.partition("?")[0]).status_code == 403
    assert put(first, headers={"Content-Type": "text/plain"}).status_code == 403


def test_a_body_of_another_length_is_refused(caller: Caller) -> None:
    assert put(announce(caller).json()["presigned_url"], b"abc").status_code == 400


@pytest.mark.parametrize("change", [{"name": ""}, {"size": 0}, {"size": "4"}, {"mime_type": None}])
def test_a_malformed_announcement_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    assert announce(caller, **change).status_code == 400


def test_the_store_and_the_coordinator_do_not_serve_each_others_paths(caller: Caller) -> None:
    url = announce(caller).json()["presigned_url"]
    path = url.removeprefix(caller.service.storage_url)
    assert put(f"{caller.service.url}{path}").status_code == 404
    assert httpx.get(f"{caller.service.storage_url}/me", trust_env=False).status_code == 404


def test_nothing_is_recorded_without_a_runtime(caller: Caller) -> None:
    query = {"session_id": caller.session(), "start": "0", "end": "1"}
    assert caller.call("GET", "/clips", params=query).status_code == 410
