from __future__ import annotations

import base64
import contextlib
import json
import math
import zlib
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format, struct_pb2
from google.protobuf.message import Message
from hypothesis import example, given
from hypothesis import strategies as st

# The runtime's own reader of step media.
from reactor_runtime.core.values import TrackKind
from reactor_runtime.protocol.frames import decode_frame

# The runtime's own classes ship types without saying so (no py.typed).
from reactor_wire.v1 import (  # type: ignore[import-untyped]
    common_pb2,
    control_pb2,
    data_pb2,
    model_pb2,
    platform_pb2,
    step_pb2,
    track_pb2,
)

from reactor_env.client.errors import ProtocolError
from reactor_env.client.types import FileRef
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    ClipFailed,
    ClipReady,
    Command,
    Failure,
    MediaInput,
    ModelMessage,
    Moderation,
    Outgoing,
    SchemaReply,
    SessionEnded,
    StepReply,
)
from reactor_env.client.wire.protobuf_v1 import ProtobufWire
from reactor_env.client.wire.values import MAX_DEPTH
from reactor_env.worlds.catch import CatchEnv

WIRE = ProtobufWire()

# What reactor-runtime 3.10.0 sent for world "catch", without the chunking header.
# The answer to step() before any reset: a refused step.
NOT_STARTED = bytes.fromhex(
    "0a06646174615f3110025a2c2a286e6f20657069736f64652077617320737461727465643a2073656e64207265"
    "7365742066697273743001"
)
# The reply of command reset inside a step: a broadcast, kind NOTIFICATION, without a request id.
STARTED_BROADCAST = bytes.fromhex(
    "100352640a0f657069736f64655f7374617274656412510a120a05776964746812091100000000000050400a14"
    "0a07657069736f6465120911000000000000f03f0a100a036670731209110000000000002e400a130a06686569"
    "6768741209110000000000005040"
)
# The same reply to a reset sent as a command: kind RESPONSE, with its request id.
STARTED_REPLY = bytes.fromhex("0a06646174615f311002") + STARTED_BROADCAST[2:]
# The acknowledgement of command act: kind RESPONSE and nothing else.
ACKNOWLEDGED = bytes.fromhex("0a06646174615f321002")
# The refusal of {"action": 9} as a command, and as the first command of a step.
REFUSED_COMMAND = bytes.fromhex(
    "0a06646174615f331002c202260a0f696e76616c69645f636f6d6d616e641213616374696f6e3a20392e30203e"
    "206c65283229"
)
REFUSED_STEP = bytes.fromhex(
    "0a06646174615f3410025a3c2a2b636f6d6d616e64735b305d20697320726566757365643a20616374696f6e3a"
    "20392e30203e206c652832293001420b636f6d6d616e64735b305d"
)


