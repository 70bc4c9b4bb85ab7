"""The client's sessions with the hosted service, in front of a real runtime, and their bill."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from reactor_env.client import (
    GenerationModeError,
    NotReadyError,
    Reactor,
    ReactorStatus,
    ReactorTimeoutError,
    VideoFrame,
)
from tests.hosted.caller import MODEL, Caller
from tests.hosted.clients import TIMEOUT_S, client, listen_to, no_tasks, nothing_left, status
from tests.hosted.coordinator import HostedService

CONNECTIONS = "*/transport/webrtc/connections"
STATUSES = [
    ReactorStatus.CONNECTING,
    ReactorStatus.WAITING,
    ReactorStatus.READY,
    ReactorStatus.DISCONNECTED,
]


def episode(reply: dict[str, Any] | None) -> int:
    assert reply is not None
    assert reply["type"] == "episode_started"
    return int(reply["data"]["episode"])


async def test_a_session_goes_from_the_key_to_the_bill(hosted: HostedService) -> None:
    frames: asyncio.Queue[VideoFrame] = asyncio.Queue()
    began = time.time()
    async with client(hosted) as reactor:
        reactor.add_frame_sink(lambda _track, frame: frames.put_nowait(frame))
        await reactor.connect()
        assert reactor.get_session_id() == hosted.live_sessions[0]
        assert episode(await reactor.send_command("reset", {"seed": 1})) == 1
        async with asyncio.timeout(TIMEOUT_S):
            while not (await frames.get()).metadata:
                pass
        info = reactor.get_session_info()
        assert info is not None
        assert info.model.name == MODEL
    await nothing_left(hosted, reactor)
    (entry,) = hosted.ledger
    assert entry.end_reason == "deleted"
    assert entry.ready_at is not None
    assert entry.ended_at is not None
    assert began <= entry.ready_at <= entry.ended_at <= time.time()
    assert 0 < entry.billed_seconds < time.time() - began


async def test_events_come_in_order(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        await reactor.connect()
        session_id = hosted.live_sessions[0]
        expires_at = reactor.get_session_expiration()
    assert [(name, value) for name, value in heard.events if "_changed" in name] == [
        ("status_changed", ReactorStatus.CONNECTING),
        ("session_id_changed", session_id),
        ("session_expiration_changed", expires_at),
        ("status_changed", ReactorStatus.WAITING),
        ("status_changed", ReactorStatus.READY),
        ("session_expiration_changed", None),
        ("session_id_changed", None),
        ("status_changed", ReactorStatus.DISCONNECTED),
    ]
    names = [name for name, _ in heard.events]
    ready = heard.events.index(("status_changed", ReactorStatus.READY))
    assert names.index("track_received") < ready
    assert names.index("capabilities_received") < ready
    (capabilities,) = heard.named("capabilities_received")
    assert {"reset", "act"} <= {command.name for command in capabilities.commands}
    assert heard.errors == []


async def test_the_token_is_limited_to_the_model(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
    (mint,) = hosted.requests_to("POST", "/tokens")
    (limits,) = mint.json()["authorization_details"]
    assert limits["resources"] == {"models": {"match": [MODEL]}}


async def test_queueing_is_waiting_with_a_session_id_and_costs_nothing(
    hosted: HostedService,
) -> None:
    hosted.settings.queue_states = ("CREATED", "PENDING", "WAITING")
    hosted.settings.hold_queue = True
    async with client(hosted) as reactor:
        heard = listen_to(reactor)
        connecting = asyncio.ensure_future(reactor.connect())
        await hosted.until("polls", lambda: len(hosted.requests_to("GET", "/sessions/*")) >= 2)
        assert reactor.get_status() is ReactorStatus.WAITING
        assert reactor.get_session_id() == hosted.live_sessions[0]
        assert hosted.ledger[0].billed_seconds == 0
        await asyncio.to_thread(hosted.release)
        await connecting
        assert reactor.get_status() is ReactorStatus.READY
    assert heard.statuses == STATUSES
    await nothing_left(hosted, reactor)


async def test_a_queue_that_takes_too_long_is_a_timeout_that_says_so(
    hosted: HostedService,
) -> None:
    hosted.settings.queue_states = ("WAITING",)
    hosted.settings.hold_queue = True
    reactor = client(hosted, connect_timeout=0.5)
    with pytest.raises(ReactorTimeoutError, match=r"a runtime to take session .* \(WAITING\)"):
        await reactor.connect()
    await nothing_left(hosted, reactor)
    assert hosted.ledger[0].billed_seconds == 0


async def test_a_session_of_somebody_else_is_joined_and_left_running(
    hosted: HostedService,
) -> None:
    owner = Caller(hosted)
    session_id = await asyncio.to_thread(owner.session)
    async with client(hosted) as reactor:
        await reactor.connect(session_id=session_id)
        assert reactor.get_session_id() == session_id
        assert episode(await reactor.send_command("reset", {"seed": 1})) == 1
    assert reactor.get_session_id() is None
    assert hosted.live_sessions == (session_id,)
    assert len(hosted.requests_to("POST", "/sessions")) == 1
    assert hosted.requests_to("DELETE", "*") == []
    (limits,) = hosted.requests_to("POST", "/tokens")[1].json()["authorization_details"]
    assert limits["resources"]["sessions"] == {"bind": [session_id]}
    await asyncio.to_thread(owner.call, "DELETE", f"/sessions/{session_id}")
    await nothing_left(hosted, reactor)


async def test_a_registered_connection_is_used(hosted: HostedService) -> None:
    owner = Caller(hosted)
    session_id = await asyncio.to_thread(owner.session)
    path = f"/sessions/{session_id}/transport/webrtc/connections"
    registered = await asyncio.to_thread(owner.call, "POST", path, json={})
    number = registered.json()["connection_id"]
    async with client(hosted) as reactor:
        await reactor.connect(session_id=session_id, connection_id=number)
        assert episode(await reactor.send_command("reset", {"seed": 1})) == 1
    assert len(hosted.requests_to("POST", CONNECTIONS)) == 1
    assert hosted.requests_to("POST", f"*/connections/{number}/sdp_params")
    await asyncio.to_thread(hosted.end_all)


async def test_two_clients_share_a_session(hosted: HostedService) -> None:
    async with client(hosted) as first, client(hosted) as second:
        await first.connect()
        session_id = first.get_session_id()
        await second.connect(session_id=session_id)
        assert episode(await first.send_command("reset", {"seed": 1})) == 1
        assert episode(await second.send_command("reset", {"seed": 1})) == 2
        await second.disconnect()
        assert hosted.live_sessions == (session_id,)
        assert episode(await first.send_command("reset", {"seed": 1})) == 3
    await nothing_left(hosted, first, second)


async def test_a_session_left_recoverably_is_joined_again_with_its_token(
    hosted: HostedService,
) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        session_id = reactor.get_session_id()
        assert episode(await reactor.send_command("reset", {"seed": 1})) == 1
        await reactor.disconnect(recoverable=True)
        assert reactor.get_status() is ReactorStatus.DISCONNECTED
        assert reactor.get_session_id() == session_id
        await hosted.until("INACTIVE", lambda: hosted.sessions[0].state == "INACTIVE")
        await reactor.reconnect()
        await hosted.until("ACTIVE", lambda: hosted.sessions[0].state == "ACTIVE")
        assert episode(await reactor.send_command("reset", {"seed": 1})) == 2
    assert len(hosted.sessions) == 1
    assert len(hosted.requests_to("POST", "/tokens")) == 1
    await nothing_left(hosted, reactor)


async def test_a_session_left_recoverably_ends_when_another_is_opened(
    hosted: HostedService,
) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        await reactor.disconnect(recoverable=True)
        await reactor.connect()
        assert [entry.end_reason for entry in hosted.ledger] == ["deleted", None]
        assert hosted.live_sessions == (reactor.get_session_id(),)
    await nothing_left(hosted, reactor)


async def test_connecting_twice_at_a_time_opens_one_session(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        first, second = await asyncio.gather(
            reactor.connect(), reactor.connect(), return_exceptions=True
        )
        assert first is None
        assert isinstance(second, RuntimeError)
        assert str(second) == "connect() needs a disconnected client, this one is connecting"
        assert len(hosted.sessions) == 1
    await nothing_left(hosted, reactor)


async def test_a_stepped_session_generates_on_request(hosted: HostedService) -> None:
    async with client(hosted, generation="stepped") as reactor:
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        assert (await reactor.step()).step == 1
    assert hosted.sessions[0].request["extra_configs"] == {"generation": "stepped"}
    await nothing_left(hosted, reactor)


async def test_a_service_that_ignores_stepped_is_noticed_and_not_paid(
    hosted: HostedService,
) -> None:
    hosted.settings.ignore_generation = True
    reactor = client(hosted, generation="stepped")
    with pytest.raises(GenerationModeError, match="gave no stepped session"):
        await reactor.connect()
    await nothing_left(hosted, reactor)


async def test_a_session_that_ends_while_queued_is_an_error_at_once(
    hosted: HostedService,
) -> None:
    hosted.settings.queue_states = ("WAITING",)
    hosted.settings.hold_queue = True
    reactor = client(hosted)
    connecting = asyncio.ensure_future(reactor.connect())
    await status(reactor, ReactorStatus.WAITING)
    await asyncio.to_thread(hosted.end_all)
    with pytest.raises(RuntimeError, match="is CLOSED before"):
        await connecting
    await nothing_left(hosted, reactor)


async def test_an_unknown_session_is_not_joined(hosted: HostedService) -> None:
    reactor = client(hosted, jwt=await asyncio.to_thread(Caller(hosted).token))
    with pytest.raises(RuntimeError, match=r"could not read the session: HTTP 404 .*no-such"):
        await reactor.connect(session_id="no-such")
    await nothing_left(hosted, reactor)


async def test_nothing_can_be_done_without_a_session(hosted_http: HostedService) -> None:
    reactor = client(hosted_http)
    with pytest.raises(NotReadyError, match="the session is not connected"):
        await reactor.send_command("reset")
    with pytest.raises(RuntimeError, match="needs a session"):
        await reactor.reconnect()
    await reactor.disconnect()
    await no_tasks()


def test_the_client_tells_its_state_and_not_its_key(hosted_http: HostedService) -> None:
    reactor: Reactor = client(hosted_http)
    assert repr(reactor) == f"<Reactor '{MODEL}' {hosted_http.url} disconnected>"
