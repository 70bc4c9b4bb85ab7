from __future__ import annotations

import contextlib
import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import GenerationModeError, ProtocolError
from reactor_env.client.types import FileRef
from reactor_env.client.wire.json_v0 import MAX_MESSAGE_SIZE, JsonWire
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    ClipFailed,
    ClipReady,
    Command,
    Failure,
    ModelMessage,
    Moderation,
    Outgoing,
    RuntimeMessage,
    SchemaReply,
    SessionEnded,
)

WIRE = JsonWire()

# What reactor-runtime 3.10.0 sent for world "catch" after a reset, without the chunking header.
RECORDED = (
    '{"scope": "application", "data": {"type": "episode_started", '
    '"data": {"height": 64.0, "fps": 15.0, "episode": 1.0, "width": 64.0}}}'
)

# What it sent for a clip of world "catch", and before there was a frame to cut one from.
CLIP_READY = (
    '{"scope": "runtime", "data": {"type": "clipReady", "data": '
    '{"session_id": "a595323b-3644-4470-8ef2-bc4c8e1d62c2", "kind": "snap", '
    '"start_marker": 0.0, "end_marker": 1.3333333333333341, "now_marker": 1.3333333333333341, '
    '"predicted_ready_at_ms": 1795502816439, "playlist_url": '
    '"/clips?session_id=a595323b-3644-4470-8ef2-bc4c8e1d62c2&start=0.000&end=1.333"}}}'
)
CLIP_FAILED = (
    '{"scope": "runtime", "data": {"type": "clipFailed", '
    '"data": {"reason": "no media generated yet"}}}'
)
# What it answered to the claim of an input track, and to a second claim.
PUBLISHED = '{"type": "response", "method": "publish_track", "request_id": "ctrl_1", "data": {}}'
REFUSED = (
    '{"type": "response", "method": "publish_track", "request_id": "ctrl_2", '
    '"error": {"code": "publish_refused", "message": "track already published"}}'
)

CAT = FileRef("u1", "cat.png", "image/png", 5)
CAT_REFERENCE = {"upload_id": "u1", "name": "cat.png", "mime_type": "image/png", "size": 5}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=4)
CHANNELS: st.SearchStrategy[Channel] = st.sampled_from([DATA, CONTROL])
# Objects made of the words the decoder knows, at places where it does not expect them.
WORDS = st.sampled_from(
    [
        *("scope", "application", "runtime", "type", "data", "response", "error", "code"),
        *("moderation", "modelSchema", "sessionEnded", "categories", "request_id", "message"),
        *("clipReady", "clipFailed", "start_marker", "predicted_ready_at_ms", "reason"),
    ]
)
LOOKALIKES = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.dictionaries(WORDS, inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)


def data(inner: Any, scope: str = "runtime") -> Any:
    return WIRE.decode(DATA, json.dumps({"scope": scope, "data": inner}))


def control(document: Any) -> Any:
    return WIRE.decode(CONTROL, json.dumps(document))


def sent(outgoing: Outgoing) -> Any:
    assert isinstance(outgoing.payload, str)
    return json.loads(outgoing.payload)


# -- sending ------------------------------------------------------------------------------------


@given(name=st.text(), fields=OBJECTS)
def test_a_command_is_an_application_message(name: str, fields: dict[str, Any]) -> None:
    outgoing = WIRE.command(Command(name, fields), "data_1")
    assert outgoing.channel == DATA
    assert sent(outgoing) == {"scope": "application", "data": {"type": name, "data": fields}}


def test_the_runtimes_own_messages_are_runtime_scoped() -> None:
    # Exactly what reactor-runtime 3.10.0 accepted.
    assert WIRE.ping() == Outgoing(DATA, '{"scope":"runtime","data":{"type":"ping","data":{}}}')
    assert WIRE.request_schema("x") == Outgoing(
        DATA, '{"scope":"runtime","data":{"type":"requestSchema","data":{}}}'
    )


def test_tracks_are_resumed_and_paused_by_a_notification_on_control() -> None:
    expected = '{"type":"notification","event":"resume_track","data":{"name":"main_video"}}'
    assert WIRE.resume_track("main_video") == Outgoing(CONTROL, expected)
    assert WIRE.pause_track("main_video") == Outgoing(CONTROL, expected.replace("resume", "pause"))


def test_an_uploaded_file_travels_beside_the_data() -> None:
    # What reactor-runtime 3.10.0 handed its model as the file itself.
    outgoing = WIRE.command(Command("one", {"image": CAT, "n": 3}), "")
    assert sent(outgoing)["data"] == {
        "type": "one",
        "data": {"n": 3},
        "uploads": {"image": CAT_REFERENCE},
    }


def test_an_uploaded_file_inside_a_parameter_stays_in_its_place() -> None:
    outgoing = WIRE.command(Command("many", {"images": [CAT, {"deep": CAT}]}), "")
    assert sent(outgoing)["data"] == {
        "type": "many",
        "data": {"images": [CAT_REFERENCE, {"deep": CAT_REFERENCE}]},
    }


