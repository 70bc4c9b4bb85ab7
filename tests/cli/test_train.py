from __future__ import annotations

import io
import json
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from rich.console import Console

pytest.importorskip("stable_baselines3")

from reactor_env.cli.target import UsageError
from reactor_env.cli.train import RECORD, Agent, Train
from reactor_env.cli.train_progress import TrainProgress, facts
from reactor_env.client.errors import SessionLostError
from reactor_env.training.algorithms import ALGORITHMS
from reactor_env.training.record import TrainingLog
from tests.training.worlds import Guess, Losing, vector

QUICK = ("n_steps=16", "batch_size=8", "n_epochs=2")


def command(out: Path, **arguments: Any) -> Train:
    given = {"world": "catch", "agent": "ppo", "agent_kwargs": QUICK, **arguments}
    return Train(out=out, **given)


@pytest.fixture
def in_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in a world that costs no time, whatever the world is called."""
    monkeypatch.setattr(Train, "make_envs", lambda self: vector(Guess, slots=self.slots))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"world": None}, "give --world"),
        ({"agent": "sac"}, "--agent must be ppo, recurrent-ppo, qrdqn, got sac"),
        ({"steps": 0}, "--steps must be at least 1, got 0"),
        ({"slots": 0}, "--slots must be at least 1, got 0"),
        ({"checkpoint_every": 0}, "--checkpoint-every must be at least 1, got 0"),
        ({"threads": 0}, "--threads must be at least 1, got 0"),
        ({"seed": -1}, "--seed must not be negative, got -1"),
        ({"history": -1}, "--history must not be negative, got -1"),
        ({"delays": (0.0, -5.0)}, "--delays must not be negative"),
        ({"fps": 0.0}, r"--fps must be positive, got 0\.0"),
        ({"mode": "stepped", "hz": 5.0}, "--pacing and --hz go with --mode streamed"),
        ({"pacing": "next", "hz": 5.0}, "give either --pacing or --hz"),
        ({"mode": "streamed", "slots": 2}, "--slots must be 1 with --mode streamed, got 2"),
        ({"hz": 5.0, "slots": 2}, "--slots must be 1 with --mode streamed, got 2"),
        ({"world": None, "model": "m", "local": True, "slots": 2}, "--slots must be 1 with --loc"),
        ({"world": None, "model": "m", "fps": 5.0}, "--fps goes with --world"),
        ({"size": (0, 4)}, r"--size must be .* got \(0, 4\)"),
        ({"agent_kwargs": ("n_steps",)}, "--agent-kwargs must be different NAME=VALUE"),
        ({"agent_kwargs": ("seed=3",)}, r"--agent-kwargs: .* cannot be \['seed'\]"),
        ({"out": Path(__file__)}, "--out must be a folder, got the file"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    arguments: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=named):
        command(**{"out": tmp_path, **arguments}).check()


def test_every_algorithm_of_the_table_can_be_named() -> None:
    assert get_args(Agent) == tuple(ALGORITHMS)


def test_the_command_makes_the_same_again(tmp_path: Path) -> None:
    told = Train(
        world="catch",
        agent="qrdqn",
        out=Path("my out"),
        steps=100_000,
        slots=2,
        agent_kwargs=("buffer_size=1000", "learning_starts=5"),
        delays=(0.0, 100.0),
        size=(36, 36),
        gray=True,
    ).command
    assert told == (
        "reactor-env train --world catch --size 36 36 --gray --agent qrdqn --out 'my out' "
        "--slots 2 --agent-kwargs buffer_size=1000 learning_starts=5 --delays 0.0 100.0"
    )


@pytest.mark.usefixtures("in_guess")
def test_a_training_leaves_a_model_and_a_record_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command(tmp_path, steps=64, slots=2).run()
    assert (tmp_path / "model.zip").is_file()
    record = json.loads((tmp_path / RECORD).read_text())
    assert record["arguments"]["agent_kwargs"] == list(QUICK)
    assert record["command"].startswith("reactor-env train --world catch --agent ppo")
    assert (record["steps"], record["episodes"], record["generation"]) == (64, 12, "stepped")
    assert len(record["returns"]) == 12
    assert {"torch", "stable-baselines3"} <= set(record["versions"])
    said = capsys.readouterr()
    assert said.out.startswith("64 steps  ")
    assert f"wrote {tmp_path / 'model.zip'}" in said.out
    assert "ppo on catch: step 64 of 64" in said.err


@pytest.mark.usefixtures("in_guess")
def test_it_goes_on_where_it_was_and_only_as_it_was_begun(tmp_path: Path) -> None:
    command(tmp_path, steps=32).run()
    with pytest.raises(UsageError, match=r"there is a training in .* go on with --resume"):
        command(tmp_path, steps=64).run()
    with pytest.raises(UsageError, match=r"--resume: .*--seed must be 0, got 5"):
        command(tmp_path, steps=64, resume=True, seed=5).run()
    with pytest.raises(UsageError, match="--steps must be more than the 32 that are done"):
        command(tmp_path, steps=32, resume=True).run()
    command(tmp_path, steps=64, resume=True, checkpoint_every=16).run()
    record = json.loads((tmp_path / RECORD).read_text())
    assert record["steps"] == 64
    assert record["ended_at"] == sorted(record["ended_at"])
    assert record["ended_at"][-1] > 32


def test_nothing_can_be_resumed_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--resume: there is no checkpoint in"):
        command(tmp_path, resume=True).check()


@pytest.mark.usefixtures("in_guess")
def test_tensorboard_that_is_missing_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactor_env.training.run.has_tensorboard", lambda: False)
    command(tmp_path, steps=32).run()
    said = capsys.readouterr()
    assert said.err.count("no TensorBoard logs: pip install tensorboard") == 1
    assert "--logdir" not in said.out


def test_a_world_that_is_gone_leaves_a_checkpoint_and_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = partial(Losing, [40], SessionLostError("no capacity"))
    monkeypatch.setattr(Train, "make_envs", lambda self: vector(broken))
    with pytest.raises(SessionLostError, match="no capacity"):
        command(tmp_path, steps=100).run()
    assert json.loads((tmp_path / RECORD).read_text())["steps"] == 32


def shown(terminal: bool, logs: list[TrainingLog]) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    with TrainProgress(console, "ppo on catch", 100) as progress:
        for log in logs:
            progress.update(log)
    return out.getvalue()


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal() -> None:
    logs = [TrainingLog(steps=step, seconds=step / 50) for step in range(1, 111)]
    assert shown(False, logs).splitlines() == [
        "ppo on catch: connecting",
        "ppo on catch: step 1 of 100  50.0 steps/s",
        "ppo on catch: step 100 of 100  50.0 steps/s",
    ]


def test_a_lost_session_is_said_when_it_happens() -> None:
    said = shown(False, [TrainingLog(steps=1), TrainingLog(steps=2, sessions_lost=1)])
    assert "a session was lost, its episode is cut short" in said


def test_a_terminal_has_a_bar() -> None:
    assert "100/100" in shown(True, [TrainingLog(steps=100, seconds=1.0)])


def test_the_facts_are_those_that_there_are() -> None:
    assert facts(TrainingLog()) == ""
    log = TrainingLog(10, 2.0, [1.0, 0.5], [3, 7], 1, 0, 4)
    assert facts(log) == (
        "5.0 steps/s  return 0.75 over 2 episodes  1 sessions lost  4 frames skipped  "
        "0 deadlines missed"
    )
