from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from reactor_env.cli import main
from reactor_env.cli.target import Target
from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.env import ReactorEnv

Hide = Callable[[str], None]


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Make a package look as if it were not installed."""

    def hide_package(hidden: str) -> None:
        find_spec = importlib.util.find_spec

        def without(name: str, package: str | None = None) -> ModuleSpec | None:
            return None if name == hidden else find_spec(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", without)

    return hide_package


@pytest.fixture
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Target, **options: Any) -> ReactorEnv:
        raise AssertionError("an environment was made")

    monkeypatch.setattr(Target, "make_env", refuse)


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("rollout", "inspect", "serve", "demo"))


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["no-such-command"],
        ["rollout", "--world", "catch", "--mode", "no-such-mode"],
        ["rollout"],
        ["rollout", "--world", "catch", "--steps", "0"],
        ["inspect"],
        ["inspect", "--world", "catch", "--model", "m"],
        ["inspect", "--model", "m", "--world-kwargs", "a=1"],
        ["demo", "--steps", "0"],
    ],
)
@pytest.mark.usefixtures("_no_environment")
def test_wrong_arguments_exit_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    told = capsys.readouterr()
    assert told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize("command", ["rollout", "inspect"])
def test_an_unknown_world_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--world", "no-such-world"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("reactor-env: error: `world` must be one of catch")
    assert "'no-such-world'" in told.err


def test_an_unknown_gymnasium_environment_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rollout", "--world", "gym:NoSuch-v0"]) == 1
    assert "gym:, got 'NoSuch-v0'" in capsys.readouterr().err


def test_a_missing_runtime_says_what_to_install(
    hide: Hide, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("reactor_runtime")
    assert main(["rollout", "--world", "catch"]) == 1
    assert "pip install 'reactor-env[local]'" in capsys.readouterr().err


@pytest.mark.usefixtures("_no_environment")
def test_a_missing_matplotlib_is_told_before_anything_starts(
    hide: Hide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("matplotlib")
    assert main(["rollout", "--world", "catch", "--out", str(tmp_path / "out")]) == 1
    assert 'pip install "reactor-env[plots]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("_no_environment")
def test_a_missing_pillow_is_told_before_the_demo_starts(
    hide: Hide, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hide("PIL")
    assert main(["demo", "--out", str(tmp_path / "out")]) == 1
    assert "needs Pillow" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_runtime_that_does_not_answer_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["rollout", "--model", "m", "--local", "--api-url", "http://127.0.0.1:9"]
    assert main([*argv, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "no runtime answers at http://127.0.0.1:9" in told.err
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_this_package_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Target, **options: Any) -> ReactorEnv:
        raise ZeroDivisionError

    monkeypatch.setattr(Target, "make_env", fail)
    with pytest.raises(ZeroDivisionError):
        main(["inspect", "--world", "catch"])


@pytest.mark.integration
def test_an_error_in_the_middle_keeps_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step, close = ReactorEnv.step, ReactorEnv.close
    made: list[int] = []
    closed: list[bool] = []

    def fail_at_last(self: ReactorEnv, action: Any) -> tuple[Any, float, bool, bool, Any]:
        made.append(1)
        if len(made) > 6:
            raise ReactorTimeoutError("no frame came within 1 s")
        return step(self, action)

    def note_close(self: ReactorEnv) -> None:
        closed.append(True)
        close(self)

    monkeypatch.setattr(ReactorEnv, "step", fail_at_last)
    monkeypatch.setattr(ReactorEnv, "close", note_close)
    assert main(["rollout", "--world", "catch", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.err.endswith("reactor-env: error: no frame came within 1 s\n")
    assert "6 steps" in told.out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "latency.png",
        "rollout.mp4",
        "summary.json",
    ]
    assert closed