def inflated(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


# The frame of reset(seed=1) in a stepped session; deflated, for its picture is 12 kB.
FIRST_FRAME = inflated(
    "eNrtzjFKA0EUxnFjUGSrxUrTOZ0Sw2olW4Q5grXN5pF9woCZTWZntRDBM3iCHMkj5AiWdjqKSDobA4L/4cfA+x48vmy3"
    "lijVeb59tZS93v6TZNlMnK9uXa1N3hu8TlK60zkfLwZ9a/vmcZIfFL/u7dl+28T9TaM//QEAAAAAAAAAAAAAAAAAAPB/"
    "2NXyR/Sn/1/of6L3RueubWo15dnQtFHnpiyGRqbRNb5qdWHK07QIeiehTqtR8THELvivIWqYOS9R0/ZablpNUej8dC15"
    "ONr6fGN7mP5LPX4ZvwOmAxIK"
)
# The frame of the next step, with {"action": 2, "action_seq": 0}.
SECOND_FRAME = inflated(
    "eNrtzjFKA0EUgGGTEAlbLaliOqeUEKJpQgqdc9hsHpknDJjZODsbCxG8ghdQj+QRvIWlLouInY0g4j98DO/NNH+27yRJ"
    "Mc+7548y6A7vJcs24kOx807LvDN+XQ06w37tQ1qMe9b2zN0qH80A/KC3Z/uJfvr/Wz8AAAAAAAAAAAAAAAAAAH+dfXn6"
    "Fv30/1b/kbsxuvVV6dQsjyemSrptB1knX4ai0iuznE1M1GuJrhmn7ZLqGD6WpHHjgyRtfi/kstLmKdZh/eXl9nCvPaf2"
    "oLmnDyejs3fseREk"
)
# The model's schema: a RESPONSE on channel control with the OpenAPI document.
SCHEMA = inflated(
    "eNq9ll1oXEUUx3Pn3ux2T2qbTtPaXpVOaPrBkGw+aqUYQltD0SpqaRpELaw3985mp9370Tuz+RBfBIVWFAvBUij0QQqF"
    "gj76IEhVFKy0WFHpg6L4UPFB0AdR/EA9995NNrfd+vHi5mWZmZ1zzv/8/mcCBVfH9crd3eTgqXWwsA5OFAHc0I/CQARa"
    "0V8L/OcC/FiAonJrwncU/bbArxfgBRPWHxSOq8N4MqqHjndQVEUsAlfQ7wn/jkAfFKph7Dua2vaGODs50EiPDsSLZ+G8"
    "ARDFYSRiLYWipw3+igG9UPKlLyp6PhK0h1PoBiv9vsIuKB3LYBruBCtw/Fvt7oBSFqkiPbqV9+GRxWQKttVoSK/Nj+4C"
    "S8mnBV3H18Ka5m7JLspAi2kRwyPQ5QnlxjLSMgzobntsqWKmQ+awqqwLloUVHpuRDtM1wZoaNTcY1qpDN6yXlycQTh0R"
    "roZdsCIWxxoyFh7tH+HQZbeqAMw7KThZXNImWUxShs9MWLUvkir0xIR2Yo0XvGvyiyZcMHPynjH5aROegs5Z6ekafYxP"
    "Qg8UPVF1GnVNS2s60s+BPcDzxd5hbzwg50RdMceNQ6UYFlVj1RgTKrfTKoCiyNKhLnfaxejogHvyMbbZW8bDBiKHsknF"
    "lFAKl7cpFgsltOrHcKHPhtvGc8GsRooe5k+0i1XeA0P5WL32pgktIsVQGIzkhoHHZmsiYIiCwKK8XHuChj+FQSpQqAk5"
    "XdN0kk/cQrft+Tgb7dubunnhbPBPqt1MBIUi9i5wIkmLdueO8nB5CN4ksGJWTNXC8KiirxF+gcB5AqubeldUs/8LhJ8k"
    "8BIBKwqVps8R/iyB5w3oShATSt8XevN0hmtYtYw6wgyYgiLqodH8KR8T0O1EUV26TlLR4BGVsM/HYBQK2UCgw3wQBsDq"
    "Q1PTLfbmzYOt6THYnBmDeThhEqdJw/edeJ4+aD9wCG3iBGoWe4FGSts9yiSC0BQYiRD1OjbI0UzMiHh+EQ5WcxSTAcOA"
    "fhiUgUFXgnqa6X6PrrFvVAUOQ2luoDmM6KP8YXgICjp2XJRy78huGOOj2Nhssqy0wXdkUJmRngixEyUPJXLTtnbaZtjQ"
    "sBqsozLwktZkh54BSwbVkGoew1ooYqpJlkk/Z4bK+Af783jca+/ay+6f9wNHyYbPRDAj4zDwUbl+hgIuX0AyRZTi2uSn"
    "Gzq11HWRRMfeuDW4VoLOyNE1Ra+U+IcluG7BbYOoV9KHVFT6icWvWnDFajLxnsXfseALkmfiMuGXyE1UvEFaWFwgHIk7"
    "R9qQ8TLhLxI4QZbg+MPgvxnwTX7KXzP4pwZ8bODAFXj/BwZ/34BDeW322eMTuMnCajpGm40cZQPDbDoUCvVhs1LX0s26"
    "o3QiWDIsnMDDMZFZVpUTm/oykH7DX7LpDxfbmTdb9Z255tk/08/u8XZG3QB0iaIBH9NC5ATK1NHGwr0t1NfbPakB8K0I"
    "xOxiSWU4Z0AJG4SeQa7pKYMvGHDSAHNkaIgeNziadlNem277hmn/v5h2fd5dyF1KFXxlQdciZygJ/cjily24tEjZ2xZ/"
    "y4LXzTxlZ01+xryJsuNmq47fCf+FwE/tKPua8C8JfN6i7CrhVwi2pXXbyhEAbIKTGhbOkhx/GaX4fGbb9En++N/0tA1C"
    "HR15WJqLe9rB8iqyn8WpKHGMLhgce/ufot0S2J15LLbafckoVSLA+9ALmQkY/uOTPalZFv/y6dnZ4pbb2yeETp2WXdHP"
    "aqLuMXysZT1dDsRcasAyjC1HeYiXoT/heIRu4ZvRCrl0qd09joMbDYvXuiJKGOvJM4aDFiP+BSu0ItI="
)
# The answer to the request for a clip of world "catch", for the whole recording, and for a clip
# before there was a frame.
CLIP_READY = bytes.fromhex(
    "0a066374726c5f3510025a93010a2439393536386465352d363334332d346331652d396361622d61323761373333"
    "61613866351204736e617021474444444444f43f29474444444444f43f30f8acbae2a0343a4c2f636c6970733f73"
    "657373696f6e5f69643d39393536386465352d363334332d346331652d396361622d613237613733336161386635"
    "2673746172743d302e30303026656e643d312e323637"
)
CLIP_FAILED = bytes.fromhex(
    "0a066374726c5f31100262180a166e6f206d656469612067656e65726174656420796574"
)
# The answers to the claim of an input track, and to a second claim.
PUBLISHED = bytes.fromhex("0a066374726c5f3110027200")
PUBLISH_REFUSED = bytes.fromhex(
    "0a066374726c5f321002c2022a0a0f7075626c6973685f726566757365641217747261636b20616c726561647920"
    "7075626c6973686564"
)
RECORDED: list[tuple[Channel, bytes]] = [
    (DATA, NOT_STARTED),
    (DATA, STARTED_REPLY),
    (DATA, ACKNOWLEDGED),
    (DATA, REFUSED_COMMAND),
    (DATA, REFUSED_STEP),
    (DATA, FIRST_FRAME),
    (CONTROL, SCHEMA),
    (CONTROL, CLIP_READY),
    (CONTROL, CLIP_FAILED),
    (CONTROL, PUBLISH_REFUSED),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
CHANNELS: st.SearchStrategy[Channel] = st.sampled_from([DATA, CONTROL])


def struct(data: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(data, struct_pb2.Struct())


def decode(message: Any, channel: Channel = DATA) -> Any:
    return WIRE.decode(channel, message.SerializeToString())


def decode_step(frame: Any) -> StepReply:
    reply = decode(
        data_pb2.DataServerMessage(
            kind=common_pb2.MESSAGE_KIND_RESPONSE,
            request_id="data_1",
            step_result=step_pb2.StepResult(
                step=1, tracks=[step_pb2.TrackFrames(track="t", frames=[frame])]
            ),
        )
    )
    assert isinstance(reply, StepReply)
    return reply


def length_delimited(tag: int, body: bytes) -> bytes:
    size = len(body)
    varint = bytearray()
    while size > 0x7F:
        varint.append(0x80 | size & 0x7F)
        size >>= 7
    return bytes([tag, *varint, size]) + body


def theirs_data(outgoing: Outgoing) -> Any:
    assert outgoing.channel == DATA
    return data_pb2.DataClientMessage.FromString(outgoing.payload)


def theirs_control(outgoing: Outgoing) -> Any:
    assert outgoing.channel == CONTROL
    return control_pb2.ControlClientMessage.FromString(outgoing.payload)


CAT = FileRef("u1", "cat.png", "image/png", 5)
CAT_FIELDS: dict[str, Any] = {
    "upload_id": "u1",
    "name": "cat.png",
    "mime_type": "image/png",
    "size": 5,
}


# -- our encoder, read by the runtime's own classes ---------------------------------------------


@given(name=st.text(), data=OBJECTS, request_id=st.text())
def test_the_runtime_reads_the_command_that_was_sent(
    name: str, data: dict[str, Any], request_id: str
) -> None:
    read = theirs_data(WIRE.command(Command(name, data), request_id))
    assert read == data_pb2.DataClientMessage(
        request_id=request_id,
        kind=common_pb2.MESSAGE_KIND_REQUEST,
        command=model_pb2.Command(type=name, data=struct(data)),
    )


def test_a_command_without_parameters_carries_an_empty_object() -> None:
    read = theirs_data(WIRE.command(Command("reset"), "data_1"))
    assert read.command.HasField("data")
    assert not read.command.data.fields


@given(first=OBJECTS, second=OBJECTS, state=OBJECTS)
def test_the_runtime_reads_the_step_request_that_was_sent(
    first: dict[str, Any], second: dict[str, Any], state: dict[str, Any]
) -> None:
    commands = [Command("a", first), Command("b", second)]
    read = theirs_data(WIRE.request_step(commands, state, "data_7"))
    expected = step_pb2.RequestStep(
        commands=[
            model_pb2.Command(type="a", data=struct(first)),
            model_pb2.Command(type="b", data=struct(second)),
        ]
    )
    if state:
        expected.state.CopyFrom(struct(state))
    assert read == data_pb2.DataClientMessage(
        request_id="data_7", kind=common_pb2.MESSAGE_KIND_REQUEST, request_step=expected
    )


def test_a_step_without_state_sets_none() -> None:
    read = theirs_data(WIRE.request_step([], {}, "data_7"))
    assert read.WhichOneof("payload") == "request_step"
    assert not read.request_step.HasField("state")


def test_the_runtime_reads_the_ping_as_a_notification() -> None:
    assert theirs_control(WIRE.ping()) == control_pb2.ControlClientMessage(
        kind=common_pb2.MESSAGE_KIND_NOTIFICATION, ping=platform_pb2.Ping()
    )


def test_a_ping_does_not_look_like_json() -> None:
    # The server takes a connection for protocol v0 when its first message begins like JSON.
    payload = WIRE.ping().payload
    assert isinstance(payload, bytes)
    assert payload[:1] not in (b"{", b"[", b" ", b"\t", b"\n", b"\r", b'"')


def test_the_runtime_reads_the_schema_request_with_its_id() -> None:
    assert theirs_control(WIRE.request_schema("ctrl_3")) == control_pb2.ControlClientMessage(
        request_id="ctrl_3",
        kind=common_pb2.MESSAGE_KIND_REQUEST,
        request_schema=platform_pb2.RequestSchema(),
    )


@given(name=st.text())
def test_the_runtime_reads_which_track_to_resume(name: str) -> None:
    assert theirs_control(WIRE.resume_track(name)) == control_pb2.ControlClientMessage(
        kind=common_pb2.MESSAGE_KIND_NOTIFICATION, resume_track=track_pb2.ResumeTrack(name=name)
    )


@given(name=st.text())
def test_the_runtime_reads_which_track_to_pause(name: str) -> None:
    assert theirs_control(WIRE.pause_track(name)) == control_pb2.ControlClientMessage(
        kind=common_pb2.MESSAGE_KIND_NOTIFICATION, pause_track=track_pb2.PauseTrack(name=name)
    )


def test_an_uploaded_file_travels_beside_the_data() -> None:
    # What reactor-runtime 3.10.0 handed its model as the file itself.
    read = theirs_data(WIRE.command(Command("one", {"image": CAT, "n": 3}), "data_1"))
    assert read.command == model_pb2.Command(
        type="one",
        data=struct({"n": 3}),
        uploads={"image": model_pb2.UploadReference(**CAT_FIELDS)},
    )


def test_an_uploaded_file_inside_a_parameter_stays_in_its_place() -> None:
    data = {"images": [CAT, {"deep": CAT}]}
    read = theirs_data(WIRE.request_step([Command("many", data)], {}, "data_1"))
    (command,) = read.request_step.commands
    assert command.data == struct({"images": [CAT_FIELDS, {"deep": CAT_FIELDS}]})
    assert not command.uploads


def test_an_uploaded_file_in_the_state_of_a_step_stays_in_its_place() -> None:
    read = theirs_data(WIRE.request_step([], {"picture": CAT}, "data_1"))
    assert read.request_step.state == struct({"picture": CAT_FIELDS})


def test_the_runtime_reads_the_media_of_a_step() -> None:
    frames = [np.full((2, 3, 3), level, np.uint8) for level in (1, 2)]
    media = {"camera": MediaInput(frames, 30.0)}
    read = theirs_data(WIRE.request_step([], {}, "data_1", media)).request_step
    (track,) = read.media_input
    assert (track.track, track.kind, track.rate) == ("camera", platform_pb2.TRACK_KIND_VIDEO, 30.0)
    for sent, expected in zip(track.frames, frames, strict=True):
        np.testing.assert_array_equal(decode_frame(sent, TrackKind.VIDEO).data, expected)


def test_the_runtime_reads_that_an_upload_is_complete() -> None:
    assert theirs_control(WIRE.file_uploaded(CAT)) == control_pb2.ControlClientMessage(
        kind=common_pb2.MESSAGE_KIND_NOTIFICATION,
        file_uploaded=platform_pb2.FileUploaded(**CAT_FIELDS),
    )


def test_the_runtime_reads_how_long_a_clip_is_wanted() -> None:
    assert theirs_control(WIRE.request_clip(2.5, "ctrl_5")) == control_pb2.ControlClientMessage(
        request_id="ctrl_5",
        kind=common_pb2.MESSAGE_KIND_REQUEST,
        request_clip=platform_pb2.RequestClip(duration_seconds=2.5),
    )


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_a_clip_without_length_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="`duration_seconds` must be positive, got"):
        WIRE.request_clip(seconds, "ctrl_5")


def test_the_runtime_reads_the_request_for_a_recording() -> None:
    assert theirs_control(WIRE.request_recording("ctrl_6")) == control_pb2.ControlClientMessage(
        request_id="ctrl_6",
        kind=common_pb2.MESSAGE_KIND_REQUEST,
        request_recording=platform_pb2.RequestRecording(),
    )


@given(name=st.text(), request_id=st.text())
def test_the_runtime_reads_which_track_is_claimed(name: str, request_id: str) -> None:
    assert theirs_control(WIRE.publish_track(name, request_id)) == control_pb2.ControlClientMessage(
        request_id=request_id,
        kind=common_pb2.MESSAGE_KIND_REQUEST,
        publish_track=track_pb2.PublishTrack(name=name),
    )


@given(name=st.text())
def test_the_runtime_reads_which_track_is_given_back(name: str) -> None:
    assert theirs_control(WIRE.unpublish_track(name)) == control_pb2.ControlClientMessage(
        kind=common_pb2.MESSAGE_KIND_NOTIFICATION,
        unpublish_track=track_pb2.UnpublishTrack(name=name),
    )


def test_a_parameter_that_is_no_json_value_is_named() -> None:
    with pytest.raises(ValueError, match=r"`data\['action'\]` must be a JSON value .* got object"):
        WIRE.command(Command("act", {"action": object()}), "data_1")


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda text: WIRE.command(Command(text), "data_1"), id="command"),
        pytest.param(lambda text: WIRE.publish_track(text, "ctrl_1"), id="publish_track"),
        pytest.param(lambda text: WIRE.file_uploaded(FileRef(text, "", "", 0)), id="upload"),
    ],
)
def test_a_name_no_encoding_can_write_is_a_value_error(send: Callable[[str], Outgoing]) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        send("\ud800")


