from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from aiortc import VideoStreamTrack

from reactor_env.client import connection as connection_module
from reactor_env.client.connection import CLIP_KEY, SCHEMA_KEY, Connection, ConnectionEvents
from reactor_env.client.errors import (
    ConnectionFailedError,
    NotReadyError,
    ProtocolError,
    ReactorTimeoutError,
    SessionLostError,
)
from reactor_env.client.types import TrackCapability
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    ClipFailed,
    Command,
    Failure,
    ModelMessage,
    SchemaReply,
    SessionEnded,
    Wire,
)
from reactor_env.client.wire.protobuf_v1 import ProtobufWire
from tests.client.fake_runtime import (
    CAMERA,
    SCHEMA,
    VIDEO,
    FakePeer,
    acknowledged,
    refused,
)

TIMEOUT_S = 10.0
TRACKS = [TrackCapability(**VIDEO), TrackCapability(**CAMERA)]  # type: ignore[arg-type]


class Heard:
    """What a connection told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Any] = asyncio.Queue()
        self.garbage: asyncio.Queue[ProtocolError] = asyncio.Queue()
        self.frames: asyncio.Queue[tuple[str, VideoFrame]] = asyncio.Queue()
        self.tracks: list[str] = []
        self.lost: asyncio.Queue[str] = asyncio.Queue()

    @property
    def events(self) -> ConnectionEvents:
        return ConnectionEvents(
            message=self.messages.put_nowait,
            garbage=self.garbage.put_nowait,
            frame=lambda track, frame: self.frames.put_nowait((track, frame)),
            track=lambda name, _track: self.tracks.append(name),
            lost=self.lost.put_nowait,
        )


@asynccontextmanager
async def connection(wire: Wire | None = None) -> AsyncIterator[tuple[Connection, Heard]]:
    """A connection that is not open yet."""
    heard = Heard()
    made = Connection(TRACKS, [], wire or ProtobufWire(), heard.events)
    try:
        yield made, heard
    finally:
        await made.close("the test is over")


@asynccontextmanager
async def connected(
    on_message: Callable[..., None] | None = None,
    wire: Wire | None = None,
    *,
    chunked: bool = False,
) -> AsyncIterator[tuple[Connection, FakePeer, Heard]]:
    peer = FakePeer(on_message, chunked=chunked)
    try:
        async with connection(wire) as (made, heard):
            await made.open(peer.answer, TIMEOUT_S)
            yield made, peer, heard
    finally:
        await peer.close()


def silent(*_: Any) -> None:
    pass


def act(wire: Wire) -> Callable[[str], Any]:
    return partial(wire.command, Command("act", {"action": 1}))


async def asking(made: Connection, wire: Wire, peer: FakePeer) -> asyncio.Task[Any]:
    """Send a command and wait until it has arrived."""
    task = asyncio.ensure_future(made.ask(act(wire), TIMEOUT_S, "it", prefix="data"))
    await peer.until(lambda: bool(peer.messages))
    return task


async def within(queue: asyncio.Queue[Any]) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        return await queue.get()


# -- opening ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [ProtobufWire(), JsonWire()], ids=["protobuf", "json"])
async def test_a_ping_comes_first_and_selects_the_protocol(wire: Wire) -> None:
    async with connected(wire=wire) as (made, peer, _):
        await made.ask(wire.request_schema, TIMEOUT_S, "a schema", kind=SCHEMA_KEY)
        assert peer.pings == 1
        assert peer.first == wire.ping().payload


async def test_the_phases_of_opening_are_measured() -> None:
    loop = asyncio.get_running_loop()
    peer = FakePeer()
    async with connection() as (made, _):

        async def exchange(offer: str, mapping: list[dict[str, str]]) -> str:
            await asyncio.sleep(0.05)
            return await peer.answer(offer, mapping)

        begin = loop.time()
        times = await made.open(exchange, TIMEOUT_S)
        spent_ms = 1e3 * (loop.time() - begin)
    await peer.close()
    phases = [
        times.offer_ms,
        times.signaling_ms,
        times.ice_ms,
        times.dtls_ms,
        times.channels_ms,
    ]
    assert all(phase >= 0 for phase in phases)
    assert times.signaling_ms >= 50
    assert times.ice_ms > 0
    assert times.dtls_ms > 0
    assert spent_ms - 20 <= sum(phases) <= spent_ms


async def test_output_tracks_are_told_and_their_frames_come() -> None:
    async with connected() as (made, _, heard):
        assert heard.tracks == ["main_video"]
        assert list(made.tracks) == ["main_video"]
        track, frame = await within(heard.frames)
        assert track == "main_video"
        assert frame.rgb.shape == (32, 32, 3)


@pytest.mark.parametrize("answer", ["", "garbage", "v=0\r\nm=video x y z\r\n"], ids=repr)
async def test_an_answer_that_is_none_is_a_protocol_error(answer: str) -> None:
    async def exchange(_offer: str, _mapping: Any) -> str:
        return answer

    async with connection() as (made, _):
        with pytest.raises(ProtocolError, match="SDP answer"):
            await made.open(exchange, TIMEOUT_S)


async def test_a_server_out_of_reach_is_a_timeout_that_says_how_far_it_got() -> None:
    peer = FakePeer()
    async with connection() as (made, _):

        async def exchange(offer: str, mapping: list[dict[str, str]]) -> str:
            answer = await peer.answer(offer, mapping)
            await peer.close()
            return answer

        with pytest.raises(
            ReactorTimeoutError, match=r"not ready in 0\.1 s: ICE checking, .*control connecting"
        ):
            await made.open(exchange, 0.1)


async def test_a_connection_given_up_while_it_opens_fails_at_once() -> None:
    peer = FakePeer()
    async with connection() as (made, _), asyncio.timeout(TIMEOUT_S):

        async def exchange(offer: str, mapping: list[dict[str, str]]) -> str:
            answer = await peer.answer(offer, mapping)
            await peer.close()
            asyncio.get_running_loop().call_later(0.01, made.lose, "the runtime died")
            return answer

        with pytest.raises(ConnectionFailedError, match="the runtime died"):
            await made.open(exchange, 10 * TIMEOUT_S)


async def test_pings_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "PING_INTERVAL_S", 0.01)
    async with connected() as (_, peer, _heard):
        await peer.until(lambda: peer.pings >= 4)


# -- asking -------------------------------------------------------------------------------------


async def test_an_acknowledgement_is_an_answer() -> None:
    wire = ProtobufWire()
    async with connected(wire=wire) as (made, peer, heard):
        answer = await made.ask(act(wire), TIMEOUT_S, "it", prefix="data")
        assert isinstance(answer, Ack)
        (channel, message) = peer.messages[0]
        assert isinstance(message, pb.DataClientMessage)
        assert (channel, message.command.type) == (DATA, "act")
        assert message.request_id == answer.request_id
        assert message.request_id.startswith("data_")
        assert heard.messages.empty()


async def test_a_models_reply_is_an_answer_and_a_message() -> None:
    def reply(peer: FakePeer, channel: Any, message: Any) -> None:
        told = acknowledged(message)
        told.message.type = "moved"
        peer.send(channel, told)

    wire = ProtobufWire()
    async with connected(reply, wire) as (made, _, heard):
        answer = await made.ask(act(wire), TIMEOUT_S, "it")
        assert isinstance(answer, ModelMessage)
        assert answer.type == "moved"
        assert await within(heard.messages) == answer


async def test_a_refusal_is_an_answer_and_no_message() -> None:
    def refuse(peer: FakePeer, channel: Any, message: Any) -> None:
        peer.send(channel, refused(message, "bad", "no"))

    wire = ProtobufWire()
    async with connected(refuse, wire) as (made, _, heard):
        answer = await made.ask(act(wire), TIMEOUT_S, "it")
        assert answer == Failure(answer.request_id, "bad", "no")
        assert heard.messages.empty()


async def test_answers_find_their_calls_whatever_the_order() -> None:
    held: list[Any] = []

    def hold(peer: FakePeer, channel: Any, message: Any) -> None:
        held.append(message)
        if len(held) == 3:
            for each in reversed(held):
                told = acknowledged(each)
                told.message.type = str(int(each.command.data["action"]))
                peer.send(channel, told)

    wire = ProtobufWire()
    async with connected(hold, wire) as (made, _, _heard):
        calls = (
            made.ask(partial(wire.command, Command("act", {"action": n})), TIMEOUT_S, "it")
            for n in range(3)
        )
        assert [answer.type for answer in await asyncio.gather(*calls)] == ["0", "1", "2"]


async def test_an_answer_that_does_not_come_is_a_timeout_by_name() -> None:
    wire = ProtobufWire()
    async with connected(silent, wire) as (made, _, _heard):
        with pytest.raises(ReactorTimeoutError, match=r"^the move did not come within 0\.02 s"):
            await made.ask(act(wire), 0.02, "the move")
        assert len(made._requests) == 0


async def test_a_late_answer_is_ignored_and_a_late_refusal_told() -> None:
    wire = ProtobufWire()
    async with connected(silent, wire) as (made, peer, heard):
        for _ in range(2):
            with pytest.raises(ReactorTimeoutError):
                await made.ask(act(wire), 0.02, "it")
        await peer.until(lambda: len(peer.messages) == 2)
        first, second = (message for _, message in peer.messages)
        assert isinstance(first, pb.DataClientMessage)
        peer.send(DATA, acknowledged(first))
        peer.send(DATA, refused(second, "bad", "no"))
        failure = await within(heard.messages)
        assert isinstance(failure, Failure)
        assert failure.code == "bad"


async def test_a_schema_is_asked_for_in_both_protocols() -> None:
    for wire in (ProtobufWire(), JsonWire()):
        async with connected(wire=wire) as (made, _, heard):
            answer = await made.ask(wire.request_schema, TIMEOUT_S, "a schema", kind=SCHEMA_KEY)
            assert isinstance(answer, SchemaReply)
            assert answer.openapi == SCHEMA
            assert heard.messages.empty()


async def test_a_schema_nobody_asked_for_is_a_message() -> None:
    async with connected(wire=JsonWire()) as (_, peer, heard):
        await peer.opened.wait()
        document = {"scope": "runtime", "data": {"type": "modelSchema", "data": {"a": 1}}}
        peer.send(DATA, document)
        assert await within(heard.messages) == SchemaReply("", {"a": 1})


async def test_clips_without_ids_go_to_their_calls_in_order() -> None:
    wire = JsonWire()
    async with connected(silent, wire) as (made, peer, heard):
        calls = [
            asyncio.ensure_future(
                made.ask(partial(wire.request_clip, 5.0), TIMEOUT_S, "a clip", kind=CLIP_KEY)
            )
            for _ in range(2)
        ]
        await peer.until(lambda: len(peer.messages) == 2)
        for reason in ("first", "second"):
            failed = {"type": "clipFailed", "data": {"reason": reason}}
            peer.send(DATA, {"scope": "runtime", "data": failed})
        answers = await asyncio.gather(*calls)
        assert [answer.reason for answer in answers] == ["first", "second"]
        assert await within(heard.messages) == ClipFailed("", "first")


async def test_what_answers_nobody_is_a_message() -> None:
    async with connected() as (_, peer, heard):
        await peer.opened.wait()
        ended = pb.SessionEnded(reason="idle")
        peer.send(CONTROL, pb.ControlServerMessage(session_ended=ended))
        assert await within(heard.messages) == SessionEnded("idle")


async def test_json_from_a_server_that_has_not_heard_of_protobuf_is_read() -> None:
    async with connected(wire=ProtobufWire()) as (_, peer, heard):
        await peer.opened.wait()
        hit = {"scope": "application", "data": {"type": "hit", "data": {}}}
        peer.send(DATA, hit)
        assert await within(heard.messages) == ModelMessage("hit", {})


async def test_what_nobody_can_read_is_told_and_harms_nothing() -> None:
    wire = ProtobufWire()
    async with connected(wire=wire) as (made, peer, heard):
        await peer.opened.wait()
        peer.send(DATA, b"\xff\xff garbage")
        assert "malformed message on channel 'data'" in str(await within(heard.garbage))
        assert isinstance(await made.ask(act(wire), TIMEOUT_S, "it"), Ack)


async def test_large_messages_go_through_a_chunked_connection() -> None:
    wire = ProtobufWire()

    def echo(peer: FakePeer, channel: Any, message: Any) -> None:
        told = acknowledged(message)
        told.message.type = "echo"
        told.message.data.update(message.command.data)
        peer.send(channel, told)

    text = "x" * 300_000
    async with connected(echo, wire, chunked=True) as (made, _, _heard):
        assert made.chunked
        command = partial(wire.command, Command("say", {"text": text}))
        answer = await made.ask(command, TIMEOUT_S, "it")
        assert answer.data == {"text": text}


# -- losing -------------------------------------------------------------------------------------


async def test_closing_fails_what_waits_and_may_be_done_twice() -> None:
    wire = ProtobufWire()
    async with connected(silent, wire) as (made, peer, heard):
        task = await asking(made, wire, peer)
        await made.close("we are done")
        await made.close("again")
        with pytest.raises(SessionLostError, match="the session was lost: we are done"):
            await task
        assert made.lost == "we are done"
        assert heard.lost.empty()
        with pytest.raises(SessionLostError, match="we are done"):
            await made.ask(act(wire), TIMEOUT_S, "it")
        with pytest.raises(SessionLostError, match="we are done"):
            made.send(wire.resume_track("main_video"))


async def test_a_server_that_goes_is_told_once() -> None:
    wire = ProtobufWire()
    async with connected(silent, wire) as (made, peer, heard):
        track = made.tracks["main_video"]
        await peer.close()
        reason = await within(heard.lost)
        assert "closed" in reason
        await made.close(reason)
        assert heard.lost.empty()
        assert track.readyState == "ended"


async def test_a_connection_that_is_given_up_fails_what_waits_and_what_comes() -> None:
    wire = ProtobufWire()
    async with connected(silent, wire) as (made, peer, _heard):
        task = await asking(made, wire, peer)
        made.lose("the runtime died")
        made.lose("again")
        with pytest.raises(SessionLostError, match="the runtime died"):
            await task
        with pytest.raises(SessionLostError, match="the runtime died"):
            await made.ask(act(wire), TIMEOUT_S, "it")
        assert len(made._requests) == 0


async def test_a_request_that_cannot_be_sent_leaves_nothing_waiting() -> None:
    wire = ProtobufWire()
    async with connection() as (made, _):
        with pytest.raises(NotReadyError, match="channel 'data' is connecting"):
            await made.ask(act(wire), TIMEOUT_S, "it")
        assert len(made._requests) == 0


async def test_a_request_that_cannot_be_made_leaves_nothing_waiting() -> None:
    wire = ProtobufWire()
    async with connected(wire=wire) as (made, _, _heard):
        with pytest.raises(ValueError, match="data"):
            await made.ask(
                partial(wire.command, Command("act", {"action": object()})), TIMEOUT_S, "it"
            )
        assert len(made._requests) == 0


# -- input tracks -------------------------------------------------------------------------------


async def test_an_input_track_can_be_fed() -> None:
    async with connected() as (made, peer, _):
        made.feed("camera", VideoStreamTrack())
        received = next(
            t.receiver for t in peer.pc.getTransceivers() if t.currentDirection == "recvonly"
        )
        async with asyncio.timeout(TIMEOUT_S):
            await received.track.recv()
        made.feed("camera", None)


async def test_only_an_input_track_can_be_fed() -> None:
    async with connection() as (made, _):
        with pytest.raises(ValueError, match=r"one of \['camera'\], got 'main_video'"):
            made.feed("main_video", VideoStreamTrack())


async def test_a_connection_can_be_measured() -> None:
    async with connected() as (made, _, _heard):
        stats = await made.stats()
        assert stats.channels["data"].state == "open"
