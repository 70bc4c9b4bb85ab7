from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

import reactor_env  # noqa: F401 - registers Catch-v0
from reactor_env.datasets.columns import COLUMNS
from reactor_env.recorder import RecordEpisodes
from reactor_env.video_writer import VideoFile
from reactor_env.worlds.catch import CatchEnv
from tests.recorder.slides import Live, Slides, document, gray, names, play, rows, video

WAIT_S = 10.0


class Gate:
    """Holds the encoder up until it is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()

    def open(self) -> None:
        self._open.set()

    def wait(self) -> None:
        self.entered.set()
        assert self._open.wait(WAIT_S), "nobody opened the gate"


def play_and_close(env: gym.Env[Any, Any], episodes: int = 1) -> None:
    for _ in range(episodes):
        play(env)
    env.close()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, add = Gate(), VideoFile.add

    def held_up(self: VideoFile, picture: Any, ticks: int) -> None:
        gate.wait()
        add(self, picture, ticks)

    monkeypatch.setattr(VideoFile, "add", held_up)
    yield gate
    gate.open()


def test_an_episode_leaves_a_video_its_steps_and_a_document(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(5), tmp_path)
    play(env, seed=3)
    env.close()
    assert names(tmp_path) == [f"episode-000000.{end}" for end in ("json", "jsonl", "mp4")]
    times, levels = video(tmp_path)
    np.testing.assert_allclose(levels, [0, 10, 20, 30, 40, 50], atol=3)
    np.testing.assert_allclose(times, np.arange(6) / 20, atol=1e-4)
    read = document(tmp_path)
    assert (read["episode"], read["seed"], read["steps"], read["return"]) == (0, 3, 5, 10.0)
    assert (read["terminated"], read["truncated"], read["complete"]) == (True, False, True)
    assert (read["pictures"], read["pictures_dropped"], read["clock"]) == (6, 0, "steps")
    assert (read["video"], read["steps_file"]) == ("episode-000000.mp4", "episode-000000.jsonl")


def test_a_line_says_what_the_step_was(tmp_path: Path) -> None:
    infos = {"frame_id": 7, "ack_ms": float("nan"), "step_ms": np.float64(1.5), "messages": ["x"]}
    env = RecordEpisodes(Slides(3, info=lambda _: infos), tmp_path)
    before = time.time_ns() // 1000
    play(env)
    env.close()
    first, *_, last = rows(tmp_path)
    assert [row["step"] for row in rows(tmp_path)] == [0, 1, 2, 3]
    assert [row["action"] for row in rows(tmp_path)] == [None, 0, 1, 2]
    assert [row["reward"] for row in rows(tmp_path)] == [None, 0.0, 1.0, 2.0]
    assert [row["terminated"] for row in rows(tmp_path)] == [False, False, False, True]
    assert [row["picture"] for row in rows(tmp_path)] == [0, 1, 2, 3]
    assert (last["frame_id"], last["ack_ms"], last["step_ms"]) == (7, None, 1.5)
    assert before <= first["arrival_unix_us"] <= last["arrival_unix_us"] <= time.time_ns() // 1000
    assert "messages" not in last
    assert {column.name for column in COLUMNS} <= set(last)


def test_the_video_of_a_live_session_plays_as_its_frames_arrived(tmp_path: Path) -> None:
    arrivals_ms = [0.0, 40.0, 41.0, 300.0, 310.5, 1000.0]
    env = RecordEpisodes(Live(arrivals_ms), tmp_path)
    play(env)
    env.close()
    times, levels = video(tmp_path)
    np.testing.assert_allclose(times, np.array(arrivals_ms) / 1e3, atol=1e-4)
    np.testing.assert_allclose(levels, [0, 10, 20, 30, 40, 50], atol=3)
    recorded = rows(tmp_path)
    assert [row["capture_us"] for row in recorded] == [1_000 * n + 7 for n in range(6)]
    since = [row["arrival_unix_us"] - recorded[0]["arrival_unix_us"] for row in recorded]
    np.testing.assert_allclose(since, 1e3 * np.array(arrivals_ms), atol=1)
    np.testing.assert_allclose([row["video_s"] for row in recorded], times, atol=1e-4)


def test_steps_of_a_live_session_can_be_of_equal_length(tmp_path: Path) -> None:
    env = RecordEpisodes(Live([0.0, 40.0, 41.0]), tmp_path, clock="steps", fps=4)
    play(env)
    env.close()
    np.testing.assert_allclose(video(tmp_path)[0], [0, 0.25, 0.5], atol=1e-4)


def test_a_frame_that_is_shown_again_is_encoded_once(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(4, info=lambda step: {"frame_repeated": step in (2, 3)}), tmp_path)
    play(env)
    env.close()
    times, _ = video(tmp_path)
    np.testing.assert_allclose(times, [0, 0.05, 0.2], atol=1e-4)
    assert [row["picture"] for row in rows(tmp_path)] == [0, 1, 1, 1, 2]
    assert document(tmp_path)["pictures_dropped"] == 0


def test_recording_leaves_the_received_frame_as_it_was(tmp_path: Path) -> None:
    env = Live([0.0, 40.0])
    images = [frame.image for frame in env.frames]
    assert isinstance(images[0], av.VideoFrame)
    before = [(image.pts, image.time_base) for image in images if not isinstance(image, np.ndarray)]
    recorded = RecordEpisodes(env, tmp_path)
    play(recorded)
    recorded.close()
    after = [(image.pts, image.time_base) for image in images if not isinstance(image, np.ndarray)]
    assert after == before


def test_a_change_of_resolution_is_scaled_to_the_first_one(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(2, lambda step: gray(90, 48 + 16 * step, 64)), tmp_path)
    play(env)
    env.close()
    with av.open(str(tmp_path / "episode-000000.mp4")) as container:
        sizes = {(frame.height, frame.width) for frame in container.decode(video=0)}
    assert sizes == {(48, 64)}
    assert document(tmp_path)["pictures"] == 3


def test_the_trigger_chooses_episodes(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(2), tmp_path, episode_trigger=lambda number: number % 2 == 1)
    for _ in range(4):
        play(env)
    env.close()
    assert names(tmp_path)[::3] == ["episode-000001.json", "episode-000003.json"]


def test_a_reset_finishes_an_unfinished_episode(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(5), tmp_path)
    play(env, steps=2)
    play(env)
    env.close()
    read = document(tmp_path)
    assert (read["steps"], read["complete"], read["pictures"]) == (2, False, 3)
    assert document(tmp_path, "episode-000001")["complete"] is True


def test_closing_in_mid_episode_finishes_it_and_closing_again_does_nothing(tmp_path: Path) -> None:
    inner = Slides(5)
    env = RecordEpisodes(inner, tmp_path)
    play(env, steps=2)
    env.close()
    before = names(tmp_path)
    assert document(tmp_path)["complete"] is False
    assert len(video(tmp_path)[0]) == 3
    env.close()
    assert names(tmp_path) == before
    assert inner.closed == 2


def test_it_records_again_after_close(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(2), tmp_path)
    for _ in range(2):
        play(env)
        env.close()
    assert document(tmp_path, "episode-000001")["complete"] is True


def test_an_episode_is_on_disk_when_it_ends_and_not_at_the_next_reset(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(2), tmp_path)
    play(env)
    deadline = time.monotonic() + WAIT_S
    while not (tmp_path / "episode-000000.json").exists():
        assert time.monotonic() < deadline, f"only {names(tmp_path)} after {WAIT_S} s"
        time.sleep(0.01)
    env.close()


def test_nothing_has_its_name_while_the_episode_is_played(tmp_path: Path, gate: Gate) -> None:
    env = RecordEpisodes(Slides(5), tmp_path)
    play(env, steps=2)
    assert gate.entered.wait(WAIT_S)
    assert all(name.startswith(".") for name in names(tmp_path))
    gate.open()
    env.close()
    assert not any(name.startswith(".") for name in names(tmp_path))


def test_an_encoder_that_is_behind_holds_nobody_up_and_drops_are_counted(
    tmp_path: Path, gate: Gate
) -> None:
    env = RecordEpisodes(Slides(20), tmp_path, queue_size=4)
    play(env)  # returns, although nothing can be encoded
    assert env.pictures_dropped == 17
    env.reset()
    gate.open()
    env.close()
    read = document(tmp_path)
    assert (read["steps"], read["pictures"], read["pictures_dropped"]) == (20, 4, 17)
    times, levels = video(tmp_path)
    np.testing.assert_allclose(times, np.arange(4) / 20, atol=1e-4)
    np.testing.assert_allclose(levels, [0, 10, 20, 30], atol=3)
    assert [row["picture"] for row in rows(tmp_path)] == [0, 1, 2, 3] + 17 * [None]
    assert [row["step"] for row in rows(tmp_path)] == list(range(21))


def test_pictures_after_a_gap_keep_their_times(tmp_path: Path, gate: Gate) -> None:
    env = RecordEpisodes(Slides(10), tmp_path, queue_size=2)
    play(env, steps=5)
    gate.open()
    deadline = time.monotonic() + WAIT_S
    while env._tape._worker._offered:  # until the encoder has caught up
        assert time.monotonic() < deadline
        time.sleep(0.005)
    env.step(0)
    env.close()
    np.testing.assert_allclose(video(tmp_path)[0], [0, 0.05, 0.3], atol=1e-4)
    assert rows(tmp_path)[-1]["picture"] == 2


def test_memory_does_not_grow_with_an_episode(tmp_path: Path) -> None:
    pictures = [gray(level, 480, 640) for level in range(0, 250, 50)]
    env = RecordEpisodes(Slides(1500, lambda step: pictures[step % 5]), tmp_path)
    play(env, steps=200)
    env.reset()
    gc.collect()
    before = psutil.Process().memory_info().rss
    play(env)  # 1.4 GB of pictures
    grown = psutil.Process().memory_info().rss - before
    env.close()
    assert grown < 100e6, f"{grown / 1e6:.0f} MB more"
    assert document(tmp_path, "episode-000002")["steps"] == 1500


def test_an_error_of_the_encoder_is_warned_of_once_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "reactor_env.video_writer._ENCODERS", (("libx264", {"preset": "no such preset"}),)
    )
    env = RecordEpisodes(Slides(5), tmp_path)
    with pytest.warns(UserWarning, match="the video of episode-000000 .* is lost") as caught:
        play_and_close(env, episodes=3)
    assert len(caught) == 1
    assert names(tmp_path) == [
        f"episode-00000{number}.{end}" for number in range(3) for end in ("json", "jsonl")
    ]
    assert document(tmp_path)["video"] is None
    assert document(tmp_path)["error"]
    assert [row["step"] for row in rows(tmp_path)] == list(range(6))


def test_a_folder_that_cannot_be_made_is_warned_of_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    env = RecordEpisodes(Slides(3), tmp_path / "file" / "folder")
    with pytest.warns(UserWarning, match="cannot record to"):
        play_and_close(env)
    assert env.unwrapped.count == 3  # type: ignore[attr-defined]


FULL_DISK = """
import resource, sys, warnings
from pathlib import Path
import numpy as np
from reactor_env.recorder import RecordEpisodes
from tests.recorder.slides import Slides, play

