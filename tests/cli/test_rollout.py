from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from reactor_env.cli import main
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.rollout import Rollout, play
from reactor_env.cli.target import UsageError
from reactor_env.env import ReactorEnv
from reactor_env.policies import CatchPolicy
from reactor_env.worlds.catch import CatchEnv
from tests.cli.runtimes import kill_runtime


def _frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_playing_goes_over_several_episodes() -> None:
    env = CatchEnv("rgb_array")
    log, filmed, shown = RolloutLog(), [], []
    observation, _ = env.reset(seed=0)

    def film(picture: Any) -> None:
        filmed.append(np.asarray(picture).copy())

    play(
        env, CatchPolicy(), observation, 40, log, film, lambda running: shown.append(running.steps)
    )
    assert (log.steps, log.episode, log.returns) == (40, 3, [1.0, 1.0])
    assert log.episode_starts == [0, 15, 30]
    assert log.running
    assert len(filmed) == len(log.pictures) == 43
    assert shown == list(range(1, 41))


def test_no_episode_begins_after_the_last_step() -> None:
    env = CatchEnv("rgb_array")
    log = RolloutLog()
    observation, _ = env.reset(seed=0)
    play(env, CatchPolicy(), observation, 15, log, lambda _: None, lambda _: None)
    assert (log.episode, log.running, log.returns) == (1, False, [1.0])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "give --world"),
        ({"world": "catch", "model": "m"}, "either --world or --model"),
        ({"world": "catch", "local": True}, "--local and --api-url go with --model"),
        ({"world": "catch", "mode": "stepped", "pacing": "next"}, "--pacing and --hz go"),
        ({"world": "catch", "steps": 0}, "--steps must be at least 1, got 0"),
        ({"world": "catch", "seed": -1}, "--seed must not be negative, got -1"),
        ({"world": "catch", "fps": 0.0}, r"--fps must be positive, got 0\.0"),
        ({"model": "m", "local": True, "fps": 5.0}, "--fps goes with --world"),
        ({"world": "catch", "size": (0, 4)}, r"--size .* got \(0, 4\)"),
        ({"world": "catch", "step_timeout": 0.0}, "--step-timeout must be positive"),
        ({"world": "gym:Acrobot-v1", "policy": "scripted"}, "got gym:Acrobot-v1"),
        ({"world": "catch", "out": Path(__file__)}, "--out must be a folder"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Rollout(**arguments).check()


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_it_writes_video_plot_and_summary(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    argv = ["rollout", "--world", "catch", "--mode", mode, "--steps", "40", "--out", str(out)]
    assert main([*argv, "--backend", "aiortc"]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "latency.png",
        "rollout.mp4",
        "summary.json",
    ]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["steps"] == 40
    assert summary["mode"] == mode
    assert summary["complete"] is True
    assert summary["backend"] == "aiortc"
    assert summary["latency"]["step_ms"]["count"] == 40
    assert summary["arguments"]["out"] == str(out)
    assert summary["versions"]["reactor_runtime"]
    episodes = summary["episodes_completed"] + (summary["unfinished_episode_return"] is not None)
    assert _frames(out / "rollout.mp4") == 40 + episodes
    with Image.open(out / "latency.png") as image:
        assert image.size == (1200, 900)
    if mode == "stepped":
        assert summary["episode_returns"] == [1.0, 1.0]
        assert summary["pacing"] is None
        assert summary["frames_skipped"] == summary["frames_repeated"] == 0
        assert summary["latency"]["frame_age_ms"] is None
    else:
        assert summary["pacing"] == "next"
        assert summary["latency"]["frame_age_ms"]["p50"] > 0
        assert summary["latency"]["ack_ms"]["p50"] > 0
    printed = capsys.readouterr().out
    assert f"catch, {mode}" in printed
    assert "aiortc backend, 40 steps" in printed
    assert f"wrote {out / 'rollout.mp4'}" in printed


@pytest.mark.integration
def test_the_video_has_the_models_size_whatever_the_observations(tmp_path: Path) -> None:
    argv = ["rollout", "--world", "catch", "--mode", "stepped", "--steps", "3", "--policy"]
    argv += ["random", "--size", "20", "31", "--out", str(tmp_path)]
    assert main(argv) == 0
    with av.open(str(tmp_path / "rollout.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width) == (64, 64)
    assert json.loads((tmp_path / "summary.json").read_text())["arguments"]["size"] == [20, 31]


@pytest.mark.integration
def test_a_policy_that_was_trained_on_other_pictures_plays(tmp_path: Path) -> None:
    argv = ["rollout", "--world", "catch", "--mode", "stepped", "--steps", "20", "--seed", "3"]
    argv += ["--policy", "tests.policies.agents:SeesGray", "--out", str(tmp_path)]
    argv += ["--size", "36", "36", "--gray", "--channels-first"]
    assert main(argv) == 0
    with av.open(str(tmp_path / "rollout.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert picture.shape == (64, 64, 3)
    assert np.ptp(picture.astype(int), axis=2).max() > 100  # in colour
    assert json.loads((tmp_path / "summary.json").read_text())["policy"].endswith("SeesGray")


@pytest.mark.integration
def test_the_native_backend_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("reactor_sdk")
    argv = ["rollout", "--world", "catch", "--backend", "native", "--steps", "5"]
    assert main([*argv, "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "summary.json").read_text())["backend"] == "native"
    assert "native backend, 5 steps" in capsys.readouterr().out


@pytest.mark.integration
def test_a_runtime_that_dies_is_told_and_the_rollout_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[int] = []
    step = ReactorEnv.step

    def kill_once(self: ReactorEnv, action: Any) -> tuple[Any, float, bool, bool, Any]:
        made.append(1)
        if len(made) == 5:
            kill_runtime(self)
        return step(self, action)

    monkeypatch.setattr(ReactorEnv, "step", kill_once)
    argv = ["rollout", "--world", "catch", "--mode", "stepped", "--steps", "12"]
    assert main([*argv, "--backend", "aiortc", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["steps"], summary["sessions_lost"]) == (12, 1)
    assert summary["episode_returns"] == []
    assert "a session was lost" in capsys.readouterr().err


@pytest.mark.integration
def test_without_out_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["rollout", "--world", "catch", "--steps", "16"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert "wrote" not in capsys.readouterr().out
