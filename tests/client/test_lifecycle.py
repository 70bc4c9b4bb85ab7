"""Opening, leaving and ending a session, against servers that misbehave on purpose."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reactor_env.client import (
    CommandCapability,
    ConnectionFailedError,
    NotFoundError,
    NotReadyError,
    ProtocolError,
    RateLimitedError,
    Reactor,
    ReactorClientError,
    ReactorError,
    ReactorState,
    ReactorStatus,
    ReactorTimeoutError,
    SessionLostError,
    lifecycle,
)
from reactor_env.client.connection import Connection
from reactor_env.client.coordinator import hosted as hosted_module
from reactor_env.client.coordinator import live_sessions
from reactor_env.client.coordinator.local import LOCAL_SESSION_ID
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import CONTROL
from tests.client.conftest import MakeFake, Serve
from tests.client.fake_runtime import CAMERA, SCHEMA, SESSION_ID, VIDEO, FakeRuntime
from tests.client.http_server import RESET, Answer, Request, Respond, answers

TIMEOUT_S = 10.0
KEY, TOKEN = "rk_key-of-mine", "token-of-mine"
DISCONNECTED, CONNECTING, WAITING, READY = ReactorStatus
START, STOP = "POST /start_session", "POST /stop_session"
CREATE, END = "POST /sessions", f"DELETE /sessions/{SESSION_ID}"
ICE = Answer(200, {"ice_servers": []})
LOCAL_WEBRTC = f"/sessions/{LOCAL_SESSION_ID}/transport/webrtc"


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_module, "_POLL_FIRST_S", 0.005)
    monkeypatch.setattr(hosted_module, "_END_PAUSES_S", (0.0,) * 5)


@pytest.fixture(autouse=True)
def _no_session_left() -> Iterator[None]:
    yield
    left = list(live_sessions._open)
    for session_id in left:
        live_sessions.forget(session_id)
    assert not left


def local(fake: FakeRuntime, **arguments: Any) -> Reactor:
    return Reactor("m", local=True, api_url=fake.url, **arguments)


def hosted(fake: FakeRuntime, **arguments: Any) -> Reactor:
    return Reactor("m", KEY, fake.url, **arguments)


def ends(fake: FakeRuntime) -> list[str]:
    return [line for line in fake.lines if line in (STOP, END)]


def hear(reactor: Reactor, event: Any) -> list[Any]:
    heard: list[Any] = []
    reactor.on(event, heard.append)
    return heard


async def fails(connecting: Any, kind: type[BaseException] = ConnectionFailedError) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        with pytest.raises(kind) as raised:
            await connecting
    return raised.value


async def until(holds: Callable[[], bool], reactor: Reactor) -> None:
    """Wait until something holds, looked at after every event of a client."""
    changed = asyncio.Event()
    for event in ("status_changed", "error", "message", "runtime_message", "session_id_changed"):
        reactor.on(event, lambda *_: changed.set())
    async with asyncio.timeout(TIMEOUT_S):
        while not holds():
            changed.clear()
            await changed.wait()


async def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds that nobody tells of."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


def connection_of(reactor: Reactor) -> Connection:
    assert reactor._connection is not None
    return reactor._connection


class Held:
    """An answer that is held back until somebody lets it go."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._go = threading.Event()
        self.asked = asyncio.Event()

    def __call__(self, _request: Request) -> Answer:
        self._loop.call_soon_threadsafe(self.asked.set)
        self._go.wait(TIMEOUT_S)
        return self._answer

    def release(self) -> None:
        self._go.set()


# -- the way to READY ---------------------------------------------------------------------------


async def test_a_local_session_starts_and_stops(make_fake: MakeFake) -> None:
    fake = make_fake()
    reactor = local(fake)
    statuses = hear(reactor, "status_changed")
    ids = hear(reactor, "session_id_changed")
    async with reactor:
        await reactor.connect()
        assert reactor.get_status() is READY
        assert reactor.get_session_id() == SESSION_ID
        info = reactor.get_session_info()
        assert info is not None
        assert info.model.name == "fake"
    assert statuses == [CONNECTING, WAITING, READY, DISCONNECTED]
    assert ids == [SESSION_ID, None]
    assert fake.lines == [START, "GET /schema", STOP]
    assert reactor.get_session_id() is None
    assert reactor.get_session_info() is None


async def test_a_hosted_session_is_created_and_deleted(make_fake: MakeFake) -> None:
    fake = make_fake()
    reactor = hosted(fake)
    statuses = hear(reactor, "status_changed")
    async with reactor:
        await reactor.connect()
        assert reactor.get_session_id() == SESSION_ID
    assert statuses == [CONNECTING, WAITING, READY, DISCONNECTED]
    assert fake.lines == ["POST /tokens", CREATE, f"GET /sessions/{SESSION_ID}", END]
    webrtc = [r for r in fake.server.requests if "/transport/" in r.path]
    assert {r.headers["authorization"] for r in webrtc} == {f"Bearer {TOKEN}"}