def test_parameters_as_deep_as_allowed_can_be_read_in_a_step() -> None:
    data: dict[str, Any] = {}
    for _ in range(MAX_DEPTH - 1):
        data = {"deeper": data}
    read = theirs_data(WIRE.request_step([Command("act", data)], data, "data_1"))
    assert read.request_step.state == struct(data)


def test_parameters_and_state_may_be_any_mapping() -> None:
    data = MappingProxyType({"action": 1})
    read = theirs_data(WIRE.request_step([Command("act", data)], data, "data_1"))
    assert read.request_step.state == struct({"action": 1})
    assert read.request_step.commands[0].data == struct({"action": 1})


# -- messages as a real runtime sent them -------------------------------------------------------


def test_a_recorded_reply_answers_its_request() -> None:
    assert WIRE.decode(DATA, STARTED_REPLY) == ModelMessage(
        "episode_started",
        {"episode": 1.0, "width": 64.0, "height": 64.0, "fps": 15.0},
        request_id="data_1",
    )


def test_a_recorded_broadcast_answers_none() -> None:
    message = WIRE.decode(DATA, STARTED_BROADCAST)
    assert isinstance(message, ModelMessage)
    assert message.type == "episode_started"
    assert message.request_id == ""


def test_a_recorded_acknowledgement_names_its_request() -> None:
    assert WIRE.decode(DATA, ACKNOWLEDGED) == Ack("data_2")