def test_the_end_of_an_upload_is_a_runtime_message() -> None:
    assert sent(WIRE.file_uploaded(CAT)) == {
        "scope": "runtime",
        "data": {"type": "fileUploaded", "data": CAT_REFERENCE},
    }


def test_clips_are_requested_by_a_runtime_message() -> None:
    # Exactly what reactor-runtime 3.10.0 answered.
    assert WIRE.request_clip(2, "x") == Outgoing(
        DATA,
        '{"scope":"runtime","data":{"type":"requestClip","data":{"duration_seconds":2.0}}}',
    )
    assert WIRE.request_recording("x") == Outgoing(
        DATA, '{"scope":"runtime","data":{"type":"requestRecording","data":{}}}'
    )


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_a_clip_without_length_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="`duration_seconds` must be positive, got"):
        WIRE.request_clip(seconds, "x")


def test_a_track_is_claimed_by_a_request_and_given_back_by_a_notification() -> None:
    # Exactly what reactor-runtime 3.10.0 granted.
    assert WIRE.publish_track("camera", "ctrl_1") == Outgoing(
        CONTROL,
        '{"type":"request","method":"publish_track","request_id":"ctrl_1",'
        '"data":{"name":"camera"}}',
    )
    assert WIRE.unpublish_track("camera") == Outgoing(
        CONTROL, '{"type":"notification","event":"unpublish_track","data":{"name":"camera"}}'
    )


def test_a_step_cannot_be_requested() -> None:
    with pytest.raises(GenerationModeError, match='needs wire="protobuf"'):
        WIRE.request_step([], {}, "data_1")


def test_no_command_is_answered() -> None:
    assert not WIRE.answers_commands


def test_a_message_may_have_exactly_the_limit() -> None:
    overhead = len(str(WIRE.command(Command("say", {"text": ""}), "").payload))
    text = "x" * (MAX_MESSAGE_SIZE - overhead)
    assert len(str(WIRE.command(Command("say", {"text": text}), "").payload)) == MAX_MESSAGE_SIZE
    with pytest.raises(ValueError, match=f"may have {MAX_MESSAGE_SIZE} bytes, 'say' has"):
        WIRE.command(Command("say", {"text": text + "x"}), "")


def test_a_parameter_that_is_no_json_value_is_named() -> None:
    with pytest.raises(ValueError, match=r"`data\['action'\]` must be a JSON value .* got object"):
        WIRE.command(Command("act", {"action": object()}), "")


def test_a_command_name_no_encoding_can_write_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        WIRE.command(Command("\ud800"), "")


def test_parameters_may_be_any_mapping() -> None:
    outgoing = WIRE.command(Command("act", MappingProxyType({"action": 1})), "")
    assert sent(outgoing)["data"]["data"] == {"action": 1}


# -- receiving ----------------------------------------------------------------------------------


def test_a_recorded_message_arrives_with_its_fields() -> None:
    assert WIRE.decode(DATA, RECORDED) == ModelMessage(
        "episode_started", {"height": 64.0, "fps": 15.0, "episode": 1.0, "width": 64.0}
    )


def test_bytes_are_read_like_text() -> None:
    assert WIRE.decode(DATA, RECORDED.encode()) == WIRE.decode(DATA, RECORDED)


@given(kind=st.text(), fields=OBJECTS)
def test_a_message_without_a_scope_is_the_models(kind: str, fields: dict[str, Any]) -> None:
    message = WIRE.decode(DATA, json.dumps({"type": kind, "data": fields}))
    assert message == ModelMessage(kind, fields)


def test_a_message_without_data_has_no_fields() -> None:
    assert data({"type": "started"}, "application") == ModelMessage("started", {})


def test_a_schema_arrives() -> None:
    openapi = {"openapi": "3.1.0", "paths": {}}
    assert data({"type": "modelSchema", "data": openapi}) == SchemaReply("", openapi)


def test_the_end_of_a_session_arrives() -> None:
    assert data({"type": "sessionEnded", "data": {"reason": "idle"}}) == SessionEnded("idle")


def test_a_moderation_verdict_arrives_with_all_its_fields() -> None:
    verdict = {
        "action": "block",
        "input_kind": "text",
        "command": "prompt",
        "categories": ["a", "b"],
        "message": "no",
    }
    expected = Moderation("block", "text", "prompt", ("a", "b"), "no")
    assert data({"type": "moderation", "data": verdict}) == expected


def test_fields_that_are_missing_or_null_are_empty() -> None:
    verdict = {"action": None, "categories": None}
    assert data({"type": "moderation", "data": verdict}) == Moderation("", "", "", (), "")
    assert data({"type": "sessionEnded", "data": None}) == SessionEnded("")


def test_a_recorded_clip_arrives_with_all_its_fields() -> None:
    assert WIRE.decode(DATA, CLIP_READY) == ClipReady(
        request_id="",
        session_id="a595323b-3644-4470-8ef2-bc4c8e1d62c2",
        kind="snap",
        start_marker=0.0,
        end_marker=1.3333333333333341,
        now_marker=1.3333333333333341,
        predicted_ready_at_ms=1795502816439,
        playlist_url="/clips?session_id=a595323b-3644-4470-8ef2-bc4c8e1d62c2&start=0.000&end=1.333",
    )


