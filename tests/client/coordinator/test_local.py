from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_env.client.coordinator import local
from reactor_env.client.coordinator.local import LOCAL_SESSION_ID, LocalCoordinator
from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
)
from reactor_env.client.types import CreateSessionResponse, ModelInfo
from tests.client.conftest import Serve
from tests.client.coordinator.descriptions import LOCAL, STREAMED
from tests.client.http_server import RESET, Answer, Request, answers, routes

TIMEOUT_S = 10.0
STOPPED = ("POST /stop_session", Answer())
BUSY = Answer(409, {"detail": "cannot start session while waiting"})


@pytest.fixture(autouse=True)
def _ask_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_POLL_S", 0.01)


@asynccontextmanager
async def coordinator(url: str, *args: Any) -> AsyncIterator[LocalCoordinator]:
    made = LocalCoordinator(url, *args)
    try:
        yield made
    finally:
        await made.close()


async def create(url: str, *args: Any) -> CreateSessionResponse:
    async with coordinator(url, *(args or ("stepped",))) as made:
        await made.authorize()
        session_id = await made.create()
        described = await made.assigned()
        assert described.session_id == session_id
        return described


# -- starting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("generation", ["stepped", "streamed"])
async def test_a_session_starts_in_the_generation_that_was_asked_for(
    serve: Serve, generation: Any
) -> None:
    server = serve(answers(Answer(200, LOCAL | {"generation": generation})))
    session = await create(server.url, generation)
    (request,) = server.requests
    assert request.line == "POST /start_session"
    assert request.json == {"generation": generation}
    assert session.session_id == LOCAL_SESSION_ID
    assert session.generation == generation
    assert session.model == ModelInfo("catch")


async def test_the_client_names_itself_and_the_protocol(serve: Serve) -> None:
    server = serve(answers(Answer(200, {})))
    async with coordinator(server.url) as made:
        await made.schema()
    headers = server.requests[0].headers
    assert headers["authorization"] == "Bearer local"
    assert headers["reactor-webrtc-version"] == "1.0"
    assert headers["reactor-api-version"] == "1"


@pytest.mark.parametrize("status", [409, 503])
async def test_a_busy_runtime_is_asked_again(serve: Serve, status: int) -> None:
    server = serve(answers(Answer(status, BUSY.document), Answer(200, LOCAL)))
    assert (await create(server.url)).model.name == "catch"
    assert server.lines == ["POST /start_session"] * 2


async def test_what_a_busy_runtime_says_is_what_is_waited_for(serve: Serve) -> None:
    server = serve(answers(BUSY))
    async with coordinator(server.url) as made:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await made.create()
        assert "cannot start session while waiting" in made.waiting_for


async def test_a_model_that_refuses_steps_is_a_generation_error(serve: Serve) -> None:
    url = serve(answers(Answer(400, {"detail": "this model drives its own run"}))).url
    with pytest.raises(GenerationModeError, match=r"refuses stepped .*drives its own run"):
        await create(url)


async def test_a_bad_request_for_a_streamed_session_is_no_generation_error(serve: Serve) -> None:
    url = serve(answers(Answer(400, {"detail": "no"}))).url
    with pytest.raises(InvalidRequestError, match=r"could not start a session.*HTTP 400 .*, no$"):
        await create(url, "streamed")


@pytest.mark.parametrize("echoed", [None, "streamed"])
async def test_a_runtime_that_ignores_steps_is_a_generation_error(
    serve: Serve, echoed: str | None
) -> None:
    server = serve(routes(("POST /start", Answer(200, LOCAL | {"generation": echoed})), STOPPED))
    async with coordinator(server.url, "stepped") as made:
        with pytest.raises(GenerationModeError, match=r"gave no stepped .*reactor-runtime 3\.10"):
            await made.create()
        await made.end()
    assert server.lines == ["POST /start_session", "POST /stop_session"]


async def test_a_stepped_session_is_not_taken_for_a_streamed_one(serve: Serve) -> None:
    url = serve(answers(Answer(200, LOCAL))).url
    with pytest.raises(GenerationModeError, match="is stepped and streams nothing"):
        await create(url, "streamed")


async def test_an_old_runtime_that_names_no_generation_can_stream(serve: Serve) -> None:
    old = {key: value for key, value in LOCAL.items() if key != "generation"}
    session = await create(serve(answers(Answer(200, old))).url, "streamed")
    assert session.generation is None