def test_a_recorded_refusal_has_code_and_text() -> None:
    assert WIRE.decode(DATA, REFUSED_COMMAND) == Failure(
        "data_3", "invalid_command", "action: 9.0 > le(2)"
    )


def test_a_recorded_refused_step_has_the_models_text() -> None:
    assert WIRE.decode(DATA, NOT_STARTED) == StepReply(
        request_id="data_1",
        step=0,
        tracks={},
        elapsed_seconds=0.0,
        error="no episode was started: send reset first",
        failure="refused",
    )


def test_a_recorded_step_with_a_bad_command_names_it() -> None:
    reply = WIRE.decode(DATA, REFUSED_STEP)
    assert isinstance(reply, StepReply)
    assert reply.failure == "refused"
    assert reply.entry == "commands[0]"
    assert reply.error == "commands[0] is refused: action: 9.0 > le(2)"


def test_recorded_steps_are_the_frames_of_the_game_itself() -> None:
    game = CatchEnv()
    reset, _ = game.reset(seed=1)
    stepped, *_ = game.step(2)
    for recorded, number, expected in ((FIRST_FRAME, 1, reset), (SECOND_FRAME, 2, stepped)):
        reply = WIRE.decode(DATA, recorded)
        assert isinstance(reply, StepReply)
        assert reply.step == number
        assert reply.error is None
        assert reply.failure == ""
        assert 0 < reply.elapsed_seconds < 1
        (frame,) = reply.tracks["main_video"]
        np.testing.assert_array_equal(frame.array, expected)
        assert json.loads(frame.user_data)["step"] == number - 1


