"""What is done in a session: commands, steps, files, tracks, frames."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from aiortc import AudioStreamTrack, VideoStreamTrack
from numpy.typing import NDArray

from reactor_env.client import (
    Command,
    CommandRefusedError,
    ConflictError,
    FileRef,
    InvalidCommandError,
    MediaInput,
    NotFoundError,
    NotReadyError,
    ProtocolError,
    Reactor,
    ReactorTimeoutError,
    StepFailedError,
    VideoFrame,
)
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import CONTROL, DATA
from tests.client.conftest import MakeFake
from tests.client.fake_runtime import (
    CAMERA,
    RESPONSE,
    SCHEMA,
    VIDEO,
    FakePeer,
    FakeRuntime,
    acknowledged,
    answer,
    refused,
)
from tests.client.http_server import Answer

TIMEOUT_S = 10.0


@asynccontextmanager
async def connected(fake: FakeRuntime, **arguments: Any) -> AsyncIterator[Reactor]:
    async with Reactor("m", local=True, api_url=fake.url, **arguments) as reactor:
        await reactor.connect()
        yield reactor


def on_command(react: Callable[[Any], Any]) -> Callable[..., None]:
    """Answer commands and steps with what a function returns."""

    def on_message(peer: FakePeer, channel: Any, message: Any) -> None:
        if isinstance(message, pb.DataClientMessage):
            peer.send(channel, react(message))
        else:
            answer(peer, channel, message)

    return on_message


def hear(reactor: Reactor, event: Any) -> asyncio.Queue[Any]:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    reactor.on(event, heard.put_nowait)
    return heard


async def within(queue: asyncio.Queue[Any]) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        return await queue.get()


# -- commands -----------------------------------------------------------------------------------


async def test_a_command_that_is_acknowledged_returns_nothing(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        assert await reactor.send_command("act", {"action": 1}) is None
        assert await reactor.send_command("stop") is None
        sent = fake.peers[0].of_kind("command")
    assert [command.type for command in sent] == ["act", "stop"]
    assert dict(sent[0].data) == {"action": 1}
    assert dict(sent[1].data) == {}


async def test_a_models_reply_is_returned_and_told(make_fake: MakeFake) -> None:
    def react(message: Any) -> Any:
        reply = acknowledged(message)
        reply.message.type = "moved"
        reply.message.data["x"] = 3
        return reply

    async with connected(make_fake(on_message=on_command(react))) as reactor:
        heard = hear(reactor, "message")
        reply = await reactor.send_command("act", {"action": 1})
        assert reply == {"type": "moved", "data": {"x": 3.0}}
        assert await within(heard) == reply


async def test_a_refused_command_raises_with_the_models_code(make_fake: MakeFake) -> None:
    fake = make_fake(on_message=on_command(lambda message: refused(message, "full", "no room")))
    async with connected(fake) as reactor:
        errors = hear(reactor, "error")
        with pytest.raises(CommandRefusedError, match="refused command 'act': no room") as raised:
            await reactor.send_command("act", {"action": 1})
        assert (raised.value.command, raised.value.code) == ("act", "full")
        assert errors.empty()


async def test_a_command_nobody_answers_is_a_timeout(make_fake: MakeFake) -> None:
    fake = make_fake(on_message=lambda *_: None)
    async with connected(fake, command_timeout=0.05) as reactor:
        with pytest.raises(
            ReactorTimeoutError, match=r"the answer to command 'act' did not come within 0\.05 s"
        ):
            await reactor.send_command("act", {"action": 1})


async def test_a_command_that_no_message_can_hold_is_refused_and_nothing_waits(
    make_fake: MakeFake,
) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        with pytest.raises(ValueError, match="data"):
            await reactor.send_command("act", {"action": object()})
        assert reactor._connection is not None
        assert len(reactor._connection._requests) == 0
        assert fake.peers[0].of_kind("command") == []


async def test_an_unsent_command_leaves_nothing_waiting(make_fake: MakeFake) -> None:
    async with connected(make_fake()) as reactor:
        connection = reactor._connection
        await reactor.disconnect(recoverable=True)
        with pytest.raises(NotReadyError):
            await reactor.send_command("act")
        assert connection is not None
        assert len(connection._requests) == 0


async def test_with_json_a_command_is_sent_without_waiting(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake, wire="json") as reactor:
        assert await reactor.send_command("act", {"action": 1}) is None
        await fake.peers[0].until(lambda: _json_commands(fake.peers[0]) != [])
        assert _json_commands(fake.peers[0]) == [{"type": "act", "data": {"action": 1}}]


def _json_commands(peer: FakePeer) -> list[Any]:
    return [m["data"] for _, m in peer.messages if isinstance(m, dict) and _is_command(m)]


def _is_command(message: dict[str, Any]) -> bool:
    return message.get("scope") == "application"


@pytest.mark.parametrize(
    ("command", "data", "reason"),
    [
        ("fly", {}, "command 'fly' is none of model 'fake'"),
        ("act", {"action": 9}, "`action` must be"),
        ("act", {}, "`action` is missing|`action`"),
    ],
    ids=str,
)
async def test_with_json_a_wrong_command_is_refused_here_and_not_sent(
    make_fake: MakeFake, command: str, data: dict[str, Any], reason: str
) -> None:
    fake = make_fake()
    async with connected(fake, wire="json") as reactor:
        with pytest.raises(InvalidCommandError, match=reason):
            await reactor.send_command(command, data)
        await reactor.request_schema()
        assert _json_commands(fake.peers[0]) == []


async def test_with_json_and_no_schema_any_command_is_sent(make_fake: MakeFake) -> None:
    fake = make_fake(("GET /schema", Answer(404, {})))
    async with connected(fake, wire="json") as reactor:
        await reactor.send_command("fly", {"high": True})
        await fake.peers[0].until(lambda: _json_commands(fake.peers[0]) != [])
        assert _json_commands(fake.peers[0])[0]["type"] == "fly"


async def test_with_protobuf_a_wrong_command_is_the_models_to_refuse(make_fake: MakeFake) -> None:
    fake = make_fake(
        on_message=on_command(lambda message: refused(message, "invalid_command", "unknown"))
    )
    async with connected(fake) as reactor:
        with pytest.raises(CommandRefusedError, match="invalid_command"):
            await reactor.send_command("fly")


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_the_schema_comes_over_the_data_channel(make_fake: MakeFake, wire: Any) -> None:
    async with connected(make_fake(), wire=wire) as reactor:
        assert await reactor.request_schema() == SCHEMA


async def test_a_schema_that_is_refused_is_a_protocol_error(make_fake: MakeFake) -> None:
    def refuse(peer: FakePeer, channel: Any, message: Any) -> None:
        if isinstance(message, pb.ControlClientMessage) and message.HasField("request_schema"):
            peer.send(channel, refused(message, "internal_error", "no schema"))

    async with connected(make_fake(on_message=refuse)) as reactor:
        with pytest.raises(ProtocolError, match="expected a schema, got Failure"):
            await reactor.request_schema()


# -- what comes in ------------------------------------------------------------------------------


async def test_a_model_message_is_told_in_the_documented_shape(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        heard, internal = hear(reactor, "message"), hear(reactor, "runtime_message")
        message = pb.DataServerMessage(message=pb.ModelMessage(type="hit"))
        message.message.data["points"] = 3
        fake.peers[0].send(DATA, message)
        assert await within(heard) == {"type": "hit", "data": {"points": 3.0}}
        assert internal.empty()


async def test_a_json_message_is_told_alike(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake, wire="json") as reactor:
        heard = hear(reactor, "message")
        told = {"type": "hit", "data": {"points": 3}}
        fake.peers[0].send(DATA, {"scope": "application", "data": told})
        assert await within(heard) == told


async def test_a_moderation_verdict_is_told_to_internal_handlers(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        heard: asyncio.Queue[Any] = asyncio.Queue()

        @reactor.on_internal_message
        async def handler(message: Any) -> None:
            await heard.put(message)

        verdict = pb.Moderation(action="block", categories=["a"])
        fake.peers[0].send(CONTROL, pb.ControlServerMessage(moderation=verdict))
        told = await within(heard)
        assert callable(handler)
    assert told["type"] == "moderation"
    assert told["data"]["categories"] == ["a"]


@pytest.mark.parametrize("payload", [b"\xff\xff not protobuf", "neither JSON"], ids=repr)
async def test_a_message_nobody_can_read_is_told_as_an_error(
    make_fake: MakeFake, payload: bytes | str
) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        errors = hear(reactor, "error")
        fake.peers[0].send(DATA, payload)
        error = await within(errors)
        assert (error.code, error.component) == ("PROTOCOL_ERROR", "gpu")
        assert "on channel 'data'" in error.message
        assert await reactor.send_command("act", {"action": 1}) is None


async def test_a_refusal_nobody_waits_for_is_told_as_an_error(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        errors = hear(reactor, "error")
        refusal = pb.ControlServerMessage(error=pb.Error(code="bad", message="no"))
        fake.peers[0].send(CONTROL, refusal)
        error = await within(errors)
    assert (error.code, error.message, error.component) == ("bad", "no", "gpu")


async def test_a_late_answer_is_ignored(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        errors = hear(reactor, "error")
        late = pb.DataServerMessage(request_id="data_9", kind=RESPONSE)
        fake.peers[0].send(DATA, late)
        await reactor.send_command("act", {"action": 1})  # on the same channel
        assert errors.empty()


# -- steps --------------------------------------------------------------------------------------


def stepping(react: Callable[[Any], Any], make_fake: MakeFake) -> FakeRuntime:
    return make_fake(generation="stepped", on_message=on_command(react))


def stepped(message: Any, **result: Any) -> Any:
    reply = acknowledged(message)
    reply.step_result.CopyFrom(pb.StepResult(step=1, elapsed_seconds=0.5, **result))
    return reply


async def test_a_step_returns_its_frames(make_fake: MakeFake) -> None:
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)

    def react(message: Any) -> Any:
        shape = list(picture.shape)
        frame = pb.Frame(
            encoding=pb.FRAME_ENCODING_RAW, dtype="uint8", shape=shape, data=picture.tobytes()
        )
        tracks = [
            pb.TrackFrames(track="main_video", kind=pb.TRACK_KIND_VIDEO, frames=[frame], rate=30.0)
        ]
        return stepped(message, tracks=tracks)

    fake = stepping(react, make_fake)
    async with connected(fake, generation="stepped") as reactor:
        reply = await reactor.step(
            [Command("act", {"action": 1})],
            {"speed": 2},
            {"camera": MediaInput([picture], 30.0)},
        )
    assert (reply.step, reply.elapsed_seconds) == (1, 0.5)
    np.testing.assert_array_equal(reply.tracks["main_video"][0].array, picture)
    (asked,) = fake.peers[0].of_kind("request_step")
    assert asked.commands[0].type == "act"
    assert dict(asked.state) == {"speed": 2}
    assert asked.media_input[0].track == "camera"


async def test_a_step_that_fails_says_how_and_where(make_fake: MakeFake) -> None:
    def react(message: Any) -> Any:
        return stepped(message, failure_code=5, error="too fast", code="limit", entry="commands[0]")

    async with connected(stepping(react, make_fake), generation="stepped") as reactor:
        with pytest.raises(StepFailedError, match=r"at commands\[0\]: too fast") as raised:
            await reactor.step([Command("act", {"action": 1})])
    error = raised.value
    assert (error.failure, error.code, error.entry) == ("command_failed", "limit", "commands[0]")


async def test_a_step_that_ran_and_failed_is_a_failure_too(make_fake: MakeFake) -> None:
    fake = stepping(lambda message: stepped(message, error="it blew up"), make_fake)
    async with connected(fake, generation="stepped") as reactor:
        with pytest.raises(StepFailedError, match="step failed: it blew up"):
            await reactor.step()


async def test_a_step_that_is_refused_is_a_failure_too(make_fake: MakeFake) -> None:
    fake = stepping(lambda message: refused(message, "not_ready", "loading"), make_fake)
    async with connected(fake, generation="stepped") as reactor:
        with pytest.raises(StepFailedError, match=r"step refused: loading \[not_ready\]"):
            await reactor.step()


async def test_a_step_answered_by_something_else_is_a_protocol_error(make_fake: MakeFake) -> None:
    async with connected(stepping(acknowledged, make_fake), generation="stepped") as reactor:
        with pytest.raises(ProtocolError, match="expected a step result, got Ack"):
            await reactor.step()


async def test_a_step_nobody_answers_is_a_timeout(make_fake: MakeFake) -> None:
    fake = make_fake(generation="stepped", on_message=lambda *_: None)
    async with connected(fake, generation="stepped") as reactor:
        with pytest.raises(ReactorTimeoutError, match="the result of a step did not come"):
            await reactor.step(timeout_s=0.05)


async def test_a_step_needs_a_stepped_client() -> None:
    with pytest.raises(NotReadyError, match='generation="stepped"'):
        await Reactor("m", local=True).step()


# -- without a session --------------------------------------------------------------------------

CALLS: dict[str, Callable[[Reactor], Any]] = {
    "send_command": lambda reactor: reactor.send_command("act", {"action": 1}),
    "request_schema": lambda reactor: reactor.request_schema(),
    "upload_file": lambda reactor: reactor.upload_file(b"bytes"),
    "publish_track": lambda reactor: reactor.publish_track("camera", VideoStreamTrack()),
    "pause_track": lambda reactor: reactor.pause_track("main_video"),
    "resume_track": lambda reactor: reactor.resume_track("main_video"),
    "unpublish_track": lambda reactor: reactor.unpublish_track("camera"),
    "get_stats": lambda reactor: reactor.get_stats(),
}


@pytest.mark.parametrize("wire", ["protobuf", "json"])
@pytest.mark.parametrize("call", CALLS)
async def test_a_call_needs_a_ready_session(call: str, wire: Any) -> None:
    with pytest.raises(NotReadyError, match="the session is disconnected: the session is not conn"):
        await CALLS[call](Reactor("m", local=True, wire=wire))


async def test_a_step_needs_a_ready_session() -> None:
    with pytest.raises(NotReadyError, match="the session is disconnected"):
        await Reactor("m", local=True, generation="stepped").step()


def test_before_a_session_there_is_nothing_to_get() -> None:
    reactor = Reactor("m", local=True)
    assert reactor.get_capabilities() is None
    assert reactor.get_remote_tracks() == {}
    assert reactor.get_frames_dropped() == 0


# -- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_a_file_is_uploaded_and_the_runtime_told(make_fake: MakeFake, wire: Any) -> None:
    fake = make_fake()
    async with connected(fake, wire=wire) as reactor:
        ref = await reactor.upload_file(b"bytes", name="a.png")
        assert ref == FileRef("u1", "a.png", "image/png", 5)
        peer = fake.peers[0]
        if wire == "protobuf":
            told = await peer.message("file_uploaded")
            assert (told.upload_id, told.size) == ("u1", 5)
        else:
            await peer.until(lambda: "fileUploaded" in json.dumps([m for _, m in peer.messages]))
    (put,) = [request for request in fake.server.requests if request.method == "PUT"]
    assert (put.line, put.body) == ("PUT /uploads/u1", b"bytes")


async def test_an_upload_goes_into_a_command(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with connected(fake) as reactor:
        await reactor.send_command("show", {"image": await reactor.upload_file(b"bytes")})
        (sent,) = fake.peers[0].of_kind("command")
    assert sent.uploads["image"].upload_id == "u1"


async def test_an_upload_that_fails_is_not_announced(make_fake: MakeFake) -> None:
    fake = make_fake(("PUT /uploads", Answer(404, {"detail": "no such upload"})))
    async with connected(fake) as reactor:
        with pytest.raises(NotFoundError, match=r"could not upload the file.*no such upload"):
            await reactor.upload_file(b"bytes")
        with pytest.raises(ValueError, match="`file` must not be empty"):
            await reactor.upload_file(b"")
        await reactor.request_schema()
        assert fake.peers[0].of_kind("file_uploaded") == []


# -- tracks -------------------------------------------------------------------------------------


async def test_a_track_is_published_and_taken_back(make_fake: MakeFake) -> None:
    fake = make_fake(tracks=[VIDEO, CAMERA])
    async with connected(fake) as reactor:
        await reactor.publish_track("camera", VideoStreamTrack())
        peer = fake.peers[0]
        received = peer.pc.getTransceivers()[1].receiver.track
        async with asyncio.timeout(TIMEOUT_S):
            await received.recv()
        await reactor.unpublish_track("camera")
        assert (await peer.message("unpublish_track")).name == "camera"
        await reactor.publish_track("camera", VideoStreamTrack())


async def test_a_track_somebody_feeds_already_is_a_conflict(make_fake: MakeFake) -> None:
    def refuse(peer: FakePeer, channel: Any, message: Any) -> None:
        if message.HasField("publish_track"):
            peer.send(channel, refused(message, "publish_refused", "track already published"))

    fake = make_fake(tracks=[VIDEO, CAMERA], on_message=refuse)
    async with connected(fake) as reactor:
        errors = hear(reactor, "error")
        with pytest.raises(ConflictError, match=r"'camera' .*already published \[publish_refused"):
            await reactor.publish_track("camera", VideoStreamTrack())
        error = await within(errors)
    assert (error.code, error.component) == ("TRACK_PUBLISH_FAILED", "gpu")


@pytest.mark.parametrize("name", ["main_video", "sound"])
async def test_only_an_input_track_can_be_published(make_fake: MakeFake, name: str) -> None:
    async with connected(make_fake(tracks=[VIDEO, CAMERA])) as reactor:
        with pytest.raises(ValueError, match=rf"input track, one of \['camera'\], got '{name}'"):
            await reactor.publish_track(name, VideoStreamTrack())
        with pytest.raises(ValueError, match=rf"input track, one of \['camera'\], got '{name}'"):
            await reactor.unpublish_track(name)


async def test_only_a_track_of_the_right_kind_can_be_published(make_fake: MakeFake) -> None:
    nothing: Any = "a track"
    async with connected(make_fake(tracks=[VIDEO, CAMERA])) as reactor:
        for track in (AudioStreamTrack(), nothing):
            with pytest.raises(ValueError, match=r"`track` must be .* of kind video"):
                await reactor.publish_track("camera", track)


async def test_an_output_track_is_paused_and_resumed(make_fake: MakeFake) -> None:
    fake = make_fake(tracks=[VIDEO, CAMERA])
    async with connected(fake, auto_resume_tracks=False) as reactor:
        await reactor.resume_track("main_video")
        await reactor.pause_track("main_video")
        assert (await fake.peers[0].message("pause_track")).name == "main_video"
        assert len(fake.peers[0].of_kind("resume_track")) == 1
        for call in (reactor.pause_track, reactor.resume_track):
            with pytest.raises(ValueError, match=r"output track, one of \['main_video'\], got 'ca"):
                await call("camera")


# -- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["bare", "called", "named track", "set", "metadata"])
async def test_frames_come_to_a_callback_in_every_form(make_fake: MakeFake, form: str) -> None:
    shown: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def callback(rgb: NDArray[np.uint8], *frame: VideoFrame) -> None:
        loop.call_soon_threadsafe(shown.put_nowait, (rgb, *frame))

    fake = make_fake()
    async with Reactor("m", local=True, api_url=fake.url) as reactor:
        match form:
            case "bare":
                assert reactor.on_frame(callback) is callback
            case "called":
                assert reactor.on_frame()(callback) is callback
            case "named track":
                assert reactor.on_frame(track="main_video")(callback) is callback
            case "set":
                reactor.set_frame_callback(callback)
            case "metadata":
                assert reactor.on_frame(metadata=True)(callback) is callback
        await reactor.connect()
        rgb, *frame = await within(shown)
    assert (rgb.shape, rgb.dtype) == ((32, 32, 3), np.uint8)
    assert [type(each) for each in frame] == ([VideoFrame] if form == "metadata" else [])


async def test_callbacks_of_other_tracks_get_their_own_frames(make_fake: MakeFake) -> None:
    fake = make_fake(tracks=[VIDEO, VIDEO | {"name": "second"}])
    async with Reactor("m", local=True, api_url=fake.url) as reactor:
        first, second = asyncio.Queue[Any](), asyncio.Queue[Any]()

        async def on_first(_rgb: Any) -> None:
            first.put_nowait("main_video")

        @reactor.on_frame(track="second")
        async def on_second(_rgb: Any) -> None:
            second.put_nowait("second")

        reactor.set_frame_callback(on_first)
        await reactor.connect()
        assert await within(first) == "main_video"
        assert await within(second) == "second"


async def test_frames_a_slow_callback_misses_are_counted(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with Reactor("m", local=True, api_url=fake.url) as reactor:
        called: asyncio.Queue[int] = asyncio.Queue()
        release = asyncio.Event()

        async def slow(_rgb: Any, frame: VideoFrame) -> None:
            called.put_nowait(frame.sequence)
            await release.wait()

        reactor.set_frame_callback(slow, metadata=True)
        latest: asyncio.Queue[int] = asyncio.Queue()
        reactor.add_frame_sink(lambda _track, frame: latest.put_nowait(frame.sequence))
        await reactor.connect()
        first = await within(called)
        while await within(latest) < first + 4:
            pass
        release.set()
        second = await within(called)
        assert second >= first + 4
        await reactor.send_command("act", {"action": 1})  # a slow callback delays nobody
        assert reactor.get_frames_dropped() >= second - first - 1


async def test_a_callback_that_is_taken_away_gets_no_more_frames(make_fake: MakeFake) -> None:
    fake = make_fake()
    async with Reactor("m", local=True, api_url=fake.url) as reactor:
        shown: asyncio.Queue[Any] = asyncio.Queue()

        async def callback(rgb: Any) -> None:
            shown.put_nowait(rgb)

        sunk: asyncio.Queue[Any] = asyncio.Queue()
        reactor.add_frame_sink(lambda _track, frame: sunk.put_nowait(frame))
        reactor.set_frame_callback(callback)
        await reactor.connect()
        await within(shown)
        reactor.set_frame_callback(None)
        while not sunk.empty():
            sunk.get_nowait()
        await within(sunk)  # after the call that may have been under way
        while not shown.empty():
            shown.get_nowait()
        for _ in range(3):
            await within(sunk)
        assert shown.empty()


async def test_a_session_can_be_measured(make_fake: MakeFake) -> None:
    async with connected(make_fake()) as reactor:
        stats = await reactor.get_stats()
    assert stats.channels["data"].state == "open"
    assert list(stats.inbound) == ["main_video"]


async def test_the_data_of_a_command_must_be_a_mapping() -> None:
    data: Any = [1]
    with pytest.raises(TypeError, match=r"`data` must be a mapping, got \[1\]"):
        await Reactor("m", local=True).send_command("act", data)