async def test_a_hosted_session_is_logged_without_key_and_token(
    make_fake: MakeFake, caplog: pytest.LogCaptureFixture
) -> None:
    fake = make_fake()
    with caplog.at_level(logging.DEBUG):
        async with hosted(fake) as reactor:
            await reactor.connect()
            await reactor.send_command("act", {"action": 1})
            await reactor.upload_file(b"bytes")
    assert "/transport/webrtc" in caplog.text
    assert KEY not in caplog.text
    assert TOKEN not in caplog.text


async def test_capabilities_are_completed_from_the_schema(make_fake: MakeFake) -> None:
    for make in (local, hosted):  # by HTTP, and over the data channel
        async with make(make_fake()) as reactor:
            told = hear(reactor, "capabilities_received")
            await reactor.connect()
            capabilities = reactor.get_capabilities()
        assert capabilities is not None
        assert [c.name for c in capabilities.commands] == ["act"]
        assert capabilities.commands[0].description == "Move."
        assert told == [capabilities]


@pytest.mark.parametrize(
    "schema",
    [
        Answer(404, {"detail": "none"}),
        Answer(200, "<html>"),
        Answer(200, {"paths": {"/events/act": {"post": "nonsense"}}}),
        Answer(200, {"paths": [1]}),
        RESET,
    ],
    ids=str,
)
async def test_a_model_without_a_usable_schema_works_without(
    make_fake: MakeFake, caplog: pytest.LogCaptureFixture, schema: Answer
) -> None:
    fake = make_fake(("GET /schema", schema))
    async with local(fake) as reactor:
        with caplog.at_level(logging.WARNING, "reactor_env"):
            await reactor.connect()
        assert "works without the model's schema" in caplog.text
        await reactor.send_command("act", {"action": 1})
        capabilities = reactor.get_capabilities()
        assert capabilities is not None
        assert capabilities.commands == ()


async def test_output_tracks_are_resumed_and_told(make_fake: MakeFake) -> None:
    fake = make_fake(tracks=[VIDEO, CAMERA, VIDEO | {"name": "second"}])
    async with local(fake) as reactor:
        heard: list[str] = []
        reactor.on("track_received", lambda name, _track: heard.append(name))
        await reactor.connect()
        await fake.peers[0].until(lambda: len(fake.peers[0].of_kind("resume_track")) == 2)
        assert [m.name for m in fake.peers[0].of_kind("resume_track")] == ["main_video", "second"]
        assert heard == list(reactor.get_remote_tracks()) == ["main_video", "second"]
    assert reactor.get_remote_tracks() == {}


@pytest.mark.parametrize(
    ("made", "asked", "resumed"),
    [(True, None, 1), (False, None, 0), (True, False, 0), (False, True, 1)],
)
async def test_output_tracks_are_resumed_only_if_wanted(
    make_fake: MakeFake, made: bool, asked: bool | None, resumed: int
) -> None:
    fake = make_fake()
    async with local(fake, auto_resume_tracks=made) as reactor:
        await reactor.connect(auto_resume_tracks=asked)
        await reactor.send_command("act", {"action": 1})
        await reactor.request_schema()  # on the channel on which resuming goes
        assert len(fake.peers[0].of_kind("resume_track")) == resumed


async def test_tracks_that_are_given_count_instead_of_the_servers(make_fake: MakeFake) -> None:
    fake = make_fake(tracks=[VIDEO | {"name": "wrong"}])
    async with local(fake, model_tracks=[VIDEO]) as reactor:
        await reactor.connect()
        assert list(reactor.get_remote_tracks()) == ["main_video"]


async def test_the_measured_rate_is_part_of_the_capabilities(make_fake: MakeFake) -> None:
    async with local(make_fake()) as reactor:
        enough = asyncio.Event()
        reactor.add_frame_sink(lambda _track, f: enough.set() if f.sequence == 12 else None)
        await reactor.connect()
        async with asyncio.timeout(TIMEOUT_S):
            await enough.wait()
        capabilities = reactor.get_capabilities()
    assert capabilities is not None
    assert capabilities.emission_fps_measured
    assert capabilities.emission_fps is not None
    assert 5 < capabilities.emission_fps < 60


