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
        ({"world": "catch", "mode": "stepped", "hz": 10.0}, "--pacing and --hz go with"),
        ({"world": "catch", "hz": 0.0}, "--hz must be positive, got 0"),
        ({"world": "catch", "fps": -1.0}, "--fps must be positive, got -1"),
        ({"world": "catch", "scale": 0}, "--scale must be at least 1, got 0"),
        ({"world": "catch", "steps": 0}, "--steps must be at least 1, got 0"),
        ({"world": "catch", "seed": -1}, "--seed must not be negative, got -1"),
        ({"world": "catch", "policy": "clever"}, "--policy: an agent must be .* got 'clever'"),
        ({"world": "catch", "options": ("x",)}, "--options must be different NAME=VALUE, got x"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_started(
    arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        Play(**arguments).check()


def test_a_hosted_model_may_be_stepped_at_a_rate() -> None:
    Play(model="helios", fps=4.0).check()


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


@pytest.mark.integration
def test_a_policy_plays_in_the_window(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    drawn: list[tuple[Any, list[str]]] = []
    monkeypatch.setattr(
        "reactor_env.play.window.Window.draw",
        lambda self, picture, lines: drawn.append((picture, lines)),
    )
    argv = ["play", "--world", "catch", "--mode", "stepped", "--steps", "16", "--fps", "200"]
    argv += ["--policy", "tests.policies.agents:SeesGray"]
    assert main([*argv, "--size", "36", "36", "--gray", "--channels-first"]) == 0
    assert "16 steps were made" in capsys.readouterr().out
    assert {picture.shape for picture, _ in drawn} == {(64, 64, 3)}
    assert any("the policy plays" in line for line in drawn[5][1])


@pytest.mark.integration
def test_without_a_screen_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")
    assert main(["play", "--world", "catch"]) == 1
    assert "a window needs a screen, and there is none" in capsys.readouterr().err
