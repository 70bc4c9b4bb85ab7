from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from reactor_env.cli.observing import Observing
from reactor_env.cli.playing import Playing
from reactor_env.cli.target import UsageError
from reactor_env.policies import CatchPolicy
from reactor_env.worlds.catch import CatchEnv


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"world": "catch"}, "scripted"),
        ({"world": "gym:Acrobot-v1"}, "random"),
        ({"model": "helios"}, "random"),
        ({"world": "catch", "gray": True}, "random"),
        ({"world": "catch", "channels_first": True}, "random"),
        ({"world": "catch", "size": (36, 36)}, "scripted"),
        ({"world": "catch", "policy": "random"}, "random"),
        ({"world": "catch", "policy": "sb3:out/model.zip"}, "sb3:out/model.zip"),
    ],
)
def test_auto_is_scripted_where_that_can_see_the_world(arguments: Any, name: str) -> None:
    assert Playing(**arguments).policy_name == name


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        ("random", "random"),
        ("sb3:out/catch/model.zip", "sb3"),
        ("remote:http://localhost:8400", "remote"),
        ("my.agents:Clever", "Clever"),
    ],
)
def test_a_policy_has_a_word_that_a_file_name_can_hold(policy: str, word: str) -> None:
    assert Playing(world="catch", policy=policy).policy_word == word


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"policy": "sb3:no.zip"}, r"--policy: .* there is no no\.zip"),
        ({"policy": "clever"}, "--policy: an agent must be random, .* got 'clever'"),
        ({"policy": "scripted", "gray": True}, "scripted sees .* in colour, got --gray"),
        ({"policy": "scripted", "channels_first": True}, "got --channels-first"),
    ],
)
def test_a_policy_that_cannot_play_is_refused(arguments: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Playing(**{"world": "catch", **arguments}).policy_maker()


def test_a_policy_may_be_in_the_folder_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_policies.py").write_text("from reactor_env.policies import CatchPolicy\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    maker = Playing(world="catch", policy="my_own_policies:CatchPolicy").policy_maker()
    assert isinstance(maker(CatchEnv(), 0), CatchPolicy)


def test_observations_are_shaped_by_the_arguments() -> None:
    plain = Observing(world="catch")
    assert not plain.shaped
    assert not plain.streamed
    observing = Observing(world="catch", hz=5.0, gray=True)
    assert observing.shaped
    assert observing.streamed
    assert observing.env_options()["observation"] == {
        "size": None,
        "gray": True,
        "channels_first": False,
    }
