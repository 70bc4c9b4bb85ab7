from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.coordinator.parsing import parse_session, parse_track
from reactor_env.client.errors import ProtocolError
from reactor_env.client.types import (
    CommandCapability,
    ModelInfo,
    ServerInfo,
    TrackCapability,
    TransportInfo,
)
from tests.client.coordinator.descriptions import HOSTED, LOCAL, VIDEO


def test_a_local_description_is_read() -> None:
    session = parse_session(LOCAL)
    assert session.session_id == LOCAL["session_id"]
    assert session.selected_transport == TransportInfo("webrtc", "1.0")
    assert session.model == ModelInfo("catch")
    assert session.state == "waiting"
    assert session.generation == "stepped"
    assert session.server_info == ServerInfo("3.10.0")
    assert session.cluster == "local"
    assert session.capabilities.protocol_version == "v0"
    assert session.capabilities.tracks == (TrackCapability("main_video", "video", "recvonly"),)
    assert session.capabilities.commands == ()
    assert session.capabilities.emission_fps is None


def test_a_hosted_description_is_read() -> None:
    session = parse_session(HOSTED)
    assert (session.session_id, session.state, session.cluster) == ("s1", "WAITING", "eu")
    assert session.model == ModelInfo("reactor/m", "v1")
    assert session.server_info is None


def test_a_description_that_says_nothing_is_an_empty_session() -> None:
    session = parse_session({})
    assert (session.session_id, session.model, session.state) == ("", ModelInfo(""), "")
    assert session.selected_transport is None
    assert session.capabilities.tracks == ()
    assert (session.generation, session.server_info, session.cluster) == (None, None, None)


def test_null_says_nothing() -> None:
    assert parse_session(dict.fromkeys(LOCAL)) == parse_session({})


def test_a_description_may_list_commands_and_a_rate() -> None:
    offered = {
        "commands": [
            {"name": "act", "description": "Do it.", "schema": {"type": "object"}},
            {"name": "stop", "schema": None},
        ],
        "emission_fps": 24,
    }
    capabilities = parse_session({"capabilities": offered}).capabilities
    assert capabilities.commands == (
        CommandCapability("act", "Do it.", {"type": "object"}),
        CommandCapability("stop"),
    )
    assert (capabilities.emission_fps, capabilities.emission_fps_measured) == (24.0, False)


@pytest.mark.parametrize("word", ["lockstep", "", None, 5, ["stepped"]])
def test_a_way_to_generate_that_nobody_knows_is_not_told(word: Any) -> None:
    assert parse_session({"generation": word}).generation is None


@pytest.mark.parametrize(("rate", "fps"), [(None, None), (0, None), (0.5, 0.5), (30, 30.0)])
def test_a_rate_of_nothing_is_no_rate(rate: Any, fps: float | None) -> None:
    assert parse_session({"capabilities": {"emission_fps": rate}}).capabilities.emission_fps == fps


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"session_id": 5}, "expected `session_id` to be a string, got 5"),
        ({"model": "m"}, "expected `model` to be an object, got 'm'"),
        ({"model": {"name": 5}}, "expected `name` to be a string, got 5"),
        ({"capabilities": []}, r"expected `capabilities` to be an object, got \[\]"),
        ({"capabilities": {"tracks": {}}}, None),
        ({"capabilities": {"tracks": "video"}}, "expected `tracks` to be a list of objects"),
        ({"capabilities": {"tracks": [5]}}, "expected `tracks` to be a list of objects"),
        ({"capabilities": {"commands": ["act"]}}, "expected `commands` to be a list of objects"),
        ({"capabilities": {"emission_fps": "24"}}, "expected `emission_fps` to be a number"),
        ({"capabilities": {"emission_fps": True}}, "expected `emission_fps` to be a number"),
        ({"capabilities": {"emission_fps": math.nan}}, "expected `emission_fps` to be a number"),
        ({"capabilities": {"emission_fps": math.inf}}, "expected `emission_fps` to be a number"),
        ({"capabilities": {"emission_fps": -1}}, "expected `emission_fps` to be a number"),
        ({"capabilities": {"emission_fps": 10**400}}, "expected `emission_fps` to be a number"),
        ({"selected_transport": "webrtc"}, "expected `selected_transport` to be an object"),
        ({"server_info": 3}, "expected `server_info` to be an object"),
    ],
    ids=str,
)
def test_a_field_of_another_kind_is_named(described: dict[str, Any], message: str | None) -> None:
    if message is None:  # empty, whatever it is
        assert parse_session(described) == parse_session({})
        return
    with pytest.raises(ProtocolError, match=message):
        parse_session(described)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": None},
        {"kind": "text"},
        {"kind": None},
        {"direction": "out"},
        {"direction": "sendrecv"},
    ],
    ids=str,
)
def test_a_track_must_be_whole(changed: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="expected a track with a `name`, `kind` video or"):
        parse_track(VIDEO | changed)


FIELDS = [*LOCAL, "tracks", "commands", "name", "kind", "direction", "emission_fps", "schema"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_no_description_can_hurt_its_reader(described: dict[str, Any]) -> None:
    try:
        session = parse_session(described)
    except ProtocolError:
        return
    assert isinstance(session.session_id, str)
    assert all(track.name for track in session.capabilities.tracks)