async def test_the_phases_of_connecting_and_the_first_frame_are_timed(
    make_fake: MakeFake,
) -> None:
    fake = make_fake()
    arrived = asyncio.Event()
    async with hosted(fake) as reactor:
        reactor.add_frame_sink(lambda *_: arrived.set())
        begin = time.perf_counter()
        await reactor.connect()
        spent_ms = 1e3 * (time.perf_counter() - begin)
        timings = reactor.get_connection_timings()
        assert timings is not None
        assert timings.first_frame_ms is None
        async with asyncio.timeout(TIMEOUT_S):
            await arrived.wait()
        first = reactor.get_connection_timings()
        assert first is not None
        assert first.first_frame_ms is not None
        assert first.first_frame_ms >= timings.total_ms
    phases = ("token", "session", "waiting", "offer", "signaling", "ice", "dtls", "channels")
    known = [getattr(timings, f"{phase}_ms") for phase in phases]
    assert all(phase > 0 for phase in known)
    assert sum(known) <= timings.total_ms <= spent_ms


async def test_a_session_lasts_as_long_as_its_token(make_fake: MakeFake) -> None:
    later = time.time() + 3600
    fake = make_fake(("POST /tokens", Answer(200, {"jwt": TOKEN, "expires_at": later})))
    reactor = hosted(fake)
    told = hear(reactor, "session_expiration_changed")
    async with reactor:
        await reactor.connect()
        assert reactor.get_session_expiration() == later
    assert told == [later, None]
    assert reactor.get_session_expiration() is None


async def test_a_session_lasts_no_longer_than_it_was_asked_for(make_fake: MakeFake) -> None:
    later = time.time() + 3600
    fake = make_fake(("POST /tokens", Answer(200, {"jwt": TOKEN, "expires_at": later})))
    async with hosted(fake, max_session_duration_seconds=60) as reactor:
        told = hear(reactor, "session_expiration_changed")
        before = time.time()
        await reactor.connect()
        assert before + 60 <= told[0] <= time.time() + 60


async def test_a_token_that_is_renewed_makes_the_session_last_longer(make_fake: MakeFake) -> None:
    first, second = time.time() + 3600, time.time() + 7200
    issued = (Answer(200, {"jwt": TOKEN, "expires_at": end}) for end in (first, second))
    fake = make_fake(
        ("POST /tokens", answers(*issued)),
        (f"GET /sessions/{SESSION_ID}/transport/webrtc/ice_servers", answers(Answer(401, {}), ICE)),
    )
    async with hosted(fake) as reactor:
        told = hear(reactor, "session_expiration_changed")
        await reactor.connect()
        assert reactor.get_session_expiration() == second
    assert told == [first, second, None]
    bound = fake.server.requests[fake.server.lines.index("POST /tokens", 1)].json
    resources = bound["authorization_details"][0]["resources"]
    assert resources["sessions"] == {"bind": [SESSION_ID]}


async def test_a_local_session_has_no_end_of_its_own(make_fake: MakeFake) -> None:
    async with local(make_fake()) as reactor:
        told = hear(reactor, "session_expiration_changed")
        await reactor.connect()
        assert reactor.get_session_expiration() is None
    assert told == []


# -- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, ""])
async def test_connecting_without_a_key_is_refused(key: str | None) -> None:
    reactor = Reactor("m", key)
    statuses = hear(reactor, "status_changed")
    with pytest.raises(ValueError, match="`api_key` is required unless `local=True`"):
        await reactor.connect()
    assert statuses == []


@pytest.mark.parametrize("number", [0, 1000, 10000, -5])
async def test_a_connection_id_out_of_range_is_refused(nobody: str, number: int) -> None:
    reactor = Reactor("m", local=True, api_url=nobody)
    with pytest.raises(ValueError, match=f"`connection_id` must be 1001 to 9999, got {number}"):
        await reactor.connect(connection_id=number)
    assert reactor.get_last_error() is None


async def test_an_empty_session_id_is_refused(nobody: str) -> None:
    with pytest.raises(ValueError, match="`session_id` must not be empty"):
        await Reactor("m", local=True, api_url=nobody).connect(session_id="")


async def test_connecting_twice_is_refused(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        first = asyncio.ensure_future(reactor.connect())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"needs a disconnected client, .* connecting"):
            await reactor.connect()
        await first
        with pytest.raises(RuntimeError, match=r"needs a disconnected client, .* ready"):
            await reactor.connect()
    assert fake.lines.count(START) == 1


