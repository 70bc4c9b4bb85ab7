from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reactor_env.cli import main
from reactor_env.cli.probe import Probe
from reactor_env.cli.target import UsageError


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "give --world"),
        ({"world": "room", "only": ("jumps",)}, "--only must be among responds, .*got jumps"),
        ({"world": "room", "repeats": 0}, "`repeats` must be at least 1, got 0"),
        ({"world": "room", "step_timeout": 0.0}, "--step-timeout must be positive, got 0"),
        ({"world": "room", "options": ("x",)}, "--options must be different NAME=VALUE, got x"),
        ({"world": "room", "compare": (Path("a"),)}, "--compare sets reports side by side"),
        ({"world": "room", "out": Path(__file__)}, "--out must be a folder, got the file"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_started(
    arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        Probe(**arguments).check()


@pytest.mark.integration
def test_a_world_is_probed_and_set_beside_a_spoilt_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["--repeats", "1", "--only", "responds", "--mode", "stepped"]
    good, bad, both = (tmp_path / name for name in ("good", "bad", "both"))
    assert main(["probe", "--world", "room", *quick, "--out", str(good)]) == 0
    dial = ["--world-kwargs", "dead_control=turn"]
    assert main(["probe", "--world", "room", *dial, *quick, "--out", str(bad)]) == 0
    report = json.loads((bad / "report.json").read_text())
    scores = {one["about"]: one["values"] for one in report["findings"] if one["unit"] == "score"}
    assert scores["forward"] == [1.0]
    assert scores["turn_left"] == [0.0]
    assert {path.stem for path in (good / "films").iterdir()} >= {"forward", "turn_left"}
    capsys.readouterr()
    reports = [str(folder / "report.json") for folder in (good, bad)]
    assert main(["probe", "--compare", *reports, "--out", str(both)]) == 0
    text = (both / "report.md").read_text()
    assert "| probe | what | room | room (dead_control=turn) |" in text
    assert "no_motion 1x" in text
    assert (both / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.integration
def test_a_world_without_named_actions_cannot_be_probed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["probe", "--world", "catch"]) == 1
    assert "presets" in capsys.readouterr().err