def test_a_recorded_clip_arrives_with_all_its_fields() -> None:
    assert WIRE.decode(CONTROL, CLIP_READY) == ClipReady(
        request_id="ctrl_5",
        session_id="99568de5-6343-4c1e-9cab-a27a733aa8f5",
        kind="snap",
        start_marker=0.0,
        end_marker=1.2666666666666673,
        now_marker=1.2666666666666673,
        predicted_ready_at_ms=1795502806648,
        playlist_url="/clips?session_id=99568de5-6343-4c1e-9cab-a27a733aa8f5&start=0.000&end=1.267",
    )


def test_a_recorded_refusal_of_a_clip_arrives_with_its_reason() -> None:
    assert WIRE.decode(CONTROL, CLIP_FAILED) == ClipFailed("ctrl_1", "no media generated yet")


def test_recorded_answers_to_a_claim_name_their_request() -> None:
    assert WIRE.decode(CONTROL, PUBLISHED) == Ack("ctrl_1")
    assert WIRE.decode(CONTROL, PUBLISH_REFUSED) == Failure(
        "ctrl_2", "publish_refused", "track already published"
    )


def test_a_recorded_schema_is_the_openapi_document() -> None:
    reply = WIRE.decode(CONTROL, SCHEMA)
    assert isinstance(reply, SchemaReply)
    assert reply.request_id == "ctrl_4"
    assert reply.openapi["info"]["title"] == "catch"
    assert set(reply.openapi["paths"]) == {"/events/reset", "/events/act"}


