from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest

from reactor_env.datasets.exporter import DatasetError, Exporter
from reactor_env.errors import MissingDependencyError
from tests.datasets.episodes import header, pictures, spool

NAME = "test/look-v1"


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    pytest.importorskip("minari")
    pytest.importorskip("h5py")
    exporter = Exporter("minari", tmp_path, NAME)
    exporter.start()
    yield exporter
    exporter.discard()


def _python(folder: Path, script: str) -> str:
    """Make something that can be run in Python's place."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def _load(tmp_path: Path, name: str = NAME) -> Any:
    import minari

    return minari.MinariDataset(tmp_path / name / "data")


def test_episodes_come_out_of_minaris_own_loader_as_they_went_in(
    tmp_path: Path, exporter: Exporter
) -> None:
    shown = [pictures(4, seed) for seed in range(3)]
    exporter.begin(header())
    for number, observations in enumerate(shown):
        exporter.add(spool(exporter.spool_folder(), observations, seed=number))
    assert exporter.finish()
    assert (exporter.episodes, exporter.rows) == (3, 12)
    loaded = _load(tmp_path)
    assert (loaded.total_episodes, loaded.total_steps, loaded.id) == (3, 12, NAME)
    for episode, observations in zip(loaded, shown, strict=True):
        np.testing.assert_array_equal(episode.observations, observations)
        assert episode.actions.tolist() == [1, 2, 0, 1]
        assert episode.rewards.tolist() == [1.0, 2.0, 3.0, 4.0]
        assert episode.truncations.tolist() == [False, False, False, True]
        assert not episode.terminations.any()
        assert episode.infos["arrival_unix_us"].tolist() == [0, 100_000, 200_000, 300_000, 400_000]
        assert episode.infos["capture_us"].tolist() == [500, 501, 502, 503, 504]
        assert np.isnan(episode.infos["ack_ms"]).all()
    seeds = [facts["seed"] for facts in loaded.storage.get_episode_metadata(range(3))]
    assert seeds == [0, 1, 2]
    assert loaded.storage.metadata["algorithm_name"] == "random"


def test_actions_in_a_dict_come_out_in_a_dict(tmp_path: Path, exporter: Exporter) -> None:
    space = gym.spaces.Dict(
        {"keys": gym.spaces.MultiBinary(2), "look": gym.spaces.Box(-1, 1, (2,), np.float32)}
    )
    actions = [space.sample() for _ in range(3)]
    exporter.begin(header(space))
    exporter.add(spool(exporter.spool_folder(), pictures(3), actions))
    exporter.finish()
    (episode,) = _load(tmp_path)
    for name in ("keys", "look"):
        np.testing.assert_array_equal(episode.actions[name], [act[name] for act in actions])


def test_the_environment_can_be_made_again_from_the_dataset(
    tmp_path: Path, exporter: Exporter
) -> None:
    exporter.begin(header(env_kwargs={"world": "catch", "mode": "stepped"}))
    exporter.add(spool(exporter.spool_folder(), pictures(1)))
    exporter.finish()
    env = _load(tmp_path).recover_environment()
    assert env.unwrapped.mode == "stepped"
    env.close()


def test_only_the_dataset_is_left(tmp_path: Path, exporter: Exporter) -> None:
    exporter.begin(header())
    exporter.add(spool(exporter.spool_folder(), pictures(2)))
    assert [path.name for path in tmp_path.iterdir()] == [f".test-look-v1.{os.getpid()}.part"]
    exporter.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["test"]
    files = [path.name for path in (tmp_path / NAME).rglob("*") if path.is_file()]
    assert sorted(files) == ["main_data.hdf5", "metadata.json"]


def test_without_an_episode_there_is_no_dataset(tmp_path: Path, exporter: Exporter) -> None:
    assert not exporter.finish()
    assert list(tmp_path.iterdir()) == []


def test_discarding_leaves_nothing_and_no_process(tmp_path: Path, exporter: Exporter) -> None:
    exporter.begin(header())
    exporter.add(spool(exporter.spool_folder(), pictures(2)))
    exporter.discard()
    assert list(tmp_path.iterdir()) == []
    assert not any(
        "export_process" in " ".join(child.cmdline()) for child in psutil.Process().children()
    )
    exporter.discard()


def test_a_spool_that_is_no_episode_is_told_with_what_there_is(
    tmp_path: Path, exporter: Exporter
) -> None:
    exporter.begin(header())
    exporter.add(spool(exporter.spool_folder(), pictures(2)))
    broken = exporter.spool_folder()
    broken.mkdir(parents=True)
    exporter.add(broken)
    with pytest.raises(DatasetError, match=r"FileNotFoundError.*what there is, is in .*\.part"):
        exporter.finish()


def test_too_much_that_waits_on_disk_is_waited_for(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactor_env.datasets.exporter._BACKLOG_BYTES", 1)
    exporter.begin(header())
    for added in range(1, 4):
        exporter.add(spool(exporter.spool_folder(), pictures(2)))
        assert exporter.episodes >= added - 1
    assert exporter.waited_s > 0


def test_a_writer_that_died_is_told_to_whoever_adds_an_episode(exporter: Exporter) -> None:
    exporter.begin(header())
    assert exporter._process is not None
    exporter._process.kill()
    exporter._process.wait()
    folder = spool(exporter.spool_folder(), pictures(2))
    with pytest.raises(DatasetError, match="the dataset's writer ended"):
        exporter.add(folder)


def test_a_writer_that_is_killed_is_told(exporter: Exporter) -> None:
    assert exporter._process is not None
    os.kill(exporter._process.pid, signal.SIGKILL)
    with pytest.raises(DatasetError, match=r"the dataset's writer ended.*what it left is in"):
        exporter.finish()


def test_a_dataset_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir(parents=True)
    with pytest.raises(FileExistsError, match=f"{NAME} is there already"):
        Exporter("minari", tmp_path, NAME).start()
    assert [path.name for path in tmp_path.iterdir()] == ["test"]


@pytest.mark.parametrize(
    ("format", "module", "told"),
    [
        (
            "minari",
            "minari",
            r'--format minari needs a library .*minari.*: pip install "reactor-env\[data\]"',
        ),
        ("lerobot", "lerobot", r"--format lerobot needs a library .* --writer-python"),
    ],
)
def test_a_missing_library_is_told_with_what_installs_it(
    tmp_path: Path, format: Any, module: str, told: str
) -> None:
    start = (
        f"import sys, runpy; sys.modules['{module}'] = None; del sys.argv[1:3]; "
        "runpy.run_module('reactor_env.datasets.export_process', run_name='__main__')"
    )
    python = _python(tmp_path, f'exec "{sys.executable}" -c "{start}" "$@"')
    with pytest.raises(MissingDependencyError, match=told):
        Exporter(format, tmp_path / "out", NAME, python).start()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_writer_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    python = _python(tmp_path, "echo no such module >&2; exit 1")
    with pytest.raises(DatasetError, match=r"writer ended: no such module"):
        Exporter("minari", tmp_path / "out", NAME, python).start()
    assert list((tmp_path / "out").iterdir()) == []


def test_another_version_of_the_package_is_refused(tmp_path: Path) -> None:
    python = _python(tmp_path, """echo '{"ready": "0.0.0"}'; cat >/dev/null""")
    with pytest.raises(DatasetError, match=r"has reactor-env 0\.0\.0, this is"):
        Exporter("minari", tmp_path / "out", NAME, python).start()


def test_a_python_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no/python cannot be run"):
        Exporter("minari", tmp_path / "out", NAME, str(tmp_path / "no" / "python")).start()
