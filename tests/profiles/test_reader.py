from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactor_env.profiles import (
    Confirmation,
    EndRule,
    Profile,
    ProfileError,
    load_profile,
    read_profile,
)

WHOLE = """
models = ["me/mine", "mine"]
summary = "A world."
frames_per_step = 12
delay = 0.5
fps = 16
release = "let_go"

[actions.set_key_state]
name = "keys"
keys = ["w", "s"]
neutral = ["s"]

[actions.move]
kind = "event"
neutral = { dx = 0.0 }
low = -1
high = 1.5

[presets]
ahead = { keys = ["w"] }

[reset]
recipe = ["reset", "set_image", "*", "start"]
options = { image = "set_image.image" }
required = ["image"]
forgets = true
began = "started"
stops = true

[ends]
terminated = ["won"]
truncated = ["limit", { message = "restarted", field = "trigger", equals = "limit" }]
refused = ["limit reached"]
horizon = 300

[confirm]
message = "changed"
chunk = "applies_to_chunk"
done = "chunk_complete"
number = "chunk_index"
"""


def test_a_whole_profile_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(WHOLE)
    profile = load_profile(path)
    assert (profile.name, profile.models) == ("mine", ("me/mine", "mine"))
    assert (profile.frames_per_step, profile.delay, profile.fps) == (12, 0.5, 16)
    keys, move = profile.actions
    assert (keys.command, keys.name, keys.keys, keys.neutral) == (
        "set_key_state",
        "keys",
        ("w", "s"),
        ("s",),
    )
    assert (move.kind, move.neutral, move.low, move.high) == ("event", {"dx": 0.0}, -1, 1.5)
    assert profile.presets == {"ahead": {"keys": ["w"]}}
    assert profile.reset.recipe == ("reset", "set_image", "*", "start")
    assert profile.reset.required == ("image",)
    assert profile.reset.forgets
    assert profile.reset.stops
    assert profile.ends.terminated == (EndRule(message="won"),)
    assert profile.ends.truncated[1] == EndRule(
        message="restarted", field="trigger", equals="limit"
    )
    assert profile.ends.horizon == 300
    assert profile.confirm == Confirmation(
        message="changed", chunk="applies_to_chunk", done="chunk_complete", number="chunk_index"
    )


def test_an_empty_profile_is_one() -> None:
    assert read_profile("p", {}).reset.recipe == ("*",)
    assert isinstance(read_profile("p", {}), Profile)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"model": "x"}, "`profile` has no key 'model': did you mean 'models'? It may have models"),
        ({"models": "x"}, "`models` must be a list of texts, got 'x'"),
        ({"frames_per_step": 0}, "`frames_per_step` must be a positive whole number, got 0"),
        ({"frames_per_step": True}, "`frames_per_step` must be a positive whole number, got True"),
        ({"delay": -1}, "`delay` must be a positive number, got -1"),
        ({"actions": ["a"]}, "`actions` must be a table"),
        ({"actions": {"a": 1}}, "`actions.a` must be a table, got 1"),
        ({"actions": {"a": {"kin": "held"}}}, "`actions.a` has no key 'kin': did you mean 'kind'?"),
        ({"actions": {"a": {"kind": "hold"}}}, "`actions.a.kind` must be one of held, event"),
        ({"actions": {"a": {"keys": "w"}}}, "`actions.a.keys` must be a list of keys, got 'w'"),
        ({"actions": {"a": {"neutral": 0}}}, "`actions.a.neutral` must be parameters by name"),
        ({"actions": {"a": {"length": 1.5}}}, "`actions.a.length` must be a positive whole"),
        ({"actions": {"a": {"command": "b"}}}, "`actions.a` has no key 'command'"),
        ({"presets": {"p": 1}}, "`presets.p` must be a table, got 1"),
        ({"reset": {"recipes": []}}, "`reset` has no key 'recipes': did you mean 'recipe'?"),
        ({"reset": {"recipe": ["reset"]}}, '`reset.recipe` must name each command once, and "*"'),
        ({"reset": {"recipe": ["a", "*", "a"]}}, "`reset.recipe` must name each command once"),
        ({"reset": {"options": {"seed": "reset"}}}, '`reset.options.seed` must be "command.par'),
        ({"reset": {"required": ["x"]}}, "`reset.required` must be among the options, got 'x'"),
        ({"reset": {"forgets": 1}}, "`reset.forgets` must be true or false, got 1"),
        ({"ends": {"truncate": []}}, "`ends` has no key 'truncate': did you mean 'truncated'?"),
        ({"ends": {"truncated": "x"}}, "`ends.truncated` must be a list of messages, got 'x'"),
        ({"ends": {"truncated": [{"field": "x"}]}}, "`ends.truncated` must hold messages"),
        ({"ends": {"truncated": [{"message": "m", "field": "x"}]}}, "needs `field` and `equals`"),
        ({"confirm": {}}, "`confirm` needs `message`, or `done`"),
        ({"confirm": {"message": "a", "chunk": "b"}}, "`confirm` needs `message`, or `done`"),
        ({"confirm": {"done": "a", "after": 0}}, "`confirm.after` must be a positive whole"),
    ],
)
def test_what_has_no_meaning_is_refused_by_its_key(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read_profile("mine", table)
    assert str(caught.value).startswith("profile mine: ")
    assert message in str(caught.value)


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("models = [")
    with pytest.raises(ProfileError, match=r"profile mine\.toml must be TOML"):
        load_profile(path)