# -- the runtime's own classes, read by our decoder ---------------------------------------------


@given(kind=st.text(), data=OBJECTS, request_id=st.text())
def test_a_model_message_arrives_with_its_fields(
    kind: str, data: dict[str, Any], request_id: str
) -> None:
    message = data_pb2.DataServerMessage(
        request_id=request_id, message=model_pb2.ModelMessage(type=kind, data=struct(data))
    )
    assert decode(message) == ModelMessage(kind, data, request_id)


@given(request_id=st.text(), code=st.text(), text=st.text(), channel=CHANNELS)
def test_an_error_arrives_on_either_channel(
    request_id: str, code: str, text: str, channel: Channel
) -> None:
    kind = data_pb2.DataServerMessage if channel == DATA else control_pb2.ControlServerMessage
    message = kind(request_id=request_id, error=common_pb2.Error(code=code, message=text))
    assert decode(message, channel) == Failure(request_id, code, text)


def test_a_bare_response_on_control_acknowledges_its_request() -> None:
    message = control_pb2.ControlServerMessage(
        request_id="ctrl_1", kind=common_pb2.MESSAGE_KIND_RESPONSE
    )
    assert decode(message, CONTROL) == Ack("ctrl_1")


def test_a_bare_notification_needs_no_reaction() -> None:
    kind = common_pb2.MESSAGE_KIND_NOTIFICATION
    assert decode(data_pb2.DataServerMessage(request_id="x", kind=kind)) is None


def test_a_message_of_a_newer_server_needs_no_reaction() -> None:
    # A payload number no version used so far: field 99, an empty submessage.
    assert WIRE.decode(CONTROL, bytes.fromhex("1003") + b"\x9a\x06\x00") is None


@given(reason=st.text())
def test_the_end_of_a_session_arrives_with_its_reason(reason: str) -> None:
    ended = platform_pb2.SessionEnded(reason=reason)
    message = control_pb2.ControlServerMessage(session_ended=ended)
    assert decode(message, CONTROL) == SessionEnded(reason)