noise = np.random.default_rng(0)
env = RecordEpisodes(
    Slides(60, lambda _: noise.integers(0, 255, (240, 320, 3), np.uint8)), sys.argv[1],
    queue_size=100,
)
play(env)
env.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    play(env)
    env.close()
print(env.unwrapped.count, [str(w.message) for w in caught])
"""


def test_a_full_disk_is_warned_of_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("60 ["), done.stdout
    assert done.stdout.count("WARN: RecordEpisodes: the video of episode-000001") == 1
    assert [name for name in names(tmp_path) if "000001" in name and name.endswith("mp4")] == []
    assert not any(name.startswith(".") for name in names(tmp_path))
    assert document(tmp_path)["pictures"] == 61
    assert document(tmp_path, "episode-000001")["video"] is None


FORGETFUL = """
import sys
from reactor_env.recorder import RecordEpisodes
from tests.recorder.slides import Slides, play
env = RecordEpisodes(Slides(50), sys.argv[1])
play(env, steps=20)
"""


def test_an_episode_nobody_closed_is_finished_when_the_interpreter_exits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORGETFUL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert document(tmp_path)["steps"] == 20
    assert len(video(tmp_path)[0]) == 21


def test_an_environment_nobody_holds_any_more_is_finished(tmp_path: Path) -> None:
    play(RecordEpisodes(Slides(50), tmp_path), steps=3)
    gc.collect()
    assert document(tmp_path)["steps"] == 3


def test_no_file_is_ever_overwritten(tmp_path: Path) -> None:
    for seed in (1, 2):
        env = RecordEpisodes(Slides(2), tmp_path)
        play(env, seed=seed)
        env.close()
    assert document(tmp_path)["seed"] == 1
    second = document(tmp_path, "episode-000001")
    assert (second["seed"], second["episode"]) == (2, 0)


def test_it_survives_a_round_trip_of_its_spec_through_json(tmp_path: Path) -> None:
    made = gym.make("reactor_env/Catch-v0", render_mode="rgb_array")
    env = RecordEpisodes(made, tmp_path, name_prefix="again", clock="arrival")
    assert env.spec is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(copy, RecordEpisodes)
    play(copy)
    copy.close()
    env.close()
    assert document(tmp_path, "again-000000")["clock"] == "arrival"
    assert document(tmp_path, "again-000000")["environment"] == "reactor_env/Catch-v0"


@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
def test_gymnasiums_checker_finds_no_fault(tmp_path: Path) -> None:
    env = gym.make("reactor_env/Catch-v0", render_mode="rgb_array", disable_env_checker=True)
    check_env(RecordEpisodes(env.unwrapped, tmp_path), skip_render_check=True)


def test_actions_of_any_space_are_json(tmp_path: Path) -> None:
    space = gym.spaces.Dict({"keys": gym.spaces.MultiBinary(3), "text": gym.spaces.Text(5)})
    env = Slides(1)
    env.step = lambda action: (1, 0.0, True, False, {})  # type: ignore[method-assign]
    recorded = RecordEpisodes(env, tmp_path)
    recorded.reset()
    action = space.sample()
    recorded.step(action)
    recorded.close()
    written = rows(tmp_path)[1]["action"]
    assert written == {"keys": action["keys"].tolist(), "text": action["text"]}
    json.dumps(written)


def test_an_environment_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'`env` must have `render_mode="rgb_array"`, got .*None'):
        RecordEpisodes(CatchEnv(), tmp_path)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"clock": "wall"}, '`clock` must be "auto", "arrival" or "steps", got \'wall\''),
        ({"fps": 0}, "`fps` must be positive, got 0"),
        ({"queue_size": 0}, "`queue_size` must be at least 1, got 0"),
        ({"name_prefix": "a/b"}, "`name_prefix` must be a plain file name, got 'a/b'"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    tmp_path: Path, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        RecordEpisodes(Slides(), tmp_path, **arguments)


def test_a_render_that_is_no_picture_is_warned_of_and_ends_nothing(tmp_path: Path) -> None:
    env = RecordEpisodes(Slides(3, lambda step: gray(1) if step < 2 else "text"), tmp_path)
    with pytest.warns(UserWarning, match=r"`render\(\)` must return .* got str"):
        play_and_close(env)
    assert document(tmp_path)["steps"] == 1
