from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from rich.progress import Progress

from agents import delay
from agents.delay import ARMS, Options
from reactor_env.training.record import TrainingLog

LOAD = (0.0, 0.0)
SMALL = Options(seeds=(1, 2), steps=480, evaluated_at=(0, 5), episodes=3)


def returns(history: float, delayed: float) -> dict[str, list[float]]:
    """Return what one seed's evaluation may give."""
    by_arm = {
        "prompt": -1.0,
        "delayed": delayed,
        "history": history,
        "memoryless": -0.5,
        "recurrent": 0.75,
    }
    return {f"{arm} {steps}": [by_arm[arm]] * 3 for arm in ARMS for steps in (0, 5)}


FOUND = [returns(1.0, 0.0), returns(0.5, 0.0)]
LOGS = [TrainingLog(steps=480, seconds=2.0)] * 10


def test_every_arm_has_a_row_of_every_delay_and_its_difference() -> None:
    text = delay.markdown(FOUND, LOGS, SMALL, LOAD)
    rows = [line for line in text.splitlines() if line.startswith(("| 0 ", "| 5 "))]
    assert [row.split(" |")[0] for row in rows] == ["| 0", "| 5 (not in training)"]
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")][1:]
        assert cells == [
            "-1.000 [-1.000, -1.000]",
            "0.000 [0.000, 0.000]",
            "0.750 [0.750, 0.750]",
            "-0.500 [-0.500, -0.500]",
            "0.750 [0.750, 0.750]",
            "0.750 [0.750, 0.750]",
            "1.250 [1.250, 1.250]",
        ]
    assert "10 trainings of 480 steps took 20 s in all (240 steps/s)" in text


def test_the_report_names_the_command_that_makes_it() -> None:
    assert delay.command(Options()) == "python -m agents.delay --out agents/results/delay"
    assert delay.command(SMALL) == (
        "python -m agents.delay --seeds 1 2 --steps 480 --evaluated-at 0 5 --episodes 3 --out "
        "agents/results/delay"
    )


def test_report_data_and_picture_are_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    delay.report(FOUND, LOGS, replace(SMALL, out=tmp_path / "delay"), LOAD)
    document = json.loads((tmp_path / "delay.json").read_text())
    assert document["returns"]["2"]["history 5"] == [0.5] * 3
    assert (tmp_path / "delay.md").is_file()
    assert (tmp_path / "delay.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_is_trained_once_and_its_agents_have_what_it_says(arm: str, tmp_path: Path) -> None:
    options = replace(SMALL, work=tmp_path)
    with Progress(disable=True) as progress:
        log = delay.train(arm, 1, options, progress)
        assert log.steps >= 480
        again = delay.train(arm, 1, options, progress)
        assert (again.steps, again.returns) == (log.steps, log.returns)
        assert again.seconds == round(log.seconds, 3)
    file = delay.NETWORK if arm in delay.MEMORIES else "model.zip"
    assert (tmp_path / f"{arm}-1" / file).is_file()
    policy = delay.policy_of(arm, 1, options)(gym.Env(), 0)
    assert hasattr(policy, "predict")
    if arm in delay.MEMORIES:
        return
    envs = delay.make_envs(arm, options)
    observation, _ = envs.reset(seed=1)
    envs.close()
    seen = observation["observation"] if arm == "history" else observation
    assert (seen.shape, seen.dtype) == ((4, 1, 36, 36), np.uint8)


def test_what_was_evaluated_is_not_evaluated_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(SMALL, work=tmp_path)
    calls: list[int] = []

    def play(seed: int, options: Options) -> dict[str, list[float]]:
        calls.append(seed)
        return FOUND[0]

    monkeypatch.setattr(delay, "play", play)
    scores: list[Any] = [delay.scores_of(seed, options) for seed in (1, 1, 2)]
    assert calls == [1, 2]
    assert scores == [FOUND[0]] * 3


def test_a_work_folder_of_other_trainings_is_refused(tmp_path: Path) -> None:
    options = replace(SMALL, work=tmp_path)
    delay.check_work(options)
    delay.check_work(replace(options, seeds=(1, 2, 3), out=tmp_path / "x"))
    with pytest.raises(ValueError, match=r"is of \{'steps': 480.*give another --work"):
        delay.check_work(replace(options, steps=5))
