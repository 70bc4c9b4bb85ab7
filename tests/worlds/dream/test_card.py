from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reactor_env.worlds.dream import card, collect, film, measure
from reactor_env.worlds.dream.artefacts import write_arrays
from reactor_env.worlds.dream.film import strip
from reactor_env.worlds.dream.numpy_model import DreamModel
from tests.worlds.dream import results, tiny


def test_a_strip_has_its_pictures_in_rows() -> None:
    red = np.full((64, 64, 3), (255, 0, 0), np.uint8)
    blue = np.full((64, 64, 3), (0, 0, 255), np.uint8)
    sheet = strip({"one": [red, blue], "two": [blue, red]}, ["+1", "+2"], (2, 3))
    right, bottom = sheet[:, -100:].reshape(-1, 3), sheet[-60:].reshape(-1, 3)
    for part in (right, bottom):
        colours = {tuple(colour) for colour in np.unique(part, axis=0).tolist()}
        assert {(255, 0, 0), (0, 0, 255)} <= colours


def test_a_card_is_written_with_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "tiny.npz"
    tiny.write(model, max_steps=20)
    monkeypatch.setattr(collect, "PART_FRAMES", 300)
    monkeypatch.setattr(measure, "DRIFT_AFTER", (2, 4))
    monkeypatch.setattr(film, "DRIFT_AFTER", (2, 4))
    argv = ["card", "--env", "cartpole", "--weights", str(model), "--frames", "300"]
    argv += ["--held-out", str(tmp_path / "data"), "--policy-episodes", str(tmp_path / "data")]
    argv += ["--results", str(results.write(tmp_path)), "--made-by", "make it all"]
    monkeypatch.setattr(sys, "argv", [*argv, "--out", str(tmp_path)])
    monkeypatch.setattr(measure, "PIECE_WARM_UP", 5)
    monkeypatch.setattr(measure, "HORIZONS", (1, 10))
    monkeypatch.setattr(film, "STEPS_SHOWN", (1, 5))
    card.main()
    text = (tmp_path / "dream-cartpole.md").read_text()
    for heading in (
        "Open loop",
        "Control",
        "Drift",
        "Ends and rewards",
        "From dream to reality",
        "Speed",
    ):
        assert f"## {heading}\n" in text
    assert "Made from nothing, this card too, by `make it all`." in text
    assert "nan" not in text
    for name in ("open-loop", "policy", "actions", "drift"):
        assert f"(dream-cartpole/{name}.png)" in text
        assert Image.open(tmp_path / "dream-cartpole" / f"{name}.png").width > 300


def test_a_card_says_where_no_episode_of_a_policy_is_long_enough(
    tiny_path: Path, tmp_path: Path
) -> None:
    write_arrays(tmp_path / "part-000.npz", collect.pack([tiny.episode(9)]))
    [line, _] = card.on_policy(DreamModel.load(tiny_path), tmp_path, tmp_path / "pictures")
    assert line == f"No episode of the policy in {tmp_path} is 70 steps long."


def test_the_busiest_episode_is_the_one_that_changes_most() -> None:
    still, moving = tiny.episode(4), tiny.episode(4, 1)
    still.frames[:] = still.frames[0]
    assert film.busiest([still, moving, still]) is moving
