from __future__ import annotations

import json
from typing import Any

import pytest

from reactor_env.client import (
    ConnectionFailedError,
    NotReadyError,
    Reactor,
    ReactorError,
    ReactorStatus,
    ReactorTimeoutError,
)
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import CONTROL, DATA
from tests.client.conftest import Serve

CONNECTING, DISCONNECTED = ReactorStatus.CONNECTING, ReactorStatus.DISCONNECTED


def unreachable(nobody: str, **kwargs: Any) -> Reactor:
    """A client whose connect() fails at once: CONNECTING, an error, DISCONNECTED."""
    return Reactor("m", local=True, api_url=nobody, **kwargs)


async def fail_to_connect(reactor: Reactor) -> None:
    with pytest.raises(ConnectionFailedError):
        await reactor.connect()


# -- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wire": "xml"}, "`wire` must be one of protobuf, json, got 'xml'"),
        ({"generation": "fast"}, "`generation` must be one of streamed, stepped, got 'fast'"),
        (
            {"generation": "stepped", "wire": "json"},
            '`generation="stepped"` needs `wire="protobuf"`, got `wire="json"`',
        ),
    ],
)
def test_an_argument_that_cannot_be_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Reactor("m", local=True, **arguments)


def test_a_local_client_looks_at_the_runtimes_own_port() -> None:
    assert repr(Reactor("m", local=True)) == (
        "<Reactor 'm' local at http://localhost:8080 disconnected>"
    )


def test_a_client_shows_its_address_and_never_its_key() -> None:
    shown = repr(Reactor("m", "rk_secret", "https://example.invalid"))
    assert shown == "<Reactor 'm' https://example.invalid disconnected>"


# -- connecting ---------------------------------------------------------------------------------


async def test_connecting_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="`api_key` is required unless `local=True`"):
        await Reactor("m").connect()


async def test_a_hosted_session_is_refused_without_showing_the_key() -> None:
    reactor = Reactor("m", "rk_secret")
    with pytest.raises(ConnectionFailedError, match="pass local=True") as raised:
        await reactor.connect()
    assert "rk_secret" not in str(raised.value)
    assert reactor.get_status() is DISCONNECTED


async def test_a_connection_that_fails_leaves_the_client_disconnected(nobody: str) -> None:
    reactor = unreachable(nobody)
    statuses: list[ReactorStatus] = []
    reactor.on("status_changed", statuses.append)
    await fail_to_connect(reactor)
    assert statuses == [CONNECTING, DISCONNECTED]
    assert reactor.get_session_id() is None


async def test_a_connection_that_fails_is_told_as_an_error_event(nobody: str) -> None:
    reactor = unreachable(nobody)
    errors: list[ReactorError] = []
    reactor.on_error(errors.append)
    await fail_to_connect(reactor)
    (error,) = errors
    assert (error.code, error.component) == ("CONNECTION_FAILED", "api")
    assert nobody in error.message
    assert reactor.get_last_error() is error
    assert reactor.get_state().last_error is error


async def test_a_client_may_try_again_after_a_failure(nobody: str) -> None:
    reactor = unreachable(nobody)
    await fail_to_connect(reactor)
    await fail_to_connect(reactor)


async def test_a_runtime_that_stays_busy_ends_in_a_timeout(serve: Serve) -> None:
    url = serve(lambda *_: (409, {"detail": "busy"}))
    reactor = Reactor("m", local=True, api_url=url, connect_timeout=0.05)
    with pytest.raises(ReactorTimeoutError, match=r"was not ready within 0\.05 s"):
        await reactor.connect()
    assert reactor.get_status() is DISCONNECTED


async def test_a_session_that_cannot_be_joined_is_ended_again(serve: Serve) -> None:
    asked: list[str] = []

    def respond(method: str, path: str, body: Any) -> tuple[int, Any]:
        del method, body
        asked.append(path)
        return (200, {"session_id": "s"}) if path == "/start_session" else (500, "no")

    reactor = Reactor("m", local=True, api_url=serve(respond))
    ids: list[str | None] = []
    reactor.on("session_id_changed", ids.append)
    await fail_to_connect(reactor)
    assert asked[0] == "/start_session"
    assert asked[-1] == "/stop_session"
    assert ids == ["s", None]