def test_a_moderation_verdict_arrives_with_all_its_fields() -> None:
    verdict = platform_pb2.Moderation(
        action="block", input_kind="text", command="prompt", categories=["a", "b"], message="no"
    )
    message = control_pb2.ControlServerMessage(moderation=verdict)
    assert decode(message, CONTROL) == Moderation("block", "text", "prompt", ("a", "b"), "no")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("REFUSED", "refused"),
        ("NOT_READY", "not_ready"),
        ("FAILED", "failed"),
        ("RESULT_TOO_LARGE", "result_too_large"),
        ("COMMAND_FAILED", "command_failed"),
        ("SESSION_ENDED", "session_ended"),
    ],
)
def test_each_failure_of_a_step_has_its_word(theirs: str, ours: str) -> None:
    code = step_pb2.StepFailureCode.Value(f"STEP_FAILURE_CODE_{theirs}")
    result = step_pb2.StepResult(failure_code=code, error="why", code="own", entry="state.a")
    reply = decode(data_pb2.DataServerMessage(request_id="data_1", step_result=result))
    assert reply == StepReply("data_1", 0, {}, 0.0, "why", ours, "own", "state.a")


def test_a_kind_of_failure_this_client_does_not_know_is_a_failure() -> None:
    reply = WIRE.decode(DATA, bytes.fromhex("5a023063"))  # step_result {failure_code: 99}
    assert isinstance(reply, StepReply)
    assert reply.failure == "failed"


def test_an_error_text_that_is_empty_is_still_an_error() -> None:
    reply = decode(data_pb2.DataServerMessage(step_result=step_pb2.StepResult(error="")))
    assert reply.error == ""


def test_step_frames_keep_dtype_shape_and_order() -> None:
    arrays = [np.arange(6, dtype=np.float32).reshape(1, 6) + start for start in (0, 10)]
    track = step_pb2.TrackFrames(
        track="latent",
        frames=[
            step_pb2.Frame(
                encoding=step_pb2.FRAME_ENCODING_RAW,
                dtype="float32",
                shape=array.shape,
                data=array.tobytes(),
                metadata=b"{}",
                capture_time_us=5,
            )
            for array in arrays
        ],
    )
    result = step_pb2.StepResult(step=2**40, tracks=[track], elapsed_seconds=0.25)
    reply = decode(data_pb2.DataServerMessage(request_id="data_1", step_result=result))
    assert reply.step == 2**40
    assert reply.elapsed_seconds == 0.25
    frames = reply.tracks["latent"]
    np.testing.assert_array_equal([frame.array for frame in frames], arrays)
    assert frames[0].array.dtype == np.float32
    assert (frames[0].user_data, frames[0].capture_time_us) == (b"{}", 5)


def test_a_step_frame_without_metadata_has_none() -> None:
    frame = step_pb2.Frame(dtype="uint8", shape=[1], data=b"\x07")
    (read,) = decode_step(frame).tracks["t"]
    assert (read.user_data, read.capture_time_us) == (b"", None)


def test_a_step_frame_cannot_be_written_to() -> None:
    frame = step_pb2.Frame(dtype="uint8", shape=[1], data=b"\x07")
    assert not decode_step(frame).tracks["t"][0].array.flags.writeable


