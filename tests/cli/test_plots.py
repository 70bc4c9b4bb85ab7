from __future__ import annotations

import importlib.util
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reactor_env.cli.log import RolloutLog
from reactor_env.cli.plots import SIZE_PX, plot_latency, require_matplotlib
from reactor_env.errors import MissingDependencyError
from tests.cli.logs import stepped_log, streamed_log


def _one_step() -> RolloutLog:
    return stepped_log(steps=1)


@pytest.mark.parametrize("log", [streamed_log(), stepped_log(), _one_step()])
def test_the_plot_is_a_png_with_something_in_both_halves(tmp_path: Path, log: RolloutLog) -> None:
    path = tmp_path / "latency.png"
    plot_latency(log, "a title", path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == SIZE_PX
        pixels = np.asarray(image.convert("RGB"))
    half = SIZE_PX[1] // 2
    for part in (pixels[:half], pixels[half:]):
        coloured = np.ptp(part.astype(int), axis=2) > 40
        columns = np.flatnonzero(coloured.any(axis=0))
        assert coloured.sum() > 30
        assert log.steps == 1 or np.ptp(columns) > SIZE_PX[0] // 3
    assert list(tmp_path.iterdir()) == [path]


def test_the_axes_fill_the_picture(tmp_path: Path) -> None:
    plot_latency(streamed_log(), "a title", tmp_path / "latency.png")
    with Image.open(tmp_path / "latency.png") as image:
        dark = np.asarray(image.convert("L")) < 60
    spines = np.flatnonzero(dark.mean(axis=0) > 0.6)
    assert spines.size, "the left spines of both axes cover most of the height"


def test_without_matplotlib_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find_spec = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "matplotlib" else find_spec(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(MissingDependencyError, match=r'pip install "reactor-env\[plots\]"'):
        require_matplotlib()