async def test_there_is_nothing_to_reconnect_to_before_a_session() -> None:
    with pytest.raises(RuntimeError, match="needs a session that was left"):
        await Reactor("m", local=True).reconnect()


async def test_disconnecting_is_possible_at_any_time_and_twice() -> None:
    async with Reactor("m", local=True) as reactor:
        await reactor.disconnect()
        await reactor.disconnect(recoverable=True)
    assert reactor.get_status() is DISCONNECTED


def test_before_a_session_there_is_nothing_to_get() -> None:
    reactor = Reactor("m", local=True)
    assert reactor.get_session_id() is None
    assert reactor.get_capabilities() is None
    assert reactor.get_session_info() is None
    assert reactor.get_connection_timings() is None
    assert reactor.get_last_error() is None
    assert reactor.get_remote_tracks() == {}


# -- without a session --------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_a_command_needs_a_ready_session(wire: Any) -> None:
    reactor = Reactor("m", local=True, wire=wire)
    with pytest.raises(NotReadyError, match="the session is disconnected"):
        await reactor.send_command("act", {"action": 1})


async def test_a_step_needs_a_ready_session() -> None:
    with pytest.raises(NotReadyError, match="the session is disconnected"):
        await Reactor("m", local=True, generation="stepped").step()


async def test_a_step_needs_a_stepped_client() -> None:
    with pytest.raises(NotReadyError, match='generation="stepped"'):
        await Reactor("m", local=True).step()


async def test_a_schema_needs_a_ready_session() -> None:
    with pytest.raises(NotReadyError):
        await Reactor("m", local=True).request_schema()


def test_a_track_needs_a_ready_session() -> None:
    with pytest.raises(NotReadyError):
        Reactor("m", local=True).resume_track("main_video")


async def test_an_unsent_command_leaves_nothing_waiting() -> None:
    reactor = Reactor("m", local=True)
    with pytest.raises(NotReadyError):
        await reactor.send_command("act")
    assert reactor._pending == {}


# -- handlers -----------------------------------------------------------------------------------


def test_an_unknown_event_is_refused() -> None:
    unknown: Any = "frame"
    reactor = Reactor("m", local=True)
    with pytest.raises(ValueError, match=r"`event` must be one of status_changed, .*got 'frame'"):
        reactor.on(unknown, print)
    with pytest.raises(ValueError, match="got 'frame'"):
        reactor.off(unknown, print)


async def test_a_handler_that_was_taken_off_hears_nothing(nobody: str) -> None:
    reactor = unreachable(nobody)
    statuses: list[ReactorStatus] = []
    reactor.on("status_changed", statuses.append)
    reactor.off("status_changed", statuses.append)
    await fail_to_connect(reactor)
    assert statuses == []


async def test_on_status_bare_hears_every_status(nobody: str) -> None:
    reactor = unreachable(nobody)
    statuses: list[ReactorStatus] = []

    @reactor.on_status
    def handler(status: ReactorStatus) -> None:
        statuses.append(status)

    await fail_to_connect(reactor)
    assert statuses == [CONNECTING, DISCONNECTED]
    assert callable(handler)


@pytest.mark.parametrize(
    ("wanted", "heard"),
    [
        pytest.param(DISCONNECTED, [DISCONNECTED], id="one"),
        pytest.param([CONNECTING, ReactorStatus.READY], [CONNECTING], id="several"),
        pytest.param([], [], id="none"),
    ],
)
async def test_on_status_with_statuses_hears_only_those(
    nobody: str, wanted: Any, heard: list[ReactorStatus]
) -> None:
    reactor = unreachable(nobody)
    statuses: list[ReactorStatus] = []

    @reactor.on_status(wanted)
    def handler(status: ReactorStatus) -> None:
        statuses.append(status)

    await fail_to_connect(reactor)
    assert statuses == heard
    assert callable(handler)


