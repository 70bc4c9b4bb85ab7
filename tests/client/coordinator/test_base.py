"""What both coordinators do alike, through the local one: signalling and uploads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_env.client.coordinator.hosted import HostedCoordinator
from reactor_env.client.coordinator.local import LOCAL_SESSION_ID, LocalCoordinator
from reactor_env.client.coordinator.tokens import TokenSource
from reactor_env.client.errors import ConnectionFailedError, InvalidRequestError, NotFoundError
from reactor_env.client.types import FileRef
from tests.client.conftest import Serve
from tests.client.http_server import RESET, Answer, answers, routes

WEBRTC = f"/sessions/{LOCAL_SESSION_ID}/transport/webrtc"
CONNECTION = f"{WEBRTC}/connections/8740/sdp_params"
UPLOADS = f"POST /sessions/{LOCAL_SESSION_ID}/uploads"
TRACK = {"mid": "0", "name": "main_video", "kind": "video", "direction": "recvonly"}
TOKEN = "token-of-mine"
SIGNATURE = "X-Signature=secret&X-More=1"


@asynccontextmanager
async def coordinator(url: str) -> AsyncIterator[LocalCoordinator]:
    made = LocalCoordinator(url)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def hosted(url: str) -> AsyncIterator[HostedCoordinator]:
    tokens = TokenSource(url, "m", api_key=None, jwt=TOKEN)
    made = HostedCoordinator(url, "m", tokens, session_id="s1")
    try:
        yield made
    finally:
        await made.close()


# -- ICE servers --------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [{"ice_servers": []}, {"ice_servers": None}, {}], ids=str)
async def test_a_local_runtime_wants_no_ice_servers(serve: Serve, document: Any) -> None:
    server = serve(answers(Answer(200, document)))
    async with coordinator(server.url) as made:
        assert await made.ice_servers() == []
    assert server.lines == [f"GET {WEBRTC}/ice_servers"]


async def test_ice_servers_keep_their_credentials(serve: Serve) -> None:
    turn = {"uris": ["turn:t:1"], "credentials": {"username": "u", "password": "p"}}
    document = {"ice_servers": [turn, {"uris": ["stun:s:1"]}, {"uris": ["stun:r:1"] * 2}]}
    async with coordinator(serve(answers(Answer(200, document))).url) as made:
        first, second, third = await made.ice_servers()
    assert (first.urls, first.username, first.credential) == (["turn:t:1"], "u", "p")
    assert (second.urls, second.username) == (["stun:s:1"], None)
    assert third.urls == ["stun:r:1", "stun:r:1"]


@pytest.mark.parametrize(
    "listed",
    [
        5,
        ["secret"],
        [["secret"]],
        [{"uris": 5, "credentials": {"password": "secret"}}],
        [{"uris": ["turn:t:1"], "credentials": "secret"}],
        [{"uris": "turn:t:1", "credentials": {"password": "secret"}}],
        [{"uris": ["turn:t:1", 5], "credentials": {"password": "secret"}}],
        [{"uris": ["turn:t:1"], "credentials": {"username": "u", "password": ["secret"]}}],
    ],
    ids=str,
)
async def test_ice_servers_that_cannot_be_used_are_an_error_without_passwords(
    serve: Serve, listed: Any
) -> None:
    url = serve(answers(Answer(200, {"ice_servers": listed}))).url
    async with coordinator(url) as made:
        with pytest.raises(ConnectionFailedError, match="could not read the ICE servers") as raised:
            await made.ice_servers()
    assert "secret" not in f"{raised.value} {raised.value!r}"


async def test_ice_servers_that_are_refused_are_an_error(serve: Serve) -> None:
    async with coordinator(serve(answers(Answer(404, "no session"))).url) as made:
        with pytest.raises(NotFoundError, match=r"could not read the ICE servers.*no session"):
            await made.ice_servers()


# -- offer and answer ---------------------------------------------------------------------------


async def test_an_offer_is_exchanged_for_an_answer(serve: Serve) -> None:
    server = serve(
        answers(
            Answer(201, {"connection_id": 8740}),
            Answer(202, {}),
            Answer(202, {}),  # not answered yet
            Answer(200, {"sdp_answer": "v=0"}),
        )
    )
    async with coordinator(server.url) as made:
        assert await made.negotiate("offer", [TRACK]) == "v=0"
    assert server.lines == [
        f"POST {WEBRTC}/connections",
        f"POST {CONNECTION}",
        f"GET {CONNECTION}",
        f"GET {CONNECTION}",
    ]
    offered = server.requests[1].json
    assert offered["sdp_offer"] == "offer"
    assert offered["track_mapping"] == [TRACK]
    assert offered["client_info"]["sdk_type"] == "python"


async def test_a_connection_registered_before_is_used(serve: Serve) -> None:
    server = serve(answers(Answer(202, {}), Answer(200, {"sdp_answer": "v=0"})))
    async with coordinator(server.url) as made:
        await made.negotiate("offer", [], 8740)
    assert server.lines == [f"POST {CONNECTION}", f"GET {CONNECTION}"]


async def test_an_answer_that_never_comes_is_waited_for_by_name(serve: Serve) -> None:
    server = serve(answers(Answer(202, {})))
    async with coordinator(server.url) as made:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await made.negotiate("offer", [], 8740)
        assert made.waiting_for == "the SDP answer"
    assert server.lines.count(f"GET {CONNECTION}") > 1


@pytest.mark.parametrize(
    ("line", "answer", "reason"),
    [
        ("POST /connections", Answer(404, {"detail": "none"}), "register a connection.*none"),
        ("POST /connections", Answer(200, {}), "register a connection .*connection_id"),
        ("POST /connections", Answer(200, {"connection_id": "8740"}), "register a connection"),
        ("POST /connections", Answer(200, {"connection_id": True}), "register a connection"),
        ("POST /connections", Answer(200, {"a": 1}, sent=3), "register a connection"),
        ("POST offer", Answer(422, {"detail": "bad SDP"}), "send the offer: HTTP 422.*bad SDP"),
        ("POST offer", RESET, "send the offer"),
        ("GET offer", Answer(500, {"detail": "boom"}), "read the answer: HTTP 500.*boom"),
        ("GET offer", Answer(200, {}), "read the answer .*no usable sdp_answer"),
        ("GET offer", Answer(200, {"sdp_answer": 5}), "read the answer .*no usable sdp_answer"),
        ("GET offer", Answer(200, "v=0"), "read the answer"),
        ("GET offer", RESET, "read the answer"),
    ],
    ids=str,
)
async def test_signalling_that_goes_wrong_says_where(
    serve: Serve, line: str, answer: Answer, reason: str
) -> None:
    good = {
        "POST offer": Answer(202, {}),
        "GET offer": Answer(200, {"sdp_answer": "v=0"}),
        "POST /connections": Answer(200, {"connection_id": 8740}),
    }
    paths = {"offer": CONNECTION, "/connections": f"{WEBRTC}/connections"}
    found = []
    for name, given in (good | {line: answer}).items():
        method, _, place = name.partition(" ")
        found.append((f"{method} {paths[place]}", given))
    async with coordinator(serve(routes(*found)).url) as made:
        with pytest.raises(ConnectionFailedError, match=f"could not {reason}"):
            await made.negotiate("offer", [])


# -- uploads ------------------------------------------------------------------------------------


def slot(url: str) -> Answer:
    return Answer(201, {"presigned_id": "u1", "presigned_url": url, "path": "/p"})


async def test_a_file_is_announced_and_then_sent(serve: Serve) -> None:
    server = serve(
        routes((UPLOADS, slot(f"http://0.0.0.0:1/uploads/u1?{SIGNATURE}")), ("PUT", Answer()))
    )
    async with coordinator(server.url) as made:
        ref = await made.upload("a ü.png", "image/png", b"\x00picture")
    assert ref == FileRef("u1", "a ü.png", "image/png", 8)
    asked, put = server.requests
    assert asked.json == {"name": "a ü.png", "size": 8, "mime_type": "image/png"}
    assert (put.line, put.query) == ("PUT /uploads/u1", SIGNATURE)
    assert put.body == b"\x00picture"
    assert put.headers["content-type"] == "image/png"
    assert "authorization" not in put.headers


@pytest.mark.parametrize(
    "url", ["/uploads/u1", "http://0.0.0.0:8080/uploads/u1", "http://runtime/uploads/u1"]
)
async def test_a_local_upload_goes_to_the_address_the_runtime_was_reached_at(
    serve: Serve, url: str
) -> None:
    server = serve(routes((UPLOADS, slot(url)), ("PUT /uploads/u1", Answer())))
    async with coordinator(server.url) as made:
        await made.upload("a", "b/c", b"d")
    assert server.lines[-1] == "PUT /uploads/u1"


async def test_a_proxy_is_not_asked_for_a_local_upload(
    serve: Serve, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    server = serve(routes((UPLOADS, slot("/uploads/u1")), ("PUT", Answer())))
    async with coordinator(server.url) as made:
        await made.upload("a", "b/c", b"d")
    assert server.lines[-1] == "PUT /uploads/u1"


async def test_a_storage_elsewhere_never_sees_the_token(serve: Serve) -> None:
    storage = serve(answers(Answer()))
    service = serve(answers(slot(f"{storage.url}/bucket//a%2Fb?{SIGNATURE}")))
    async with hosted(service.url) as made:
        await made.upload("a", "b/c", b"d")
    assert service.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    (put,) = storage.requests
    assert (put.line, put.query) == ("PUT /bucket//a%2Fb", SIGNATURE)
    assert not [name for name in put.headers if name.startswith(("authorization", "reactor"))]
    assert TOKEN not in str(put)


async def test_a_storage_on_the_services_own_path_never_sees_the_token(serve: Serve) -> None:
    service = serve(routes(("POST /sessions/s1/uploads", slot("/files/u1?a=b")), ("PUT", Answer())))
    async with hosted(service.url) as made:
        await made.upload("a", "b/c", b"d")
    put = service.requests[-1]
    assert (put.line, put.query) == ("PUT /files/u1", "a=b")
    assert "authorization" not in put.headers


@pytest.mark.parametrize(
    "answer",
    [
        RESET,
        Answer(403, f"<Error><Message>expired</Message><Url>https://h/p?{SIGNATURE}</Url></Error>"),
        Answer(500, f"cannot read {SIGNATURE}"),
        Answer(307, "moved", {"Location": "http://elsewhere/"}),
    ],
    ids=str,
)
async def test_an_upload_that_fails_does_not_show_the_signature(
    serve: Serve, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    storage = serve(answers(answer))
    service = serve(answers(slot(f"{storage.url}/bucket/u1?{SIGNATURE}")))
    async with hosted(service.url) as made:
        with (
            caplog.at_level(logging.DEBUG),
            pytest.raises(ConnectionFailedError, match="could not upload the file") as raised,
        ):
            await made.upload("a", "b/c", b"d")
    shown = f"{raised.value} {raised.value!r} {raised.value.__cause__!r} {caplog.text}"
    assert "X-Signature" not in shown
    assert TOKEN not in shown
    assert f"{service.url}/sessions/s1/uploads" in caplog.text  # other requests are logged


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"presigned_id": "u1"},
        {"presigned_url": f"http://h/p?{SIGNATURE}"},
        {"presigned_id": 5, "presigned_url": f"http://h/p?{SIGNATURE}"},
        {"presigned_id": "u1", "presigned_url": f"http://[h/p?{SIGNATURE}"},
        {"presigned_id": "u1", "presigned_url": f"ftp://h/p?{SIGNATURE}"},
        {"presigned_id": "u1", "presigned_url": f"http://h\x00/p?{SIGNATURE}"},
        f"http://h/p?{SIGNATURE}",
    ],
    ids=str,
)
async def test_an_answer_without_a_place_to_put_a_file_is_an_error_without_signature(
    serve: Serve, document: Any
) -> None:
    async with hosted(serve(answers(Answer(201, document))).url) as made:
        with pytest.raises(ConnectionFailedError, match="could not ") as raised:
            await made.upload("a", "b/c", b"d")
    assert "X-Signature" not in f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"


async def test_an_upload_that_is_refused_says_why(serve: Serve) -> None:
    async with coordinator(serve(answers(Answer(422, {"detail": "too big"}))).url) as made:
        with pytest.raises(InvalidRequestError, match=r"could not ask for an upload.*too big"):
            await made.upload("a", "b/c", b"d")
