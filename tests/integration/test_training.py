"""Training through the real runtime: what is left of it plays, and goes on as if never stopped."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("stable_baselines3")

import torch
from stable_baselines3 import PPO

from reactor_env.cli.eval import Eval
from reactor_env.cli.train import RECORD, Train
from reactor_env.training.record import TrainingLog

pytestmark = pytest.mark.integration

PICTURES: dict[str, Any] = {"size": (36, 36), "gray": True, "channels_first": True}
QUICK = ("n_steps=40", "batch_size=40", "n_epochs=1")


def command(out: Path, steps: int, **arguments: Any) -> Train:
    given = {"agent": "ppo", "agent_kwargs": QUICK, "checkpoint_every": 120, **PICTURES}
    return Train(world="catch", out=out, steps=steps, **{**given, **arguments})


def parameters(out: Path) -> dict[str, torch.Tensor]:
    return PPO.load(out / "model.zip", device="cpu").policy.state_dict()


def test_a_resumed_training_equals_one_that_was_not_stopped_and_its_model_plays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    command(whole, 240, history=2, delays=(0.0, 134.0)).run()
    command(parts, 120, history=2, delays=(0.0, 134.0)).run()
    command(parts, 240, history=2, delays=(0.0, 134.0), resume=True).run()

    one, other = parameters(whole), parameters(parts)
    assert all(torch.equal(one[name], other[name]) for name in one)
    records = [json.loads((out / RECORD).read_text()) for out in (whole, parts)]
    assert records[0]["returns"] == records[1]["returns"]
    assert records[0]["generation"] == "stepped"

    capsys.readouterr()
    # It was trained with a history, of which the evaluation knows nothing.
    agent = f"trained=sb3:{parts / 'model.zip'}"
    Eval(world="catch", agents=(agent,), episodes=2, resamples=10, **PICTURES).run()
    assert "trained" in capsys.readouterr().out


def test_ctrl_c_in_a_streamed_training_leaves_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = threading.Event()
    add = TrainingLog.add

    def press(log: TrainingLog, steps: int, infos: Any) -> None:
        add(log, steps, infos)
        if steps == 100 and not pressed.is_set():
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TrainingLog, "add", press)
    train = command(tmp_path, 10_000, mode="streamed", hz=60.0, fps=60.0)
    with pytest.raises(KeyboardInterrupt):
        train.run()
    record = json.loads((tmp_path / RECORD).read_text())
    assert (record["steps"], record["generation"]) == (80, "streamed")
    assert record["deadlines_missed"] is not None
    said = capsys.readouterr().err
    assert "stopping after this step" in said
    assert f"to go on: {train.command} --resume" in said
