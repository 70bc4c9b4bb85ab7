from __future__ import annotations

import json
from typing import Any, cast

import gymnasium as gym
import pytest

from reactor_env.cli import main
from reactor_env.cli.inspect import describe
from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema, TrackSchema
from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError


class _TextModel:
    """Stands in for an environment whose model takes only text."""

    @property
    def schema(self) -> ModelSchema:
        prompt = FieldSchema("prompt", "string", required=True, description="Any [text].")
        style = FieldSchema("style", "string", False, "oil", choices=("oil", "ink"))
        command = CommandSchema("say", "Say it.", {"prompt": prompt, "style": style})
        return ModelSchema("teller", {"say": command}, (TrackSchema("v", "video", "recvonly"),))

    @property
    def action_space(self) -> gym.Space[Any]:
        raise UnsupportedModelError("there is no action command")


def test_a_model_without_spaces_is_still_described() -> None:
    document = describe(cast("ReactorEnv", _TextModel()))
    assert document["action_space"] == {"space": None, "reason": "there is no action command"}
    assert document["observation_space"]["space"] is None
    assert "size of the frames" in document["observation_space"]["reason"]
    (command,) = document["commands"]
    assert [field["name"] for field in command["parameters"]] == ["prompt", "style"]
    assert command["parameters"][1]["choices"] == ["oil", "ink"]
    assert command["reply"] == []
    assert json.loads(json.dumps(document)) == document


def test_tables_of_a_model_without_spaces_say_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = describe(cast("ReactorEnv", _TextModel()))
    monkeypatch.setattr("reactor_env.cli.inspect.describe", lambda env: document)
    monkeypatch.setenv("COLUMNS", "150")
    assert main(["inspect", "--model", "teller", "--local"]) == 0
    printed = capsys.readouterr().out
    assert "- (there is no action command)" in printed
    assert '"oil", "ink"' in printed
    assert "Any [text]." in printed
    assert "acknowledged only" in printed


@pytest.mark.integration
def test_catch_is_told_with_its_ranges_and_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    assert main(["inspect", "--world", "catch"]) == 0
    printed = capsys.readouterr().out
    assert "main_video" in printed
    assert "Command act" in printed
    assert "0 to 2" in printed
    assert "-1 to 9007199254740991" in printed
    assert "Discrete(3)" in printed
    assert "Box(0, 255, (64, 64, 3), uint8)" in printed


@pytest.mark.integration
def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--world", "catch", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    commands = {command["name"]: command for command in document["commands"]}
    action = next(f for f in commands["act"]["parameters"] if f["name"] == "action")
    assert (action["type"], action["minimum"], action["maximum"]) == ("integer", 0, 2)
    assert action["required"] is True
    assert [field["name"] for field in commands["reset"]["reply"]] == [
        "episode",
        "width",
        "height",
        "fps",
    ]
    assert document["action_space"]["space"] == "Discrete(3)"
    assert document["observation_space"]["space"] == "Box(0, 255, (64, 64, 3), uint8)"
