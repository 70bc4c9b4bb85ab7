from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reactor_env.client.coordinator import hosted, live_sessions
from reactor_env.client.coordinator.hosted import HostedCoordinator
from reactor_env.client.coordinator.tokens import TokenSource
from reactor_env.client.errors import (
    AuthenticationError,
    ConnectionFailedError,
    GenerationModeError,
    NotFoundError,
    OutOfCreditsError,
    ProtocolError,
    RateLimitedError,
    SessionLostError,
)
from tests.client.conftest import Serve
from tests.client.coordinator.descriptions import HOSTED, PENDING
from tests.client.http_server import RESET, Answer, Request, Respond, answers, routes

TIMEOUT_S = 10.0
MODEL = "reactor/m"
KEY = "rk_key-of-mine"
LATER = time.time() + 3600.0
CREATE, READ, END = "POST /sessions", "GET /sessions/s1", "DELETE /sessions/s1"
TOKENS = ("POST /tokens", Answer(200, {"jwt": "t1", "expires_at": LATER}))
CREATED = (CREATE, Answer(201, PENDING))
ENDED = (END, Answer(204, b""))


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "_POLL_FIRST_S", 0.001)
    monkeypatch.setattr(hosted, "_END_PAUSES_S", (0.0,) * 5)


@pytest.fixture(autouse=True)
def _no_session_left() -> Any:
    yield
    left = dict(live_sessions._open)
    for session_id in left:
        live_sessions.forget(session_id)
    assert not left


@asynccontextmanager
async def coordinator(url: str, **arguments: Any) -> AsyncIterator[HostedCoordinator]:
    """A coordinator with a key, whose session is ended."""
    limit = arguments.get("max_session_seconds")
    tokens = TokenSource(url, MODEL, api_key=KEY, jwt=None, max_session_seconds=limit)
    made = HostedCoordinator(url, MODEL, tokens, **arguments)
    try:
        yield made
    finally:
        try:
            await made.end()
        finally:
            await made.close()


# -- creating -----------------------------------------------------------------------------------


async def test_a_session_is_created_with_the_token_of_its_key(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED))
    async with coordinator(server.url) as made:
        await made.authorize()
        assert await made.create() == "s1"
        assert made.transport_id == "s1"
    assert server.lines == ["POST /tokens", CREATE, END]
    create = server.requests[1]
    assert create.headers["authorization"] == "Bearer t1"
    assert create.headers["reactor-api-version"] == "1"
    assert create.headers["reactor-api-accept-version"] == "1"
    assert create.json["model"] == {"name": MODEL}
    assert create.json["supported_transports"] == [{"protocol": "webrtc", "version": "1.0"}]
    assert create.json["client_info"]["sdk_type"] == "python"
    assert "extra_configs" not in create.json


async def test_a_stepped_session_is_asked_for(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED))
    async with coordinator(server.url, generation="stepped") as made:
        await made.create()
    assert server.requests[1].json["extra_configs"] == {"generation": "stepped"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401, {}), AuthenticationError),
        (Answer(402, {"detail": "no credits"}), OutOfCreditsError),
        (Answer(404, {"detail": "model not found"}), NotFoundError),
        (Answer(429, {"quota_type": "concurrent_sessions"}), RateLimitedError),
        (Answer(500, "boom"), ConnectionFailedError),
        (Answer(200, "<html>"), ConnectionFailedError),
        (Answer(201, {"state": "PENDING"}), ConnectionFailedError),
        (RESET, ConnectionFailedError),
    ],
    ids=str,
)
async def test_a_session_that_is_not_created_is_an_error_and_ends_nothing(
    serve: Serve, answer: Answer, kind: type[Exception]
) -> None:
    server = serve(routes(TOKENS, (CREATE, answer)))
    async with coordinator(server.url) as made:
        with pytest.raises(kind, match="could not create a session"):
            await made.create()
    assert server.lines == ["POST /tokens", CREATE]


async def test_an_error_that_names_a_session_does_not_end_it(serve: Serve) -> None:
    server = serve(routes(TOKENS, (CREATE, Answer(409, {"session_id": "of somebody else"}))))
    async with coordinator(server.url) as made:
        with pytest.raises(ConnectionFailedError):
            await made.create()
    assert server.lines == ["POST /tokens", CREATE]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(201, PENDING, sent=24),
        Answer(201, '{"session_id": "s1", "state'),
        Answer(201, {"session_id": "s1", "model": "reactor/m"}),
        Answer(202, {"session_id": "s1", "capabilities": "none"}),
    ],
    ids=["cut", "truncated", "another kind of model", "another status"],
)
async def test_a_session_that_half_an_answer_names_is_ended(serve: Serve, answer: Answer) -> None:
    server = serve(routes(TOKENS, (CREATE, answer), ENDED))
    async with coordinator(server.url) as made:
        with pytest.raises((ConnectionFailedError, ProtocolError)):
            await made.create()
    assert server.lines == ["POST /tokens", CREATE, END]


