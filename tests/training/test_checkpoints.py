from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from reactor_env.training.checkpoints import Checkpoints, save_model
from reactor_env.training.record import TrainingLog


class Model:
    """Saves a word."""

    replay_buffer: Any = None

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    def save(self, file: Any) -> None:
        file.write(b"half")
        if self.fails:
            raise OSError("disk full")

    def save_replay_buffer(self, file: Any) -> None:
        pickle.dump(self.replay_buffer, file)


def test_the_newest_two_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "new", keep=2)
    assert checkpoints.newest() is None
    model = Model()
    model.replay_buffer = [1]
    for steps in (5, 90, 1000):
        checkpoints.save(model, TrainingLog(steps=steps))
    assert [one.steps for one in checkpoints.all()] == [90, 1000]
    assert len(list((tmp_path / "new").iterdir())) == 6
    newest = checkpoints.newest()
    assert newest is not None
    assert newest.log().steps == 1000
    assert pickle.loads(newest.replay.read_bytes()) == [1]


def test_a_model_without_replay_buffer_has_no_file_of_it(tmp_path: Path) -> None:
    made = Checkpoints(tmp_path).save(Model(), TrainingLog(steps=3))
    assert made.model.is_file()
    assert not made.replay.exists()


def test_a_checkpoint_that_was_not_written_whole_is_none(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(Model(), TrainingLog(steps=3))
    with pytest.raises(OSError, match="disk full"):
        checkpoints.save(Model(fails=True), TrainingLog(steps=7))
    assert [one.steps for one in checkpoints.all()] == [3]


def test_a_model_that_fails_to_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    save_model(Model(), path)
    with pytest.raises(OSError, match="disk full"):
        save_model(Model(fails=True), path)
    assert [one.name for one in tmp_path.iterdir()] == ["model.zip"]