async def test_connecting_twice_at_once_opens_one_session(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        results = await asyncio.gather(reactor.connect(), reactor.connect(), return_exceptions=True)
        assert [type(result) for result in results].count(RuntimeError) == 1
        assert reactor.get_status() is READY
    assert (fake.lines.count(START), ends(fake)) == (1, [STOP])


# -- a session created elsewhere ----------------------------------------------------------------


async def test_a_hosted_session_created_elsewhere_is_joined_and_left_running(
    make_fake: MakeFake,
) -> None:
    fake = make_fake()
    async with hosted(fake) as reactor:
        await reactor.connect(session_id=SESSION_ID)
        assert reactor.get_session_id() == SESSION_ID
    assert fake.lines == ["POST /tokens", f"GET /sessions/{SESSION_ID}"]


async def test_a_local_session_started_elsewhere_is_joined_and_left_running(
    make_fake: MakeFake,
) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        await reactor.connect(session_id=SESSION_ID)
        await reactor.send_command("act", {"action": 1})
    assert fake.lines == ["GET /session", "GET /schema"]


async def test_a_connection_registered_elsewhere_is_used(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        await reactor.connect(connection_id=1234)
    assert f"POST {LOCAL_WEBRTC}/connections" not in fake.server.lines
    assert f"POST {LOCAL_WEBRTC}/connections/1234/sdp_params" in fake.server.lines


# -- connecting fails ---------------------------------------------------------------------------


async def test_a_connection_that_fails_leaves_the_client_disconnected(nobody: str) -> None:
    reactor = Reactor("m", local=True, api_url=nobody)
    statuses = hear(reactor, "status_changed")
    await fails(reactor.connect())
    assert statuses == [CONNECTING, DISCONNECTED]
    assert reactor.get_session_id() is None


async def test_a_connection_that_fails_is_told_as_an_error_event(nobody: str) -> None:
    reactor = Reactor("m", local=True, api_url=nobody)
    errors = hear(reactor, "error")
    await fails(reactor.connect())
    (error,) = errors
    assert (error.code, error.component) == ("CONNECTION_FAILED", "api")
    assert nobody in error.message
    assert error.recoverable
    assert reactor.get_last_error() is error
    assert reactor.get_state() == ReactorState(DISCONNECTED, error)


async def test_an_error_event_says_when_to_try_again(make_fake: MakeFake) -> None:
    full = Answer(429, {"detail": "no capacity"}, {"Retry-After": "7"})
    reactor = hosted(make_fake((CREATE, full)))
    raised = await fails(reactor.connect(), RateLimitedError)
    error = reactor.get_last_error()
    assert error is not None
    assert (error.recoverable, error.retry_after) == (True, 7.0)
    assert raised.retry_after == 7.0


async def test_an_error_event_says_that_trying_again_is_no_use(make_fake: MakeFake) -> None:
    reactor = hosted(make_fake((CREATE, Answer(404, {"detail": "no such model"}))))
    await fails(reactor.connect(), NotFoundError)
    error = reactor.get_last_error()
    assert error is not None
    assert not error.recoverable


async def test_a_key_that_is_not_accepted_is_told_without_it(make_fake: MakeFake) -> None:
    fake = make_fake(("POST /tokens", Answer(401, {"detail": f"bad key {KEY}"})))
    reactor = hosted(fake)
    raised = await fails(reactor.connect())
    shown = f"{raised} {raised!r} {reactor!r} {reactor.get_last_error()!r}"
    assert KEY not in shown
    assert fake.lines == ["POST /tokens"]


async def test_a_client_may_try_again_after_a_failure(make_fake: MakeFake) -> None:
    fake = make_fake((START, answers(Answer(500, "boom"), Answer(200, {"session_id": SESSION_ID}))))
    reactor = local(fake, model_tracks=[VIDEO])
    await fails(reactor.connect())
    await reactor.connect()
    assert reactor.get_status() is READY
    await reactor.disconnect()


async def test_a_runtime_that_stays_busy_ends_in_a_timeout(serve: Serve) -> None:
    url = serve(lambda _: Answer(409, {"detail": "busy"})).url
    reactor = Reactor("m", local=True, api_url=url, connect_timeout=0.5)
    raised = await fails(reactor.connect(), ReactorTimeoutError)
    assert "was not ready within 0.5 s; it waited for a free session; the runtime says: busy" in (
        str(raised)
    )
    assert reactor.get_status() is DISCONNECTED


@pytest.mark.parametrize(
    ("override", "kind"),
    [
        ((f"GET {LOCAL_WEBRTC}/ice_servers", Answer(500, "no")), ConnectionFailedError),
        ((f"POST {LOCAL_WEBRTC}/connections", Answer(503, "full")), ConnectionFailedError),
        (
            (f"GET {LOCAL_WEBRTC}/connections/5", Answer(200, {"sdp_answer": "garbage"})),
            ProtocolError,
        ),
        ((START, Answer(200, {"session_id": SESSION_ID})), ConnectionFailedError),
        ((START, Answer(200, {"session_id": SESSION_ID, "model": "m"})), ProtocolError),
    ],
    ids=["ICE servers", "registration", "answer", "no tracks", "description"],
)
async def test_a_session_that_cannot_be_joined_is_ended_again(
    make_fake: MakeFake, override: tuple[str, Answer | Respond], kind: type[Exception]
) -> None:
    fake = make_fake(override)
    reactor = local(fake)
    statuses = hear(reactor, "status_changed")
    await fails(reactor.connect(), kind)
    assert ends(fake) == [STOP]
    assert statuses[-1] is DISCONNECTED
    assert reactor.get_session_id() is None


async def test_a_stepped_session_needs_chunking(make_fake: MakeFake) -> None:
    fake = make_fake(generation="stepped", chunked=False)
    raised = await fails(local(fake, generation="stepped").connect())
    assert "stepped sessions need data-channel chunking" in str(raised)
    assert ends(fake) == [STOP]


async def test_a_stepped_session_streams_nothing(make_fake: MakeFake) -> None:
    fake = make_fake(generation="stepped")
    async with local(fake, generation="stepped") as reactor:
        await reactor.connect()
        await reactor.request_schema()
        assert fake.peers[0].of_kind("resume_track") == []


# -- given up while connecting ------------------------------------------------------------------

PLACES = {
    "token": ("POST /tokens", Answer(200, {"jwt": TOKEN}), []),
    "creation": (CREATE, Answer(201, {"session_id": SESSION_ID}), [END]),
    "waiting": (f"GET /sessions/{SESSION_ID}", Answer(200, {"state": "PENDING"}), [END]),
    "ICE servers": (
        f"GET /sessions/{SESSION_ID}/transport/webrtc/ice_servers",
        ICE,
        [END],
    ),
    "answer": (
        f"GET /sessions/{SESSION_ID}/transport/webrtc/connections/",
        Answer(202, {}),
        [END],
    ),
}
"""Where a call of connect() can be held up, and how the session is ended from there."""


@pytest.mark.parametrize("place", PLACES)
async def test_disconnecting_ends_a_connect_that_is_under_way(
    make_fake: MakeFake, place: str
) -> None:
    line, answer, ended = PLACES[place]
    held = Held(answer)
    fake = make_fake((line, held))
    reactor = hosted(fake)
    statuses = hear(reactor, "status_changed")
    connecting = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        leaving = asyncio.ensure_future(reactor.disconnect())
        await asyncio.sleep(0.01)
        held.release()
        await leaving
    assert reactor.get_status() is DISCONNECTED
    raised = await fails(connecting)
    assert "disconnect() was called before the session was ready" in str(raised)
    assert ends(fake) == ended
    assert statuses[-1] is DISCONNECTED


@pytest.mark.parametrize("place", PLACES)
async def test_a_connect_that_is_cancelled_ends_its_session(
    make_fake: MakeFake, place: str
) -> None:
    line, answer, ended = PLACES[place]
    held = Held(answer)
    fake = make_fake((line, held))
    reactor = hosted(fake)
    connecting = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        connecting.cancel()
        await asyncio.sleep(0.01)
        held.release()
    await fails(connecting, asyncio.CancelledError)
    assert reactor.get_status() is DISCONNECTED
    assert ends(fake) == ended
    with pytest.raises(NotReadyError, match=r"^the session is disconnected: \w"):
        await reactor.send_command("act")


async def test_a_connect_that_is_cancelled_twice_ends_its_session_all_the_same(
    make_fake: MakeFake,
) -> None:
    held = Held(Answer(201, {"session_id": SESSION_ID}))
    fake = make_fake((CREATE, held))
    reactor = hosted(fake)
    connecting = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        connecting.cancel()
        await asyncio.sleep(0.01)
        connecting.cancel()  # the session is being created still
        await fails(connecting, asyncio.CancelledError)
        assert reactor.get_status() is DISCONNECTED
        held.release()
        await reactor.disconnect()  # waits for what goes on in the background
    assert ends(fake) == [END]


async def test_a_connect_that_never_began_leaves_nothing(
    make_fake: MakeFake, recwarn: pytest.WarningsRecorder
) -> None:
    fake = make_fake()
    reactor = local(fake)
    connecting = asyncio.ensure_future(reactor.connect())
    await asyncio.sleep(0)
    connecting.cancel()
    await fails(connecting, asyncio.CancelledError)
    assert reactor.get_status() is DISCONNECTED
    assert fake.lines == []
    assert [str(warning.message) for warning in recwarn] == []


async def test_a_time_limit_around_connecting_is_a_timeout(make_fake: MakeFake) -> None:
    held = Held(Answer(201, {"session_id": SESSION_ID}))
    fake = make_fake((CREATE, held))
    reactor = hosted(fake)
    asyncio.get_running_loop().call_later(0.1, held.release)
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(0.05):
            await reactor.connect()
    assert not isinstance(raised.value, ReactorClientError)
    assert ends(fake) == [END]


async def test_connecting_right_after_disconnecting_starts_afresh(make_fake: MakeFake) -> None:
    held = Held(Answer(200, {"jwt": TOKEN}))
    fake = make_fake(("POST /tokens", held))
    reactor = hosted(fake)
    statuses = hear(reactor, "status_changed")
    first = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        held.release()
        await reactor.disconnect()
        await reactor.connect()
    await fails(first)
    assert reactor.get_status() is READY
    assert statuses == [CONNECTING, DISCONNECTED, CONNECTING, WAITING, READY]
    await reactor.disconnect()
    assert ends(fake) == [END]


async def test_a_recoverable_disconnect_before_ready_ends_the_session(
    make_fake: MakeFake,
) -> None:
    held = Held(Answer(202, {}))
    fake = make_fake((f"GET {LOCAL_WEBRTC}/connections/", held))
    reactor = local(fake)
    connecting = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        held.release()
        await reactor.disconnect(recoverable=True)
    await fails(connecting)
    assert ends(fake) == [STOP]


async def test_a_server_that_goes_while_connecting_is_a_failure(make_fake: MakeFake) -> None:
    held = Held(Answer(200, SCHEMA))
    fake = make_fake(("GET /schema", held))
    reactor = local(fake)
    errors = hear(reactor, "error")
    connecting = asyncio.ensure_future(reactor.connect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        await fake.peers[0].close()
        await soon(lambda: connection_of(reactor).lost is not None)
        held.release()
    raised = await fails(connecting, SessionLostError)
    assert "closed" in str(raised)
    assert [error.code for error in errors] == ["CONNECTION_FAILED"]
    assert ends(fake) == [STOP]


async def test_who_knows_that_the_server_is_gone_ends_the_connecting(make_fake: MakeFake) -> None:
    loop = asyncio.get_running_loop()

    async def die() -> None:
        await fake.peers[0].close()
        reactor.connection_lost("the runtime died")

    def answer_and_die(request: Request) -> Answer:
        asyncio.run_coroutine_threadsafe(die(), loop)
        return fake.respond(request)

    fake = make_fake((f"GET {LOCAL_WEBRTC}/connections/", answer_and_die))
    reactor = local(fake)
    statuses = hear(reactor, "status_changed")
    raised = await fails(reactor.connect())
    assert "the runtime died" in str(raised)
    assert statuses[-1] is DISCONNECTED


# -- leaving and coming back --------------------------------------------------------------------


async def test_a_session_left_recoverably_is_joined_again(make_fake: MakeFake) -> None:
    fake = make_fake()
    reactor = local(fake)
    statuses = hear(reactor, "status_changed")
    ids = hear(reactor, "session_id_changed")
    told = hear(reactor, "capabilities_received")
    async with reactor:
        await reactor.connect()
        await reactor.disconnect(recoverable=True)
        assert reactor.get_session_id() == SESSION_ID
        with pytest.raises(NotReadyError, match="the session was disconnected"):
            await reactor.send_command("act", {"action": 1})
        await reactor.reconnect()
        await reactor.send_command("act", {"action": 2})
        assert (await fake.peers[1].message("command")).data["action"] == 2
        await fake.peers[1].message("resume_track")
        assert ends(fake) == []
    opened = [CONNECTING, WAITING, READY, DISCONNECTED]
    assert statuses == [*opened, CONNECTING, READY, DISCONNECTED]
    assert ids == [SESSION_ID, None]
    assert len(told) == 1
    assert ends(fake) == [STOP]


async def test_connecting_anew_ends_the_session_that_was_left(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        ids = hear(reactor, "session_id_changed")
        await reactor.connect()
        await reactor.disconnect(recoverable=True)
        await reactor.connect()
    assert [line for line in fake.lines if line != "GET /schema"] == [START, STOP, START, STOP]
    assert ids == [SESSION_ID, None] * 2


async def test_there_is_nothing_to_reconnect_to_before_a_session() -> None:
    with pytest.raises(RuntimeError, match="needs a session that was left"):
        await Reactor("m", local=True).reconnect()


async def test_reconnecting_a_ready_client_is_refused(make_fake: MakeFake) -> None:
    async with local(make_fake()) as reactor:
        await reactor.connect()
        with pytest.raises(RuntimeError, match="needs a session that was left"):
            await reactor.reconnect()
        assert reactor.get_status() is READY


async def test_a_session_that_was_ended_cannot_be_joined_again(make_fake: MakeFake) -> None:
    async with local(make_fake()) as reactor:
        await reactor.connect()
        await reactor.disconnect()
        with pytest.raises(RuntimeError, match="needs a session that was left"):
            await reactor.reconnect()


async def test_reconnecting_may_be_tried_again(make_fake: MakeFake) -> None:
    script = answers(ICE, RESET, ICE)
    fake = make_fake((f"GET {LOCAL_WEBRTC}/ice_servers", script))
    async with local(fake) as reactor:
        errors = hear(reactor, "error")
        await reactor.connect()
        await reactor.disconnect(recoverable=True)
        await fails(reactor.reconnect())
        assert [error.code for error in errors] == ["RECONNECTION_FAILED"]
        assert (reactor.get_status(), reactor.get_session_id()) == (DISCONNECTED, SESSION_ID)
        assert ends(fake) == []
        await reactor.reconnect()
        await reactor.send_command("act", {"action": 1})


async def test_disconnecting_is_possible_at_any_time_and_twice(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        await reactor.disconnect()
        await reactor.disconnect(recoverable=True)
        await reactor.connect()
        await asyncio.gather(reactor.disconnect(), reactor.disconnect(recoverable=True))
    assert reactor.get_status() is DISCONNECTED
    assert ends(fake) == [STOP]


async def test_leaving_the_block_by_an_exception_ends_the_session(make_fake: MakeFake) -> None:
    fake = make_fake()

    async def work() -> None:
        async with local(fake) as reactor:
            await reactor.connect()
            raise KeyError("mine")

    await fails(work(), KeyError)
    assert ends(fake) == [STOP]


async def test_a_disconnect_that_is_cancelled_ends_the_session_all_the_same(
    make_fake: MakeFake,
) -> None:
    held = Held(Answer(204, b""))
    fake = make_fake((END, held))
    reactor = hosted(fake)
    await reactor.connect()
    leaving = asyncio.ensure_future(reactor.disconnect())
    async with asyncio.timeout(TIMEOUT_S):
        await held.asked.wait()
        leaving.cancel()
        await fails(leaving, asyncio.CancelledError)
        held.release()
        await reactor.disconnect()
    assert ends(fake) == [END]
    assert reactor.get_status() is DISCONNECTED


async def test_a_session_that_cannot_be_ended_is_told_and_not_raised(make_fake: MakeFake) -> None:
    fake = make_fake((END, answers(*[Answer(500, "boom")] * 5, Answer(204, b""))))
    reactor = hosted(fake)
    errors = hear(reactor, "error")
    await reactor.connect()
    await reactor.disconnect()
    (error,) = errors
    assert error.code == "SESSION_END_FAILED"
    assert f"session {SESSION_ID} may go on costing money" in error.message
    assert "boom" in error.message
    assert reactor.get_status() is DISCONNECTED
    assert reactor.get_session_id() is None
    live_sessions.forget(SESSION_ID)  # remembered, to be ended at exit


async def test_a_service_that_does_not_answer_is_not_waited_for(
    make_fake: MakeFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "_END_TIMEOUT_S", 0.05)
    held = Held(Answer(204, b""))
    fake = make_fake((END, held))
    reactor = hosted(fake)
    errors = hear(reactor, "error")
    await reactor.connect()
    async with asyncio.timeout(TIMEOUT_S):
        await reactor.disconnect()
    assert [error.code for error in errors] == ["SESSION_END_FAILED"]
    assert "it took longer than 0.05 s" in errors[0].message
    live_sessions.forget(SESSION_ID)
    held.release()


# -- the connection is lost ---------------------------------------------------------------------


async def test_a_lost_connection_fails_what_waits_and_is_told_once(make_fake: MakeFake) -> None:
    fake = make_fake(on_message=lambda *_: None)
    reactor = local(fake)
    errors, statuses = hear(reactor, "error"), hear(reactor, "status_changed")
    await reactor.connect()
    waiting = asyncio.ensure_future(reactor.send_command("act", {"action": 1}))
    await fake.peers[0].message("command")
    await fake.peers[0].close()
    raised = await fails(waiting, SessionLostError)
    assert "the session was lost: " in str(raised)
    await until(lambda: reactor.get_status() is DISCONNECTED, reactor)
    (error,) = errors
    assert (error.code, error.component, error.recoverable) == (
        "GPU_CONNECTION_ERROR",
        "gpu",
        True,
    )
    reason: str = error.message
    assert reactor.get_last_error() is error
    with pytest.raises(NotReadyError, match=reason):
        await reactor.send_command("act", {"action": 1})
    assert statuses == [CONNECTING, WAITING, READY, DISCONNECTED]
    assert ends(fake) == []
    await reactor.disconnect()
    assert ends(fake) == [STOP]


async def test_a_session_is_joined_again_after_its_connection_was_lost(
    make_fake: MakeFake,
) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        await reactor.connect()
        await fake.peers[0].close()
        await until(lambda: reactor.get_status() is DISCONNECTED, reactor)
        await reactor.reconnect()
        await reactor.send_command("act", {"action": 1})
        assert ends(fake) == []


async def test_who_knows_that_the_server_is_gone_ends_the_waiting(make_fake: MakeFake) -> None:
    fake = make_fake(on_message=lambda *_: None)
    async with local(fake) as reactor:
        errors = hear(reactor, "error")
        reactor.connection_lost("nothing to lose yet")
        await reactor.connect()
        waiting = asyncio.ensure_future(reactor.send_command("act", {"action": 1}))
        await fake.peers[0].message("command")
        reactor.connection_lost("the runtime died")
        reactor.connection_lost("the runtime died again")
        assert "the runtime died" in str(await fails(waiting, SessionLostError))
        await until(lambda: reactor.get_status() is DISCONNECTED, reactor)
        assert [error.message for error in errors] == ["the runtime died"]


async def test_the_reason_a_session_ended_is_given_to_later_calls(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with local(fake) as reactor:
        heard, errors = hear(reactor, "runtime_message"), hear(reactor, "error")
        await reactor.connect()
        ended = pb.ControlServerMessage(session_ended=pb.SessionEnded(reason="idle"))
        fake.peers[0].send(CONTROL, ended)
        await until(lambda: bool(heard), reactor)
        assert heard == [{"type": "sessionEnded", "data": {"reason": "idle"}}]
        await fake.peers[0].close()
        await until(lambda: reactor.get_status() is DISCONNECTED, reactor)
        with pytest.raises(NotReadyError, match="the platform ended the session: idle"):
            await reactor.send_command("act", {"action": 1})
        (error,) = errors
        assert error.message == "the platform ended the session: idle"


async def test_a_remote_track_ends_with_its_connection(make_fake: MakeFake) -> None:
    async with local(make_fake()) as reactor:
        await reactor.connect()
        track = reactor.get_remote_tracks()["main_video"]
        await track.recv()
        await reactor.disconnect(recoverable=True)
        assert track.readyState == "ended"


# -- handlers -----------------------------------------------------------------------------------


async def test_a_handler_may_disconnect(make_fake: MakeFake) -> None:
    fake = make_fake()
    reactor = local(fake)

    @reactor.on_status(READY)
    async def leave(_status: ReactorStatus) -> None:
        await reactor.disconnect()

    await reactor.connect()
    await until(lambda: reactor.get_status() is DISCONNECTED, reactor)
    assert ends(fake) == [STOP]


async def test_handlers_that_raise_do_not_hurt_the_connection(
    make_fake: MakeFake, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise KeyError("mine")

    async def fail_later(*_: Any) -> None:
        raise KeyError("mine, later")

    async with local(make_fake()) as reactor:
        for event in ("status_changed", "session_id_changed", "track_received"):
            reactor.on(event, fail)
            reactor.on(event, fail_later)
        with caplog.at_level(logging.ERROR, "reactor_env"):
            await reactor.connect()
            await reactor.send_command("act", {"action": 1})
    assert "mine" in caplog.text
    assert "mine, later" in caplog.text


# -- before anything ----------------------------------------------------------------------------


def test_before_a_session_there_is_nothing_to_get() -> None:
    reactor = Reactor("m", local=True)
    assert reactor.get_status() is DISCONNECTED
    assert reactor.get_state() == ReactorState(DISCONNECTED, None)
    assert reactor.get_session_id() is None
    assert reactor.get_session_info() is None
    assert reactor.get_session_expiration() is None
    assert reactor.get_connection_timings() is None
    assert reactor.get_last_error() is None


def test_a_local_client_looks_at_the_runtimes_own_port() -> None:
    assert repr(Reactor("m", local=True)) == (
        "<Reactor 'm' local at http://localhost:8080 disconnected>"
    )


def test_a_client_shows_its_address_and_never_its_key() -> None:
    shown = repr(Reactor("m", KEY, "https://example.invalid"))
    assert shown == "<Reactor 'm' https://example.invalid disconnected>"


def test_an_error_event_reads_like_the_documented_one() -> None:
    error = ReactorError("CONNECTION_FAILED", "no runtime answers", component="api")
    assert str(error) == "[api:CONNECTION_FAILED] no runtime answers"


def test_a_command_of_a_model_is_a_value() -> None:
    assert CommandCapability("act") == CommandCapability("act", "", None)
