from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from reactor_env.files import write_json
from reactor_env.worlds.dream import collect, train
from reactor_env.worlds.dream.artefacts import write_arrays
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.train import Args, run
from tests.worlds.dream import tiny


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "TASKS", {"cartpole": tiny.TASK})
    monkeypatch.setattr(collect, "PART_FRAMES", 40)


def arguments(folder: Path) -> Args:
    return Args("cartpole", out=folder, vision_batch=8, memory_batch=4, window=8)


def test_a_run_gives_a_model_that_knows_how_it_was_made(tmp_path: Path) -> None:
    path = run(arguments(tmp_path / "run"))
    model = DreamModel.load(path)
    assert (model.config.task, model.config.latent) == ("cartpole", tiny.TASK.latent)
    command = "python -m reactor_env.worlds.dream.train --env cartpole"
    [made] = model.training["runs"]
    options = "--vision-batch 8 --memory-batch 4 --window 8"
    assert made["command"] == f"{command} {options} --out {tmp_path / 'run'}"
    assert set(made["seconds"]) == {"play", "pictures", "memory"}
    assert model.training["frames"] >= 60
    assert model.config.openings == model.training["episodes"]


def test_equal_seeds_give_equal_models_and_others_do_not(tmp_path: Path) -> None:
    args = arguments(tmp_path / "a")
    first, again, other = (
        DreamModel.load(run(given))
        for given in (
            args,
            replace(args, out=tmp_path / "b"),
            replace(args, out=tmp_path / "c", seed=1),
        )
    )
    picture = np.zeros((1, 64, 64, 3), np.uint8)
    assert np.array_equal(first.encode(picture), again.encode(picture))
    assert not np.array_equal(first.encode(picture), other.encode(picture))
    assert np.array_equal(first.starts.hidden, again.starts.hidden)


@pytest.mark.parametrize(("share", "warned"), [(0.02, True), (0.9, False)])
def test_a_picture_model_that_shows_nothing_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, warned: bool
) -> None:
    monkeypatch.setattr(train, "explained", lambda *_: share)
    console = Console(file=io.StringIO(), width=200)
    run(arguments(tmp_path), console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert (f"shows {share:.0%} of what differs between pictures" in said) is warned


def test_a_finished_stage_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = arguments(tmp_path)
    first = DreamModel.load(run(args))
    args.model_path.unlink()
    monkeypatch.setattr(collect, "play", None)
    monkeypatch.setattr(train, "encode_all", None)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pt")}
    again = DreamModel.load(run(args))
    assert kept == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.pt")}
    assert len(kept) == 2
    assert np.array_equal(first.starts.latent, again.starts.latent)


def test_a_finished_run_is_trained_further_with_more_episodes(tmp_path: Path) -> None:
    first = arguments(tmp_path / "first")
    run(first)
    extra = [tiny.episode(30, seed=5)]
    write_arrays(tmp_path / "extra" / "part-000.npz", collect.pack(extra))
    made_by = {"runs": [{"command": "train it", "seconds": {}}, {"command": "play", "seconds": {}}]}
    write_json(tmp_path / "extra" / collect.MADE_BY, made_by)
    further = replace(
        first, out=tmp_path / "second", begin=first.folder, also=(tmp_path / "extra",)
    )
    # So few steps change next to nothing.
    still = replace(further, out=tmp_path / "still", vision_steps=1, learning_rate=1e-9)
    model = DreamModel.load(run(further))
    assert model.training["further"] == 31
    commands = [made["command"].split(" --")[0] for made in model.training["runs"]]
    trained = "python -m reactor_env.worlds.dream.train"
    assert commands == [trained, "train it", "play", trained]
    # Those of the first run are not played again, but learned from.
    assert not (tmp_path / "second" / "data").exists()
    known = DreamModel.load(first.model_path).training["frames"]
    assert model.training["frames"] == known + 31
    before, after = (DreamModel.load(run(args)) for args in (first, still))
    picture = extra[0].frames[:1]
    np.testing.assert_allclose(before.encode(picture), after.encode(picture), atol=1e-5)


def test_a_third_run_learns_from_the_episodes_of_both_before(tmp_path: Path) -> None:
    args = arguments(tmp_path / "run-0")
    run(args)
    for number in (1, 2):
        extra = tmp_path / f"extra-{number}"
        write_arrays(extra / "part-000.npz", collect.pack([tiny.episode(9 + number)]))
        begin = args.folder
        args = replace(args, out=tmp_path / f"run-{number}", begin=begin, also=(extra,))
        run(args)
    frames = [
        DreamModel.load(tmp_path / f"run-{n}" / "cartpole.npz").training["frames"] for n in range(3)
    ]
    assert np.diff(frames).tolist() == [11, 12]


def test_a_folder_of_other_arguments_is_refused(tmp_path: Path) -> None:
    args = arguments(tmp_path)
    run(args)
    with pytest.raises(ValueError, match=r"`out` must be a new folder.*where seed is 0"):
        run(replace(args, seed=1))


def test_a_models_starts_are_first_pictures_and_then_moments_inside(tmp_path: Path) -> None:
    model = DreamModel.load(run(arguments(tmp_path)))
    openings = model.config.openings
    assert not model.starts.hidden[:openings].any()
    assert model.starts.hidden[openings:].any(1).all()
    firsts = np.stack([e.frames[0] for e in collect.load(tmp_path / "data")])
    known = model.encode(firsts)
    for latent in model.starts.latent[:openings]:
        assert np.abs(known - latent).max(1).min() < 0.01