async def test_a_session_created_after_its_caller_gave_up_is_ended(serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    asked, release = asyncio.Event(), threading.Event()

    def create(_request: Request) -> Answer:
        loop.call_soon_threadsafe(asked.set)
        release.wait(TIMEOUT_S)
        return Answer(201, PENDING)

    server = serve(routes(TOKENS, (CREATE, create), ENDED))
    async with asyncio.timeout(TIMEOUT_S):
        async with coordinator(server.url) as made:
            task = asyncio.ensure_future(made.create())
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            loop.call_later(0.01, release.set)
    assert server.lines == ["POST /tokens", CREATE, END]


# -- waiting for a runtime ----------------------------------------------------------------------


async def assigned(serve: Serve, read: Answer | Respond, **arguments: Any) -> Any:
    server = serve(routes(TOKENS, CREATED, ENDED, (READ, read)))
    async with coordinator(server.url, **arguments) as made:
        await made.create()
        return await made.assigned()


async def test_a_session_is_read_until_a_runtime_has_taken_it(serve: Serve) -> None:
    untracked = HOSTED | {"capabilities": {"tracks": []}}
    suspended = PENDING | {"state": "SUSPENDED"}
    script = answers(*(Answer(200, d) for d in (PENDING, suspended, untracked, HOSTED)))
    session = await assigned(serve, script)
    assert session.model.version == "v1"
    assert session.capabilities.tracks[0].name == "main_video"


@pytest.mark.parametrize(
    "passing",
    [
        Answer(429, {"detail": "slowly"}, {"Retry-After": "0"}),
        Answer(500, "boom"),
        Answer(502, "<html>"),
        Answer(503, {"detail": "busy"}),
        Answer(200, "<html>"),
        Answer(200, [1]),
        Answer(200, HOSTED, sent=9),
        RESET,
    ],
    ids=str,
)
async def test_what_may_pass_while_waiting_is_waited_out(serve: Serve, passing: Answer) -> None:
    session = await assigned(serve, answers(passing, passing, Answer(200, HOSTED)))
    assert session.session_id == "s1"


async def test_the_service_is_given_the_time_it_asks_for(serve: Serve) -> None:
    times: list[float] = []

    def read(_request: Request) -> Answer:
        times.append(time.monotonic())
        if len(times) == 1:
            return Answer(503, {}, {"Retry-After": "0.2"})
        return Answer(200, HOSTED)

    await assigned(serve, read)
    assert times[1] - times[0] >= 0.2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401, {}), AuthenticationError),
        (Answer(403, {}), AuthenticationError),
        (Answer(404, {}), NotFoundError),
        (Answer(410, {}), NotFoundError),
        (Answer(501, {}), ConnectionFailedError),
        (Answer(200, PENDING | {"model": "m"}), ProtocolError),
    ],
    ids=str,
)
async def test_what_does_not_pass_ends_the_waiting(
    serve: Serve, answer: Answer, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await assigned(serve, answer)


@pytest.mark.parametrize(
    "described",
    [
        PENDING | {"state": "CLOSED"},
        PENDING | {"state": "closed"},
        PENDING | {"state": "INACTIVE"},
        HOSTED | {"state": "CLOSED"},
    ],
    ids=str,
)
async def test_a_session_that_is_over_is_lost(serve: Serve, described: dict[str, Any]) -> None:
    with pytest.raises(SessionLostError, match=f"session s1 is {described['state']} before"):
        await assigned(serve, Answer(200, described))


async def test_an_inactive_session_with_a_runtime_can_still_be_joined(serve: Serve) -> None:
    session = await assigned(serve, Answer(200, HOSTED | {"state": "INACTIVE"}))
    assert session.state == "INACTIVE"


async def test_another_transport_than_webrtc_is_refused_by_name(serve: Serve) -> None:
    livekit = HOSTED | {"selected_transport": {"protocol": "livekit", "version": "1"}}
    with pytest.raises(ConnectionFailedError, match="session s1 wants transport 'livekit'"):
        await assigned(serve, Answer(200, livekit))


@pytest.mark.parametrize("echoed", [None, "streamed"])
async def test_a_service_that_ignores_steps_is_a_generation_error(
    serve: Serve, echoed: Any
) -> None:
    with pytest.raises(GenerationModeError, match=f"no stepped session of {MODEL}"):
        await assigned(serve, Answer(200, HOSTED | {"generation": echoed}), generation="stepped")


async def test_a_stepped_session_that_was_asked_for_is_one(serve: Serve) -> None:
    stepped = Answer(200, HOSTED | {"generation": "stepped"})
    assert (await assigned(serve, stepped, generation="stepped")).generation == "stepped"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(200, PENDING), r"a runtime to take session s1 \(PENDING\)"),
        (Answer(503, {"detail": "we are full"}), r"a runtime to take session s1 \(.*we are full"),
        (RESET, r"a runtime to take session s1 \(.*gave no answer"),
    ],
    ids=str,
)
async def test_what_is_waited_for_is_told(serve: Serve, answer: Answer, told: str) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED, (READ, answer)))
    async with coordinator(server.url) as made:
        await made.create()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await made.assigned()
        with pytest.raises(AssertionError, match=told):
            raise AssertionError(made.waiting_for)


