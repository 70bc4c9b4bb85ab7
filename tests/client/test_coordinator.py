from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_env.client.coordinator import LOCAL_SESSION_ID, LocalCoordinator, parse_session
from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    ReactorTimeoutError,
)
from reactor_env.client.types import CommandCapability, TrackCapability
from tests.client.conftest import Respond, Serve

TIMEOUT_S = 10.0
WEBRTC = f"/sessions/{LOCAL_SESSION_ID}/transport/webrtc"
# What reactor-runtime 3.10.0 answered to POST /start_session.
SESSION: dict[str, Any] = {
    "session_id": LOCAL_SESSION_ID,
    "state": "waiting",
    "cluster": "local",
    "model": {"name": "catch"},
    "server_info": {"server_version": "3.10.0"},
    "selected_transport": {"protocol": "webrtc", "version": "1.0"},
    "transports": [{"protocol": "webrtc", "version": "1.0"}],
    "recording": {"enabled": False, "chunk_seconds": 4},
    "step_results": {"enabled": False},
    "generation": "stepped",
    "capabilities": {
        "protocol_version": "v0",
        "tracks": [{"name": "main_video", "kind": "video", "direction": "recvonly"}],
        "commands": [],
    },
}
BUSY = (409, {"detail": "cannot start session while waiting"})


@asynccontextmanager
async def coordinator(url: str) -> AsyncIterator[LocalCoordinator]:
    made = LocalCoordinator(url)
    try:
        yield made
    finally:
        await made.close()


def answers(*scripted: tuple[int, Any]) -> tuple[Respond, list[tuple[str, str, Any]]]:
    """Answer with one after the other, the last one for ever; and note what was asked."""
    asked: list[tuple[str, str, Any]] = []

    def respond(method: str, path: str, body: Any) -> tuple[int, Any]:
        asked.append((method, path, body))
        return scripted[min(len(asked), len(scripted)) - 1]

    return respond, asked


def routes(**by_name: Any) -> Callable[[str, str, Any], tuple[int, Any]]:
    """A signalling server; each route gives a status and a document."""

    def respond(method: str, path: str, body: Any) -> tuple[int, Any]:
        del body
        name = "register" if path == f"{WEBRTC}/connections" else "offer"
        answer: tuple[int, Any] = by_name["answer" if method == "GET" else name]
        return answer

    return respond


async def negotiate(url: str, timeout_s: float = TIMEOUT_S) -> str:
    async with coordinator(url) as made:
        return await made.negotiate(LOCAL_SESSION_ID, "offer", [], timeout_s=timeout_s)


async def start(url: str, generation: Any = "stepped", timeout_s: float = TIMEOUT_S) -> Any:
    async with coordinator(url) as made:
        return await made.start_session(generation, timeout_s=timeout_s)


# -- sessions -----------------------------------------------------------------------------------


async def test_a_session_starts_in_the_generation_that_was_asked_for(serve: Serve) -> None:
    respond, asked = answers((200, SESSION))
    session = await start(serve(respond))
    assert asked == [("POST", "/start_session", {"generation": "stepped"})]
    assert session.session_id == LOCAL_SESSION_ID
    assert session.generation == "stepped"
    assert session.model == "catch"
    assert session.state == "waiting"
    assert session.server_version == "3.10.0"
    assert session.capabilities.tracks == (TrackCapability("main_video", "video", "recvonly"),)
    assert session.capabilities.emission_fps is None


@pytest.mark.parametrize("status", [409, 503])
async def test_a_busy_runtime_is_asked_again(serve: Serve, status: int) -> None:
    respond, asked = answers((status, BUSY[1]), (200, SESSION))
    assert (await start(serve(respond))).model == "catch"
    assert len(asked) == 2


async def test_a_runtime_that_stays_busy_is_a_timeout_with_its_reason(serve: Serve) -> None:
    url = serve(answers(BUSY)[0])
    with pytest.raises(ReactorTimeoutError, match="cannot start session while waiting") as raised:
        await start(url, timeout_s=0)
    assert url in str(raised.value)


