"""Agents scored in a world in a real runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.vector import AutoresetMode

from reactor_env.cli.eval import Eval
from reactor_env.env import ReactorEnv
from reactor_env.evaluation import evaluate
from reactor_env.policies import named_policy
from reactor_env.worlds.catch import CatchEnv
from tests.cli.runtimes import kill_runtime
from tests.docs.pages import blocks
from tests.integration.conftest import MakeEnv

BOTH = {"scripted": named_policy("scripted", "catch"), "random": named_policy("random")}


@pytest.fixture
def catch_vector() -> Iterator[gym.vector.VectorEnv[Any, Any, Any]]:
    envs = gym.make_vec(
        "reactor_env/World-v0",
        num_envs=2,
        world="catch",
        mode="stepped",
        autoreset_mode=AutoresetMode.DISABLED,
    )
    yield envs
    envs.close()


def test_stepped_it_scores_what_the_game_itself_scores(make_env: MakeEnv) -> None:
    envs = [make_env(mode="stepped") for _ in range(2)]
    through = evaluate(envs, BOTH, episodes=10, seed=3)
    directly = evaluate(CatchEnv("rgb_array"), BOTH, episodes=10, seed=3)
    assert through.stopped_by is None
    assert [one.score for one in through.episodes] == [one.score for one in directly.episodes]
    assert {one.slot for one in through.episodes} == {0, 1}


def test_a_vector_scores_the_same(catch_vector: gym.vector.VectorEnv[Any, Any, Any]) -> None:
    together = evaluate(catch_vector, BOTH, episodes=6, seed=3)
    directly = evaluate(CatchEnv("rgb_array"), BOTH, episodes=6, seed=3)
    assert together.stopped_by is None
    assert [one.score for one in together.episodes] == [one.score for one in directly.episodes]
    play = together.episodes[0].play
    assert play is not None
    assert len(play.times_ms["action_to_frame_ms"]) == play.length == 15
    assert play.end == "the world terminated it"


def test_an_episode_whose_session_is_lost_is_played_again(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    step = env.step
    steps: list[int] = []

    def kill_once(action: Any) -> Any:
        steps.append(1)
        if len(steps) == 20:
            kill_runtime(env)
        return step(action)

    env.step = kill_once  # type: ignore[method-assign]
    played = evaluate(env, {"scripted": BOTH["scripted"]}, episodes=3)
    assert [one.score for one in played.episodes] == [1.0, 1.0, 1.0]
    assert [len(one.losses) for one in played.episodes] == [0, 1, 0]


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_the_command_prints_and_writes_what_came_out(
    mode: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Eval(
        world="catch",
        agents=("scripted", "luck=random"),
        episodes=4,
        slots=2,
        mode=mode,
        videos=1,
        out=tmp_path / "out",
        target=1.0,
        step_timeout=60.0,
    ).run()
    printed = capsys.readouterr().out
    assert "scripted - luck" in printed
    assert "1.000 [1.000, 1.000]" in printed
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["report.html", "report.json", "report.md", "videos"]
    assert len(list((tmp_path / "out" / "videos").iterdir())) == 2
    data = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert data["complete"] is True
    assert data["seeds"] == [0, 1, 2, 3]
    assert len(data["episodes"]) == 8
    assert data["agents"][0]["mean"]["value"] == 1.0
    assert data["agents"][0]["times_ms"]["action_to_frame_ms"]["count"] > 0
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert html.count("<video") == 2
    assert f"{mode}, " in html


def test_the_code_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for code in blocks("evaluation.md", "python"):
        exec(code, {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("mine 1.000 [1.000, 1.000] ")
    assert lines[3] == "scripted, 0 ms 1.000 [1.000, 1.000]"
    assert [line.split(" ms ")[0] for line in lines[4:6]] == ["scripted, 200", "scripted, 400"]
    assert len(lines) == 8


def test_ctrl_c_prints_and_writes_what_was_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    resets: list[int] = []
    reset = ReactorEnv.reset

    def interrupt(self: ReactorEnv, **kwargs: Any) -> Any:
        resets.append(1)
        if len(resets) == 3:
            raise KeyboardInterrupt
        return reset(self, **kwargs)

    monkeypatch.setattr(ReactorEnv, "reset", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Eval(world="catch", agents=("scripted",), episodes=5, mode="stepped", out=tmp_path).run()
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert data["complete"] is False
    assert data["stopped_by"] == "KeyboardInterrupt"
    assert [one["outcome"] for one in data["episodes"]] == ["ended"] * 2 + ["not played"] * 3
    assert "2 of 5" in capsys.readouterr().out


def test_a_users_saved_model_is_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sb3: Any = pytest.importorskip("stable_baselines3")
    env = CatchEnv("rgb_array")
    sb3.PPO("CnnPolicy", env, n_steps=16, batch_size=16, n_epochs=1).save(tmp_path / "mine.zip")
    Eval(world="catch", agents=(f"mine=sb3:{tmp_path / 'mine.zip'}",), episodes=2).run()
    assert "mine" in capsys.readouterr().out


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_delays_are_injected_and_told(
    mode: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Eval(
        world="catch",
        agents=("scripted",),
        episodes=2,
        mode=mode,
        delays=(0.0, 100.0),
        out=tmp_path,
        step_timeout=60.0,
    ).run()
    assert "Returns by injected delay" in capsys.readouterr().out
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    prompt, late = (agent["times_ms"]["injected_delay_ms"] for agent in data["agents"])
    assert prompt["p50"] < 5
    if mode == "stepped":
        assert late["max"] == pytest.approx(2000 / 15)  # 1.5 steps of the world become 2
    else:
        assert 100 <= late["p50"] < 200