def test_on_track_hears_only_its_own_track() -> None:
    reactor = Reactor("m", local=True)
    heard: list[Any] = []

    @reactor.on_track("main_video")
    def handler(track: Any) -> None:
        heard.append(track)

    reactor._events.emit("track_received", "other", 1)
    reactor._events.emit("track_received", "main_video", 2)
    assert heard == [2]
    assert callable(handler)


# -- what comes in ------------------------------------------------------------------------------


def events_of(reactor: Reactor, name: Any) -> list[Any]:
    heard: list[Any] = []
    reactor.on(name, heard.append)
    return heard


def test_a_model_message_is_told_in_the_documented_shape() -> None:
    reactor = Reactor("m", local=True)
    heard = events_of(reactor, "message")
    message = pb.DataServerMessage(message=pb.ModelMessage(type="hit"))
    message.message.data["points"] = 3
    reactor._received(DATA, message.SerializeToString())
    assert heard == [{"type": "hit", "data": {"points": 3.0}}]


def test_the_end_of_the_session_is_told_as_a_runtime_message() -> None:
    reactor = Reactor("m", local=True)
    heard = events_of(reactor, "runtime_message")
    ended = pb.ControlServerMessage(session_ended=pb.SessionEnded(reason="idle"))
    reactor._received(CONTROL, ended.SerializeToString())
    assert heard == [{"type": "sessionEnded", "data": {"reason": "idle"}}]


async def test_the_reason_a_session_ended_is_given_to_later_calls() -> None:
    reactor = Reactor("m", local=True)
    ended = pb.ControlServerMessage(session_ended=pb.SessionEnded(reason="idle"))
    reactor._received(CONTROL, ended.SerializeToString())
    with pytest.raises(NotReadyError, match="the platform ended the session: idle"):
        await reactor.send_command("act")


def test_a_moderation_verdict_is_told_alike_by_both_protocols() -> None:
    fields = {
        "action": "block",
        "input_kind": "text",
        "command": "prompt",
        "categories": ["a"],
        "message": "no",
    }
    verdict = pb.Moderation(
        action="block", input_kind="text", command="prompt", categories=["a"], message="no"
    )
    binary, text = Reactor("m", local=True), Reactor("m", local=True, wire="json")
    heard = [events_of(reactor, "runtime_message") for reactor in (binary, text)]
    binary._received(CONTROL, pb.ControlServerMessage(moderation=verdict).SerializeToString())
    document = {"scope": "runtime", "data": {"type": "moderation", "data": fields}}
    text._received(DATA, json.dumps(document))
    assert heard == [[{"type": "moderation", "data": fields}]] * 2


def test_an_unknown_runtime_message_is_told_raw() -> None:
    reactor = Reactor("m", local=True, wire="json")
    heard = events_of(reactor, "runtime_message")
    reactor._received(DATA, '{"scope":"runtime","data":{"type":"news","data":{"a":1}}}')
    assert heard == [{"type": "news", "data": {"a": 1}}]


def test_a_message_nobody_can_read_is_told_as_an_error() -> None:
    reactor = Reactor("m", local=True)
    heard = events_of(reactor, "error")
    reactor._received(DATA, "not protobuf")
    (error,) = heard
    assert error.code == "PROTOCOL_ERROR"
    assert str(error).startswith("[gpu:PROTOCOL_ERROR] expected protobuf")


def test_a_refusal_nobody_waits_for_is_told_as_an_error() -> None:
    reactor = Reactor("m", local=True)
    heard = events_of(reactor, "error")
    refusal = pb.ControlServerMessage(error=pb.Error(code="bad", message="no"))
    reactor._received(CONTROL, refusal.SerializeToString())
    assert [(error.code, error.message) for error in heard] == [("bad", "no")]


def test_a_late_answer_is_ignored() -> None:
    reactor = Reactor("m", local=True)
    heard = events_of(reactor, "error")
    late = pb.DataServerMessage(request_id="data_9", kind=pb.MESSAGE_KIND_RESPONSE)
    reactor._received(DATA, late.SerializeToString())
    assert heard == []