# -- a session created elsewhere ----------------------------------------------------------------


async def test_a_session_created_elsewhere_is_taken_and_left_running(serve: Serve) -> None:
    server = serve(routes(TOKENS, (READ, Answer(200, HOSTED))))
    async with coordinator(server.url, session_id="s1") as made:
        await made.authorize()
        assert await made.create() == "s1"
        await made.assigned()
    assert server.lines == ["POST /tokens", READ]
    (details,) = server.requests[0].json["authorization_details"]
    assert details["resources"]["sessions"] == {"bind": ["s1"]}


# -- ending -------------------------------------------------------------------------------------


async def test_a_session_is_ended_once(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED))
    async with coordinator(server.url) as made:
        await made.create()
        await made.end()
        await made.end()
    assert server.lines.count(END) == 1


@pytest.mark.parametrize(
    "refusal", [Answer(500, "boom"), Answer(429, {}), Answer(503, {}), Answer(409, {}), RESET]
)
async def test_ending_is_tried_again(serve: Serve, refusal: Answer) -> None:
    server = serve(routes(TOKENS, CREATED, (END, answers(refusal, refusal, Answer(204, b"")))))
    async with coordinator(server.url) as made:
        await made.create()
        await made.end()
    assert server.lines.count(END) == 3


@pytest.mark.parametrize("status", [404, 410])
async def test_a_session_that_is_gone_is_ended(serve: Serve, status: int) -> None:
    server = serve(routes(TOKENS, CREATED, (END, Answer(status, {"detail": "no session"}))))
    async with coordinator(server.url) as made:
        await made.create()
        await made.end()
    assert server.lines.count(END) == 1


async def test_a_session_that_cannot_be_ended_is_an_error_and_remembered(serve: Serve) -> None:
    end = answers(*[Answer(500, "boom")] * 5, Answer(204, b""))
    server = serve(routes(TOKENS, CREATED, (END, end)))
    async with coordinator(server.url) as made:
        await made.create()
        with pytest.raises(ConnectionFailedError, match=r"could not end the session.*boom"):
            await made.end()
        assert "s1" in live_sessions._open
        await made.end()
    assert live_sessions._open == {}


async def test_a_session_id_that_no_url_can_hold_is_an_error_like_another(serve: Serve) -> None:
    server = serve(routes(TOKENS, (CREATE, Answer(201, PENDING | {"session_id": "s\n1"}))))
    async with coordinator(server.url) as made:
        await made.create()
        with pytest.raises(ConnectionFailedError, match="could not end the session"):
            await made.end()
        live_sessions.forget("s\n1")
        made._session_id = ""


async def test_a_token_refused_while_ending_is_renewed(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, (END, answers(Answer(401, {}), Answer(204, b"")))))
    async with coordinator(server.url) as made:
        await made.create()
    assert server.lines.count("POST /tokens") == 2
    (details,) = server.requests[-2].json["authorization_details"]
    assert details["resources"]["sessions"] == {"bind": ["s1"]}


# -- when it ends by itself ---------------------------------------------------------------------


async def test_a_session_ends_with_its_token(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED))
    async with coordinator(server.url) as made:
        assert made.expires_at is None
        await made.authorize()
        assert made.expires_at == LATER


async def test_a_session_ends_with_its_own_limit_if_that_is_earlier(serve: Serve) -> None:
    server = serve(routes(TOKENS, CREATED, ENDED))
    async with coordinator(server.url, max_session_seconds=60) as made:
        before = time.time()
        await made.create()
        assert made.expires_at is not None
        assert before + 60 <= made.expires_at <= time.time() + 60
    (details,) = server.requests[0].json["authorization_details"]
    assert details["constraints"] == {"max_session_duration_seconds": 60}