@pytest.mark.parametrize(
    "answer", [RESET, Answer(500, "boom"), Answer(200, "<html>"), Answer(200, LOCAL, sent=9)]
)
async def test_a_session_that_cannot_be_started_is_a_failed_connection(
    serve: Serve, answer: Answer
) -> None:
    with pytest.raises(ConnectionFailedError, match="could not start a session"):
        await create(serve(answers(answer)).url)


async def test_a_description_that_cannot_be_read_still_ends_its_session(serve: Serve) -> None:
    server = serve(routes(("POST /start", Answer(200, LOCAL | {"model": "catch"})), STOPPED))
    async with coordinator(server.url, "stepped") as made:
        with pytest.raises(ProtocolError, match="`model`"):
            await made.create()
        await made.end()
    assert server.lines == ["POST /start_session", "POST /stop_session"]


async def test_nobody_listening_is_named_with_the_address(nobody: str) -> None:
    with pytest.raises(ConnectionFailedError, match=f"no runtime answers at {nobody} "):
        await create(nobody)


async def test_a_proxy_is_not_asked_for_a_runtime(
    serve: Serve, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, nobody)
    assert (await create(serve(answers(Answer(200, LOCAL))).url)).model.name == "catch"


# -- joining ------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "streaming", "orphaned"])
@pytest.mark.parametrize("session_id", ["mine", LOCAL_SESSION_ID])
async def test_a_session_that_runs_can_be_joined_and_is_left_running(
    serve: Serve, state: str, session_id: str
) -> None:
    server = serve(answers(Answer(200, STREAMED | {"session_id": "mine", "state": state})))
    async with coordinator(server.url, "streamed", session_id) as made:
        assert await made.create() == "mine"
        await made.end()
    assert server.lines == ["GET /session"]


@pytest.mark.parametrize(
    "described", [{"state": "ready"}, {"state": "closing"}, {"session_id": "another"}, {}], ids=str
)
async def test_a_session_that_does_not_run_cannot_be_joined(
    serve: Serve, described: dict[str, str]
) -> None:
    url = serve(answers(Answer(200, STREAMED | described))).url
    with pytest.raises(NotFoundError, match=f"`session_id` must name .* {url} .*got 'mine'"):
        await create(url, "streamed", "mine")


# -- ending -------------------------------------------------------------------------------------


async def test_a_session_is_ended_once(serve: Serve) -> None:
    server = serve(routes(("POST /start", Answer(200, LOCAL)), STOPPED))
    async with coordinator(server.url, "stepped") as made:
        await made.create()
        await made.end()
        await made.end()
    assert server.lines == ["POST /start_session", "POST /stop_session"]


async def test_a_session_that_was_never_started_is_not_ended(serve: Serve) -> None:
    server = serve(answers(BUSY))
    async with coordinator(server.url) as made:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await made.create()
        await made.end()
    assert "POST /stop_session" not in server.lines


@pytest.mark.parametrize("answer", [Answer(409, {"detail": "closing"}), RESET], ids=str)
async def test_ending_is_quiet_whatever_is_said(serve: Serve, answer: Answer) -> None:
    server = serve(routes(("POST /start", Answer(200, LOCAL)), ("POST /stop", answer)))
    async with coordinator(server.url, "stepped") as made:
        await made.create()
        await made.end()
    assert server.lines == ["POST /start_session", "POST /stop_session"]


async def test_a_session_that_starts_after_its_caller_gave_up_is_ended(serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    asked, release = asyncio.Event(), threading.Event()

    def start(_request: Request) -> Answer:
        loop.call_soon_threadsafe(asked.set)
        release.wait(TIMEOUT_S)
        return Answer(200, LOCAL)

    server = serve(routes(("POST /start", start), STOPPED))
    async with coordinator(server.url, "stepped") as made, asyncio.timeout(TIMEOUT_S):
        task = asyncio.ensure_future(made.create())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ending = asyncio.ensure_future(made.end())
        release.set()
        await ending
    assert server.lines == ["POST /start_session", "POST /stop_session"]


# -- schema -------------------------------------------------------------------------------------


async def test_a_runtime_serves_its_models_schema(serve: Serve) -> None:
    server = serve(answers(Answer(200, {"openapi": "3.1.0"})))
    async with coordinator(server.url) as made:
        assert await made.schema() == {"openapi": "3.1.0"}
    assert server.lines == ["GET /schema"]


async def test_a_schema_that_cannot_be_read_is_an_error(serve: Serve) -> None:
    async with coordinator(serve(answers(Answer(404, {"detail": "gone"}))).url) as made:
        with pytest.raises(ConnectionFailedError, match=r"could not read the schema.*gone"):
            await made.schema()
