from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from reactor_env.cli.episodes import play
from reactor_env.cli.log import RolloutLog
from reactor_env.cli.record import Record
from reactor_env.cli.target import UsageError
from reactor_env.env import ReactorEnv
from reactor_env.errors import MissingDependencyError
from reactor_env.policies import CatchPolicy
from reactor_env.worlds.catch import CatchEnv
from tests.cli.runtimes import kill_runtime
from tests.recorder.slides import document, names, rows, video

OUT = Path("out")
WAIT_S = 60.0


def _record(out: Path, **arguments: Any) -> Record:
    given: dict[str, Any] = {"world": "catch", "format": "minari", "out": out, **arguments}
    return Record(**given)


def _needs_minari() -> None:
    pytest.importorskip("minari")
    pytest.importorskip("h5py")


def _load(folder: Path) -> Any:
    import minari

    return minari.MinariDataset(folder / "data")


# -- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"world": None}, "give --world"),
        ({"episodes": 0}, "--episodes must be at least 1, got 0"),
        ({"horizon": 0}, "--horizon must be at least 1, got 0"),
        ({"seed": -1}, "--seed must not be negative, got -1"),
        ({"fps": 0.0}, r"--fps must be positive, got 0\.0"),
        ({"hz": float("nan")}, "--hz must be positive, got nan"),
        ({"mode": "stepped", "hz": 5.0}, "--pacing and --hz go with --mode streamed"),
        ({"pacing": "next", "hz": 5.0}, "give either --pacing or --hz"),
        ({"dataset_fps": 10}, "--dataset-fps goes with --format lerobot, got minari"),
        ({"format": "lerobot", "dataset_fps": 0}, "--dataset-fps must be at least 1, got 0"),
        ({"format": "video", "writer_python": "p"}, "--writer-python goes with"),
        ({"size": (0, 4)}, r"--size must be .* got \(0, 4\)"),
        ({"step_timeout": 0.0}, "--step-timeout must be positive"),
        ({"world": "gym:Acrobot-v1", "policy": "scripted"}, "got gym:Acrobot-v1"),
        ({"dataset": "catch"}, "--name of --format minari must be .* like catch-v0; got 'catch'"),
        ({"dataset": "../catch-v0"}, "--name of --format minari"),
        ({"format": "lerobot", "dataset": "a/b/c"}, "--name of --format lerobot"),
        ({"format": "video", "dataset": ".."}, "--name of --format video"),
        ({"out": Path(__file__)}, "--out must be a folder"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Record(**{"world": "catch", "format": "minari", "out": OUT, **arguments}).check()


def test_a_folder_that_is_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine-v1").mkdir()
    with pytest.raises(UsageError, match="mine-v1 is there already, and nothing is overwritten"):
        _record(tmp_path, dataset="mine-v1").run()
    assert names(tmp_path) == ["mine-v1"]


@pytest.mark.parametrize(
    ("world", "policy", "name"),
    [
        ("catch", "auto", "catch-scripted-v0"),
        ("catch", "random", "catch-random-v0"),
        ("gym:Acrobot-v1", "auto", "gym-Acrobot-v1-random-v0"),
        ("./my/worlds/", "auto", "my-worlds-random-v0"),
    ],
)
def test_a_dataset_is_named_after_world_and_policy(world: str, policy: Any, name: str) -> None:
    record = _record(OUT, world=world, policy=policy)
    assert record.dataset_name == name
    record.check()


def test_every_episode_has_the_next_seed() -> None:
    seeds: list[int | None] = []

    class Seeded(CatchEnv):
        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            seeds.append(seed)
            return super().reset(seed=seed, options=options)

    log = RolloutLog()
    play(Seeded("rgb_array"), CatchPolicy(), 3, 7, None, log, lambda _: None)
    assert seeds == [7, 8, 9]
    assert (log.steps, log.returns) == (45, [1.0, 1.0, 1.0])


def test_a_missing_library_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(ReactorEnv, "__init__", lambda *_, **__: made.append(1))
    python = tmp_path / "python"
    python.write_text("""#!/bin/sh\necho '{"missing": "pip install lerobot"}'\n""")
    python.chmod(0o755)
    record = _record(tmp_path / "out", format="lerobot", writer_python=str(python))
    with pytest.raises(MissingDependencyError, match="pip install lerobot"):
        record.run()
    assert not made
    assert names(tmp_path / "out") == []


# -- videos -------------------------------------------------------------------------------------


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_videos_have_a_picture_for_every_observation(
    mode: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _record(tmp_path, format="video", dataset="films", mode=mode, episodes=2).run()
    folder = tmp_path / "films"
    assert len(names(folder)) == 6
    for name in ("episode-000000", "episode-000001"):
        read, lines = document(folder, name), rows(folder, name)
        times, levels = video(folder, name)
        assert read["complete"] is True
        assert read["pictures_dropped"] == 0
        assert len(times) == len(levels) == len(lines) == 1 + read["steps"]
        np.testing.assert_allclose(times, [row["video_s"] for row in lines], atol=1e-4)
        arrived = np.array([row["arrival_unix_us"] for row in lines])
        assert np.all(np.diff(arrived) > 0)
        if mode == "streamed":
            assert read["clock"] == "arrival"
            np.testing.assert_allclose(times, (arrived - arrived[0]) / 1e6, atol=2e-4)
        else:
            assert read["clock"] == "steps"
            np.testing.assert_allclose(np.diff(times), times[1], atol=1e-4)
    assert f"wrote {folder}" in capsys.readouterr().out


@pytest.mark.integration
@pytest.mark.skipif(not hasattr(ReactorEnv, "frame"), reason="ReactorEnv has no `frame`")
def test_frames_are_recorded_with_the_times_at_which_they_were_made(tmp_path: Path) -> None:
    _record(tmp_path, format="video", dataset="films", mode="streamed", episodes=1).run()
    lines = rows(tmp_path / "films")
    made = np.array([row["capture_us"] for row in lines])
    came = np.array([row["arrival_unix_us"] for row in lines])
    assert np.all(np.diff(made) > 0)
    transit_us = (came - came[0]) - (made - made[0])
    assert np.ptp(transit_us) < 50_000, transit_us
    # What made them is on the same machine and has the same clock.
    ages = [row["frame_age_ms"] for row in lines]
    offsets_us = came - made - 1e3 * np.array(ages)
    assert np.ptp(offsets_us) < 50_000, offsets_us


# -- datasets -----------------------------------------------------------------------------------


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """Collect what every episode showed the agent."""
    episodes: list[list[Any]] = []
    reset, step = ReactorEnv.reset, ReactorEnv.step

    def note_reset(self: ReactorEnv, **kwargs: Any) -> Any:
        found = reset(self, **kwargs)
        episodes.append([found[0]])
        return found

    def note_step(self: ReactorEnv, action: Any) -> Any:
        found = step(self, action)
        episodes[-1].append(found[0])
        return found

    monkeypatch.setattr(ReactorEnv, "reset", note_reset)
    monkeypatch.setattr(ReactorEnv, "step", note_step)
    return episodes


@pytest.mark.integration
def test_a_dataset_has_what_a_policy_of_other_pictures_saw(
    tmp_path: Path, seen: list[list[Any]]
) -> None:
    _needs_minari()
    _record(
        tmp_path,
        mode="stepped",
        episodes=2,
        policy="tests.policies.agents:SeesGray",
        size=(36, 36),
        gray=True,
        channels_first=True,
    ).run()
    dataset = _load(tmp_path / "catch-SeesGray-v0")
    episodes = list(dataset.iterate_episodes())
    assert [len(episode.actions) for episode in episodes] == [15, 15]
    for episode, shown in zip(episodes, seen, strict=True):
        np.testing.assert_array_equal(episode.observations, shown)
        assert set(episode.actions) == {2}
    kwargs = dataset.spec.env_spec.kwargs
    assert kwargs["observation"] == {"size": [36, 36], "gray": True, "channels_first": True}


@pytest.mark.integration
@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_minari_gives_back_every_pixel_that_was_observed(
    mode: Any, tmp_path: Path, seen: list[list[Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    _needs_minari()
    before = time.time_ns() // 1000
    _record(tmp_path, mode=mode, episodes=3, seed=5).run()
    loaded = _load(tmp_path / "catch-scripted-v0")
    assert loaded.total_episodes == 3
    for episode, observations in zip(loaded, seen, strict=True):
        np.testing.assert_array_equal(episode.observations, np.stack(observations))
        arrived = episode.infos["arrival_unix_us"]
        assert np.all(np.diff(arrived) > 0)
        assert before < arrived[0]
        assert arrived[-1] < time.time_ns() // 1000
        assert episode.terminations.tolist() == [False] * (len(episode) - 1) + [True]
    assert "3 episodes, " in capsys.readouterr().out
    assert names(tmp_path) == ["catch-scripted-v0"]


@pytest.mark.integration
def test_a_stepped_dataset_is_the_game_itself(tmp_path: Path) -> None:
    _needs_minari()
    _record(tmp_path, mode="stepped", episodes=2, seed=5).run()
    loaded = _load(tmp_path / "catch-scripted-v0")
    env = CatchEnv("rgb_array")
    for number, episode in enumerate(loaded):
        observation, _ = env.reset(seed=5 + number)
        for step, action in enumerate(episode.actions):
            np.testing.assert_array_equal(observation, episode.observations[step])
            observation, reward, terminated, _, _ = env.step(action)
            assert (reward, terminated) == (episode.rewards[step], episode.terminations[step])


@pytest.mark.integration
def test_an_episode_whose_session_is_lost_is_truncated_and_the_next_one_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _needs_minari()
    made: list[int] = []
    step = ReactorEnv.step

    def kill_once(self: ReactorEnv, action: Any) -> Any:
        made.append(1)
        if len(made) == 5:
            kill_runtime(self)
        return step(self, action)

    monkeypatch.setattr(ReactorEnv, "step", kill_once)
    _record(tmp_path, mode="stepped", episodes=2).run()
    first, second = _load(tmp_path / "catch-scripted-v0")
    assert first.truncations.tolist() == [False] * 4 + [True]
    assert first.infos["session_lost"].tolist() == [False] * 5 + [True]
    assert second.terminations[-1]
    assert "a session was lost, its episode is truncated" in capsys.readouterr().err


RUN = """
import sys
from pathlib import Path
from reactor_env.cli.record import Record
try:
    Record(world="catch", format=sys.argv[1], out=Path(sys.argv[2]), mode="streamed", fps=60,
           episodes=10_000).run()
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a recording, and return when it has finished an episode."""
    started: list[subprocess.Popen[str]] = []

    def start(format: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN, format, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "100"},
        )
        started.append(process)
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        assert any("episode 1 of 10000" in line for line in said), "it ended too early"
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.integration
def test_ctrl_c_leaves_the_finished_episodes(
    tmp_path: Path, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    _needs_minari()
    process = start("minari")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert names(tmp_path) == ["catch-scripted-v0"]
    loaded = _load(tmp_path / "catch-scripted-v0")
    assert loaded.total_episodes >= 1
    assert f"{loaded.total_episodes} episodes, {loaded.total_steps} rows" in out
    assert all(episode.terminations[-1] for episode in loaded)
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.integration
def test_a_recording_that_is_killed_leaves_the_finished_episodes(
    tmp_path: Path, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    _needs_minari()
    process = start("minari")
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(WAIT_S)
    folder = tmp_path / "catch-scripted-v0"
    deadline = time.monotonic() + WAIT_S
    while names(tmp_path) != [folder.name]:
        assert time.monotonic() < deadline, f"after {WAIT_S} s there is only {names(tmp_path)}"
        time.sleep(0.05)
    loaded = _load(folder)
    assert loaded.total_episodes >= 1
    assert all(episode.terminations[-1] for episode in loaded)
    assert not psutil.wait_procs(children, timeout=15)[1]


@pytest.mark.integration
def test_ctrl_c_finishes_the_video_that_was_being_made(
    tmp_path: Path, start: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = start("video")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, err
    folder = tmp_path / "catch-scripted-v0"
    found = names(folder)
    assert not any(name.startswith(".") for name in found)
    last = found[-1].removesuffix(".mp4")
    read = document(folder, last)
    assert len(video(folder, last)[0]) == read["steps"] + 1
    assert json.loads((folder / f"{last}.json").read_text()) == read