async def test_a_model_that_refuses_steps_is_a_generation_error(serve: Serve) -> None:
    url = serve(answers((400, {"detail": "this model drives its own run"}))[0])
    with pytest.raises(GenerationModeError, match=r"refuses stepped .*drives its own run"):
        await start(url)


async def test_a_bad_request_for_a_streamed_session_is_no_generation_error(serve: Serve) -> None:
    url = serve(answers((400, {"detail": "no"}))[0])
    with pytest.raises(ConnectionFailedError, match=r"could not start a session .*HTTP 400, no"):
        await start(url, "streamed")


@pytest.mark.parametrize("echoed", [None, "streamed"])
async def test_a_runtime_that_ignores_steps_is_a_generation_error(
    serve: Serve, echoed: str | None
) -> None:
    url = serve(answers((200, {**SESSION, "generation": echoed}))[0])
    with pytest.raises(GenerationModeError, match=r"ignored .*needs reactor-runtime 3\.10"):
        await start(url)


async def test_an_old_runtime_that_names_no_generation_can_stream(serve: Serve) -> None:
    old = {key: value for key, value in SESSION.items() if key != "generation"}
    session = await start(serve(answers((200, old))[0]), "streamed")
    assert session.generation is None


async def test_the_client_names_itself_and_the_protocol(serve: Serve) -> None:
    respond, asked = answers((200, {}))
    async with coordinator(serve(respond)) as made:
        await made.schema()
    (_, _, headers) = asked[0]
    lowered = {name.lower(): value for name, value in headers.items()}
    assert lowered["authorization"] == "Bearer local"
    assert lowered["reactor-webrtc-version"] == "1.0"


async def test_nobody_listening_is_named_with_the_address(nobody: str) -> None:
    with pytest.raises(ConnectionFailedError, match=f"no runtime answers at {nobody} "):
        await start(nobody)


async def test_a_proxy_is_not_asked_for_a_runtime(
    serve: Serve, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    assert (await start(serve(answers((200, SESSION))[0]))).model == "catch"


@pytest.mark.parametrize("answer", ["<html>", [1]], ids=["text", "a list"])
async def test_an_answer_that_is_no_json_object_is_an_error(serve: Serve, answer: Any) -> None:
    url = serve(answers((200, answer))[0])
    with pytest.raises(ConnectionFailedError, match=f"expected a JSON object from {url}/start"):
        await start(url)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [("boom " * 1000, "boom boom"), ({"detail": "boom"}, "boom"), ({"error": 1}, "'error': 1")],
    ids=["long text", "detail", "another object"],
)
async def test_an_error_shows_the_servers_words_shortened(
    serve: Serve, answer: Any, shown: str
) -> None:
    url = serve(answers((500, answer))[0])
    with pytest.raises(ConnectionFailedError, match=f"HTTP 500, .*{shown}") as raised:
        await start(url)
    assert len(str(raised.value)) < 400


