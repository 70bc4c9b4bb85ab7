from __future__ import annotations

from typing import Any

import pytest

from reactor_env.cli import main
from reactor_env.cli.play import Play
from reactor_env.cli.target import UsageError


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "give --world"),
        ({"world": "catch", "mode": "stepped", "hz": 10.0}, "--hz goes with --mode streamed"),
        ({"world": "catch", "hz": 0.0}, "--hz must be positive, got 0"),
        ({"world": "catch", "fps": -1.0}, "--fps must be positive, got -1"),
        ({"world": "catch", "scale": 0}, "--scale must be at least 1, got 0"),
        ({"world": "catch", "steps": 0}, "--steps must be at least 1, got 0"),
        ({"world": "catch", "seed": -1}, "--seed must not be negative, got -1"),
        ({"world": "catch", "options": ("x",)}, "--options must be different NAME=VALUE, got x"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_started(
    arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        Play(**arguments).check()


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_a_world_is_played_in_a_window(
    mode: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert main(["play", "--world", "catch", "--mode", mode, "--steps", "20", "--seed", "1"]) == 0
    told = capsys.readouterr().out
    assert "20 steps were made" in told
    assert "action 2" in told