def test_a_recorded_refusal_of_a_clip_arrives_with_its_reason() -> None:
    assert WIRE.decode(DATA, CLIP_FAILED) == ClipFailed("", "no media generated yet")


def test_recorded_answers_to_a_claim_name_their_request() -> None:
    assert WIRE.decode(CONTROL, PUBLISHED) == Ack("ctrl_1")
    assert WIRE.decode(CONTROL, REFUSED) == Failure(
        "ctrl_2", "publish_refused", "track already published"
    )


def test_an_unknown_runtime_message_arrives_raw() -> None:
    assert data({"type": "news", "data": {"a": 1}}) == RuntimeMessage("news", {"a": 1})


def test_a_response_without_an_error_acknowledges() -> None:
    assert control({"type": "response", "request_id": "ctrl_1"}) == Ack("ctrl_1")


def test_a_response_with_an_error_is_a_failure() -> None:
    document = {"type": "response", "request_id": "c", "error": {"code": "x", "message": "y"}}
    assert control(document) == Failure("c", "x", "y")


def test_a_notification_needs_no_reaction() -> None:
    assert control({"type": "notification", "event": "track_published"}) is None


@pytest.mark.parametrize(
    ("channel", "payload", "reason"),
    [
        pytest.param(DATA, "", "expected JSON", id="nothing"),
        pytest.param(DATA, "{", "expected JSON", id="cut off"),
        pytest.param(DATA, b"\xff\xfe\xfd", "expected JSON", id="not text"),
        pytest.param(DATA, "[" * 100_000, "expected JSON", id="too deep"),
        pytest.param(DATA, "[]", "a JSON object on channel 'data', got list", id="a list"),
        pytest.param(CONTROL, "5", "a JSON object on channel 'control', got int", id="a number"),
        pytest.param(DATA, "{}", "expected {'type', 'data'}", id="no type"),
        pytest.param(DATA, '{"type": 5}', "expected {'type', 'data'}", id="a type that is none"),
        pytest.param(DATA, '{"scope": "runtime"}', "in scope 'runtime'", id="scope only"),
        pytest.param(DATA, '{"type": "a", "data": 5}', "an object as data of 'a'", id="data"),
        pytest.param(CONTROL, '{"type": "response", "error": 5}', "as error, got 5", id="error"),
        pytest.param(
            CONTROL, '{"type": "response", "request_id": 5}', "a string as request_id", id="id"
        ),
        pytest.param(DATA, '{"type": "a", "data": []}', "an object as data of 'a'", id="data list"),
        pytest.param(DATA, '{"type": "a", "data": {"x": 1e999}}', "no double", id="overflow"),
        pytest.param(
            DATA,
            '{"scope": "runtime", "data": {"type": "moderation", "data": {"categories": [5]}}}',
            "a list of strings as categories",
            id="categories",
        ),
        pytest.param(
            DATA,
            '{"scope": "runtime", "data": {"type": "sessionEnded", "data": {"reason": 5}}}',
            "a string as reason, got 5",
            id="reason",
        ),
        pytest.param(
            DATA, CLIP_READY.replace("0.0", "true"), "a number as start_marker, got True", id="bool"
        ),
    ],
)
def test_what_is_not_the_documented_shape_is_an_error(
    channel: Channel, payload: bytes | str, reason: str
) -> None:
    with pytest.raises(ProtocolError, match=reason):
        WIRE.decode(channel, payload)


def test_an_error_quotes_only_the_beginning() -> None:
    with pytest.raises(ProtocolError) as raised:
        WIRE.decode(DATA, json.dumps({"scope": "x", "data": "y" * 10_000}))
    assert len(str(raised.value)) < 400


@given(channel=CHANNELS, payload=st.binary() | st.text() | JSON.map(json.dumps))
def test_any_payload_gives_a_message_or_a_protocol_error(
    channel: Channel, payload: bytes | str
) -> None:
    with contextlib.suppress(ProtocolError):
        WIRE.decode(channel, payload)


@given(
    recorded=st.sampled_from(
        [(DATA, RECORDED), (DATA, CLIP_READY), (DATA, CLIP_FAILED), (CONTROL, REFUSED)]
    ),
    position=st.integers(0, 400),
    cut=st.integers(0, 4),
    insert=st.binary(max_size=4),
)
def test_a_damaged_message_gives_a_message_or_a_protocol_error(
    recorded: tuple[Channel, str], position: int, cut: int, insert: bytes
) -> None:
    channel, text = recorded
    payload = text.encode()
    with contextlib.suppress(ProtocolError):
        WIRE.decode(channel, payload[:position] + insert + payload[position + cut :])


@given(channel=CHANNELS, document=LOOKALIKES)
def test_almost_a_message_gives_a_message_or_a_protocol_error(
    channel: Channel, document: Any
) -> None:
    with contextlib.suppress(ProtocolError):
        WIRE.decode(channel, json.dumps(document))
