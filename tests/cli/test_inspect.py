from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from reactor_env.cli import main
from reactor_env.cli.inspect import describe, describe_schema, read_schema
from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema, TrackSchema
from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError
from reactor_env.model_setup import ModelSetup
from reactor_env.observations import Observation

SCHEMAS = sorted((Path(__file__).parents[2] / "reactor_env/models/schemas").glob("*.toml"))


class _TextModel:
    """Stands in for an environment whose model takes only text."""

    @property
    def schema(self) -> ModelSchema:
        prompt = FieldSchema("prompt", "string", required=True, description="Any [text].")
        style = FieldSchema("style", "string", False, "oil", choices=("oil", "ink"))
        command = CommandSchema("say", "Say it.", {"prompt": prompt, "style": style})
        return ModelSchema("teller", {"say": command}, (TrackSchema("v", "video", "recvonly"),))

    observation = Observation()

    @property
    def model_setup(self) -> ModelSetup:
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


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_a_schema_is_told_without_a_runtime(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    assert main(["inspect", "--schema", str(path)]) == 0
    assert "As an environment" in capsys.readouterr().out
    assert main(["inspect", "--schema", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["commands"]
    found = document["action_space"]
    assert (found["space"] is None) != (found["reason"] is None)


def test_a_schema_tells_what_an_action_is_made_of(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (path for path in SCHEMAS if path.stem == "dreamx_world")
    assert main(["inspect", "--schema", str(path), "--json"]) == 0
    (control,) = json.loads(capsys.readouterr().out)["actions"]
    assert control["command"] == "set_key_state"
    assert control["space"] == "MultiBinary(8)"
    assert control["meaning"] == ["down: W, A, S, D, I, J, K, L"]


def test_a_profile_tells_how_episodes_go(capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (path for path in SCHEMAS if path.stem == "lingbot_world_2")
    assert main(["inspect", "--schema", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["action_space"]["space"] == "MultiDiscrete([3 3 3 3])"
    assert document["observation_space"]["space"] == "Box(0, 255, (960, 1664, 3), uint8)"
    profile = document["profile"]
    assert profile["name"] == "lingbot_world_2"
    assert profile["required"] == ["image", "prompt"]
    assert profile["options"]["image"] == "set_image.image"
    assert profile["options"]["set_attn_window"] == "set_attn_window"
    assert profile["ends"] == ["generation_complete"]


def test_a_model_that_cannot_be_an_environment_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (path,) = (path for path in SCHEMAS if path.stem == "happy_oyster_director")
    assert main(["inspect", "--schema", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert "not over Reactor" in document["action_space"]["reason"]


def test_an_openapi_document_is_read_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"properties": {"yaw": {"type": "number", "minimum": -1, "maximum": 1}}}
    content = {"content": {"application/json": {"schema": body}}}
    paths = {"/events/set_yaw": {"post": {"requestBody": content}}}
    path = tmp_path / "schema.json"
    path.write_text(json.dumps({"info": {"title": "mine"}, "paths": paths}))
    assert main(["inspect", "--schema", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"] == "mine"
    assert document["action_space"]["space"] == "Box(-1.0, 1.0, (1,), float32)"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.json", "{", "holds no model's schema"),
        ("s.json", "[]", "must hold a JSON object"),
        ("s.toml", "model = 3", "`model` must be the model's name"),
    ],
)
def test_a_file_that_is_no_schema_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert main(["inspect", "--schema", str(path)]) == 2
    assert message in capsys.readouterr().err


def test_a_schema_goes_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "--schema", "x.toml", "--world", "catch"]) == 2
    assert "--schema goes without" in capsys.readouterr().err


def test_a_schema_is_shown_under_a_profile_of_the_users(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text("[actions.set_yaw]\n")
    schema = read_schema(next(path for path in SCHEMAS if path.stem == "matrix_game_2"))
    document = describe_schema(schema, str(profile))
    assert document["profile"]["name"] == "mine"
    assert [action["name"] for action in document["actions"]] == ["set_yaw"]