@pytest.mark.parametrize("field", ["start_marker", "end_marker", "now_marker"])
def test_a_clip_marker_that_is_no_number_is_an_error(field: str) -> None:
    clip = platform_pb2.ClipReady(**{field: math.nan})
    with pytest.raises(ProtocolError, match=f"a finite number as {field}, got nan"):
        decode(control_pb2.ControlServerMessage(clip_ready=clip), CONTROL)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(
            step_pb2.Frame(dtype="uint8", shape=[2, 2], data=b"\x00" * 3),
            "needs 4 bytes",
            id="size",
        ),
        pytest.param(step_pb2.Frame(dtype="object", shape=[0]), "plain number", id="objects"),
        pytest.param(step_pb2.Frame(dtype="float33", shape=[0]), "float33", id="unknown dtype"),
        pytest.param(step_pb2.Frame(dtype=">u2", shape=[0]), "'>u2'", id="big-endian"),
        pytest.param(
            step_pb2.Frame(encoding=step_pb2.FRAME_ENCODING_H264), "encoding 2", id="encoded"
        ),
        pytest.param(
            step_pb2.Frame(dtype="uint8", shape=[2**31, 2**31, 4]),
            "needs 18446744073709551616 bytes",
            id="overflow",
        ),
        pytest.param(
            step_pb2.Frame(dtype="uint8", shape=[1] * 100, data=b"a"), "malformed", id="dimensions"
        ),
        pytest.param(step_pb2.Frame(dtype=",", shape=[0]), "plain number", id="odd dtype"),
    ],
)
def test_a_step_frame_that_contradicts_itself_is_an_error(frame: Any, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode_step(frame)


def test_a_video_frame_that_is_no_picture_is_an_error() -> None:
    frame = step_pb2.Frame(dtype="uint8", shape=[2, 2], data=bytes(4))
    kind = platform_pb2.TRACK_KIND_VIDEO
    track = step_pb2.TrackFrames(track="t", kind=kind, frames=[frame])
    result = step_pb2.StepResult(tracks=[track])
    with pytest.raises(ProtocolError, match=r"uint8 video, got uint8 \(2, 2\)"):
        decode(data_pb2.DataServerMessage(step_result=result))


def test_a_track_that_comes_twice_is_an_error() -> None:
    result = step_pb2.StepResult(tracks=[step_pb2.TrackFrames(track="t")] * 2)
    with pytest.raises(ProtocolError, match="each output track once, got 't' again"):
        decode(data_pb2.DataServerMessage(step_result=result))


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_number_json_cannot_express_is_an_error(number: float) -> None:
    message = model_pb2.ModelMessage(type="x")
    message.data.fields["a"].number_value = number
    with pytest.raises(ProtocolError, match="malformed message"):
        decode(data_pb2.DataServerMessage(message=message))


def test_a_message_nested_too_deep_is_an_error() -> None:
    inner = struct_pb2.Value(null_value=struct_pb2.NULL_VALUE).SerializeToString()
    for _ in range(2000):  # Value {list_value {values: inner}}, by hand: no library nests so deep
        inner = length_delimited(0x32, length_delimited(0x0A, inner))
    fields = length_delimited(0x0A, b"\x0a\x01a" + length_delimited(0x12, inner))
    message = length_delimited(0x52, length_delimited(0x12, fields))
    with pytest.raises(ProtocolError, match="malformed message"):
        WIRE.decode(DATA, message)


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80"], ids=["no UTF-8", "lone surrogate"])
def test_text_that_is_not_unicode_is_an_error(text: bytes) -> None:
    with pytest.raises(ProtocolError, match="malformed message"):
        WIRE.decode(DATA, length_delimited(0x52, length_delimited(0x0A, text)))


def test_text_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="expected protobuf on channel 'data', got text"):
        WIRE.decode(DATA, "{}")


# -- whatever arrives ---------------------------------------------------------------------------


@given(channel=CHANNELS, payload=st.binary() | st.text())
def test_any_payload_gives_a_message_or_a_protocol_error(
    channel: Channel, payload: bytes | str
) -> None:
    with contextlib.suppress(ProtocolError):
        WIRE.decode(channel, payload)


@given(
    recorded=st.sampled_from(RECORDED),
    position=st.integers(0, 120),
    cut=st.integers(0, 4),
    insert=st.binary(max_size=4),
)
@example(recorded=RECORDED[0], position=0, cut=10**6, insert=b"")
def test_a_damaged_message_gives_a_message_or_a_protocol_error(
    recorded: tuple[Channel, bytes], position: int, cut: int, insert: bytes
) -> None:
    channel, payload = recorded
    with contextlib.suppress(ProtocolError):
        WIRE.decode(channel, payload[:position] + insert + payload[position + cut :])


# -- both schemas side by side ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (pb.DataClientMessage, data_pb2.DataClientMessage),
        (pb.DataServerMessage, data_pb2.DataServerMessage),
        (pb.ControlClientMessage, control_pb2.ControlClientMessage),
        (pb.ControlServerMessage, control_pb2.ControlServerMessage),
    ],
)
def test_every_field_has_the_number_and_type_the_runtime_gives_it(
    ours: type[Message], theirs: type[Message]
) -> None:
    compared: set[str] = set()

    def compare(mine: Any, other: Any) -> None:
        if mine.full_name in compared or mine.file.package == "google.protobuf":
            return
        compared.add(mine.full_name)
        for field in mine.fields:
            twin = other.fields_by_name[field.name]
            assert (field.number, field.type, field.is_repeated, field.has_presence) == (
                twin.number,
                twin.type,
                twin.is_repeated,
                twin.has_presence,
            ), field.full_name
            if field.message_type is not None:
                compare(field.message_type, twin.message_type)
            if field.enum_type is not None:
                values = {value.name: value.number for value in twin.enum_type.values}
                assert {v.name: v.number for v in field.enum_type.values} == values

    compare(ours.DESCRIPTOR, theirs.DESCRIPTOR)
    assert compared