async def test_a_session_that_starts_after_its_caller_gave_up_is_ended(serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    asked, release = asyncio.Event(), threading.Event()
    paths: list[str] = []

    def respond(method: str, path: str, body: Any) -> tuple[int, Any]:
        del method, body
        paths.append(path)
        if path == "/start_session":
            loop.call_soon_threadsafe(asked.set)
            release.wait(TIMEOUT_S)
        return 200, SESSION

    async with coordinator(serve(respond)) as made:
        task = asyncio.ensure_future(made.start_session("stepped", timeout_s=TIMEOUT_S))
        async with asyncio.timeout(TIMEOUT_S):
            await asked.wait()
            task.cancel()
            release.set()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert paths == ["/start_session", "/stop_session"]


async def test_stopping_where_nobody_listens_is_quiet(nobody: str) -> None:
    async with coordinator(nobody) as made:
        await made.stop_session()


async def test_a_schema_that_cannot_be_read_is_an_error(serve: Serve) -> None:
    async with coordinator(serve(answers((404, {"detail": "gone"}))[0])) as made:
        with pytest.raises(ConnectionFailedError, match=r"could not read the schema .*gone"):
            await made.schema()


# -- signalling ---------------------------------------------------------------------------------


async def test_a_local_runtime_wants_no_ice_servers(serve: Serve) -> None:
    respond, asked = answers((200, {"ice_servers": []}))
    async with coordinator(serve(respond)) as made:
        assert await made.ice_servers(LOCAL_SESSION_ID) == []
    assert asked[0][:2] == ("GET", f"{WEBRTC}/ice_servers")


async def test_ice_servers_keep_their_credentials(serve: Serve) -> None:
    turn = {"uris": ["turn:t:1"], "credentials": {"username": "u", "password": "p"}}
    document = {"ice_servers": [turn, {"uris": ["stun:s:1"]}]}
    async with coordinator(serve(answers((200, document))[0])) as made:
        first, second = await made.ice_servers("s")
    assert (first.urls, first.username, first.credential) == (["turn:t:1"], "u", "p")
    assert (second.urls, second.username) == (["stun:s:1"], None)


async def test_ice_servers_that_cannot_be_read_are_an_error(serve: Serve) -> None:
    async with coordinator(serve(answers((500, "no"))[0])) as made:
        with pytest.raises(ConnectionFailedError, match="could not read the ICE servers"):
            await made.ice_servers("s")


async def test_an_offer_is_exchanged_for_an_answer(serve: Serve) -> None:
    track = {"mid": "0", "name": "main_video", "kind": "video", "direction": "recvonly"}
    respond, asked = answers(
        (201, {"connection_id": 8740}),
        (202, {}),
        (202, {}),  # not answered yet
        (200, {"sdp_answer": "v=0"}),
    )
    async with coordinator(serve(respond)) as made:
        answer = await made.negotiate(LOCAL_SESSION_ID, "offer", [track], timeout_s=TIMEOUT_S)
    assert answer == "v=0"
    path = f"{WEBRTC}/connections/8740/sdp_params"
    assert [call[:2] for call in asked] == [
        ("POST", f"{WEBRTC}/connections"),
        ("POST", path),
        ("GET", path),
        ("GET", path),
    ]
    assert asked[1][2]["sdp_offer"] == "offer"
    assert asked[1][2]["track_mapping"] == [track]


async def test_an_answer_that_never_comes_is_a_timeout(serve: Serve) -> None:
    respond = routes(register=(200, {"connection_id": 1}), offer=(202, {}), answer=(202, {}))
    url = serve(respond)
    with pytest.raises(ReactorTimeoutError, match=rf"no SDP answer from {url} in 0\.01 s"):
        await negotiate(url, timeout_s=0.01)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"register": (404, {"detail": "no session"})}, "register a connection .*no session"),
        ({"offer": (422, {"detail": "bad SDP"})}, "send the offer .*HTTP 422, bad SDP"),
        ({"answer": (500, {"detail": "boom"})}, "read the answer .*HTTP 500, boom"),
        ({"answer": (200, {})}, "read the answer"),
        ({"answer": (200, {"sdp_answer": 5})}, "read the answer"),
        pytest.param(
            {"register": (200, {})},
            "register a connection",
        ),
    ],
)
async def test_signalling_that_goes_wrong_says_where(
    serve: Serve, changed: dict[str, Any], reason: str
) -> None:
    good = {
        "register": (200, {"connection_id": 1}),
        "offer": (202, {}),
        "answer": (200, {"sdp_answer": "v=0"}),
    }
    with pytest.raises(ConnectionFailedError, match=f"could not {reason}"):
        await negotiate(serve(routes(**{**good, **changed})))


# -- descriptions -------------------------------------------------------------------------------


def test_a_description_that_says_nothing_is_an_empty_session() -> None:
    session = parse_session({})
    assert (session.session_id, session.model, session.state) == ("", "", "")
    assert session.capabilities.tracks == ()
    assert session.generation is None


def test_a_description_may_list_commands_and_a_rate() -> None:
    capabilities = parse_session(
        {"capabilities": {"commands": [{"name": "act", "schema": {}}], "emission_fps": 24}}
    ).capabilities
    assert capabilities.commands == (CommandCapability("act", "", {}),)
    assert capabilities.emission_fps == 24.0
