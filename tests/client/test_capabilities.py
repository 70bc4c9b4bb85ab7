from __future__ import annotations

from typing import Any

import pytest

from reactor_env.client.capabilities import with_commands, with_measured_fps
from reactor_env.client.types import Capabilities, CommandCapability, TrackCapability

NOTHING = Capabilities("v0", (TrackCapability("main_video", "video", "recvonly"),))
ACTION = {"type": "object", "properties": {"action": {"type": "integer"}}}
DOCUMENT = {
    "paths": {
        "/events/act": {
            "post": {
                "summary": "Move.",
                "requestBody": {"content": {"application/json": {"schema": ACTION}}},
            }
        },
        "/events/stop": {"post": {}},
        "/events/watch": {"get": {}},
        "/health": {"post": {}},
    }
}


def test_commands_the_server_leaves_out_come_from_the_schema() -> None:
    filled = with_commands(NOTHING, DOCUMENT)
    assert filled.commands == (CommandCapability("act", "Move.", ACTION), CommandCapability("stop"))
    assert filled.tracks == NOTHING.tracks


def test_commands_the_server_lists_are_kept() -> None:
    listed = Capabilities("v0", (), commands=(CommandCapability("fly"),))
    assert with_commands(listed, DOCUMENT) is listed


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paths": None},
        {"paths": []},
        {"paths": {"/events/act": None}},
        {"paths": {"/events/act": {"post": "act"}}},
    ],
    ids=str,
)
def test_a_schema_without_commands_has_none(document: dict[str, Any]) -> None:
    assert with_commands(NOTHING, document).commands == ()


@pytest.mark.parametrize(
    "operation",
    [
        {"requestBody": None, "summary": 5},
        {"requestBody": {"content": []}},
        {"requestBody": {"content": {"application/json": {"schema": "any"}}}},
    ],
    ids=str,
)
def test_a_command_that_is_badly_described_has_a_name_at_least(operation: Any) -> None:
    document = {"paths": {"/events/act": {"post": operation}}}
    assert with_commands(NOTHING, document).commands == (CommandCapability("act"),)


def test_a_rate_that_was_measured_is_said_to_be() -> None:
    measured = with_measured_fps(NOTHING, 23.9)
    assert (measured.emission_fps, measured.emission_fps_measured) == (23.9, True)


def test_a_rate_the_server_announced_counts() -> None:
    announced = Capabilities("v0", (), emission_fps=30.0)
    assert with_measured_fps(announced, 23.9) is announced


def test_no_rate_is_no_rate() -> None:
    assert with_measured_fps(NOTHING, None) is NOTHING
