from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reactor_env.cli.eval import Eval
from reactor_env.cli.eval_progress import EvalProgress
from reactor_env.cli.target import UsageError
from reactor_env.evaluation import Episode
from reactor_env.policies import CatchPolicy
from reactor_env.worlds.catch import CatchEnv
from tests.evaluation.worlds import episode

AGENTS = ("scripted", "random")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"world": None}, "give --world"),
        ({"agents": ()}, "give at least one --agent"),
        ({"agents": ("clever",)}, "--agent: an agent must be random, scripted, .* got 'clever'"),
        ({"agents": ("random", "random")}, "got random twice: write NAME=random"),
        ({"agents": ("x=random", "x=scripted")}, "got x twice"),
        ({"world": "gym:Acrobot-v1"}, "--agent: .* got gym:Acrobot-v1"),
        ({"episodes": 0}, "--episodes must be at least 1, got 0"),
        ({"slots": 0}, "--slots must be at least 1, got 0"),
        ({"seed": -1}, "--seed must not be negative, got -1"),
        ({"videos": -1}, "--videos must not be negative, got -1"),
        ({"resamples": 0}, "--resamples must be at least 1, got 0"),
        ({"confidence": 1.0}, r"--confidence must be between 0 and 1, got 1\.0"),
        ({"horizon": 0}, "--horizon must be at least 1, got 0"),
        ({"fps": 0.0}, r"--fps must be positive, got 0\.0"),
        ({"step_timeout": 0.0}, "--step-timeout must be positive"),
        ({"mode": "stepped", "hz": 5.0}, "--pacing and --hz go with --mode streamed"),
        ({"pacing": "next", "hz": 5.0}, "give either --pacing or --hz"),
        ({"delays": (0.0, -5.0)}, "--delays must be different and not negative"),
        ({"delays": (5.0, 5.0)}, "--delays must be different"),
        ({"size": (0, 4)}, r"--size must be .* got \(0, 4\)"),
        ({"agents": ("me=human",), "slots": 2}, "--slots must be 1 with --agent human, got 2"),
        ({"out": Path(__file__)}, "--out must be a folder"),
        (
            {"world": None, "model": "m", "local": True, "agents": ("random",), "slots": 2},
            "--slots must be 1 with --local, got 2",
        ),
        (
            {"world": None, "model": "m", "fps": 5.0, "agents": ("random",)},
            "--fps goes with --world",
        ),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Eval(**{"world": "catch", "agents": AGENTS, **arguments}).check()


def test_an_agent_may_have_a_name_of_its_own() -> None:
    makers = Eval(world="catch", agents=("by hand=scripted", "rule=scripted", "random")).makers()
    assert list(makers) == ["by hand", "rule", "random"]
    assert isinstance(makers["rule"](CatchEnv(), 0), CatchPolicy)


def test_the_command_makes_the_same_again() -> None:
    command = Eval(
        world="catch",
        agents=("a=sb3:my model.zip", "random"),
        slots=2,
        size=(8, 9),
        gray=True,
        out=Path("out"),
        step_timeout=3.0,
    ).command
    assert command == (
        "reactor-env eval --world catch --size 8 9 --gray --step-timeout 3.0 "
        "--agent 'a=sb3:my model.zip' --agent random --episodes 40 --slots 2 --seed 0 --out out"
    )


def test_an_agent_may_be_in_the_folder_where_the_command_is_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_own_agents.py").write_text("from reactor_env.policies import CatchPolicy\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    makers = Eval(world="catch", agents=("my_own_agents:CatchPolicy",)).makers()
    assert list(makers) == ["my_own_agents:CatchPolicy"]


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_tells_episodes_and_lost_sessions(terminal: bool) -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=120)
    played = Episode(**{**vars(episode("scripted", 3, 1.0)), "losses": ("the host died",)})
    with EvalProgress(console, "catch", 8) as progress:
        progress.update(played)
    assert "scripted 3: 1" in text.getvalue()
    assert "a session was lost: the host died" in text.getvalue()
