"""The form of the observation benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import benchmarks.observations as benchmark
from benchmarks.observations import (
    ARRAY,
    GRAY,
    OPENCV,
    OURS,
    WAYS,
    Args,
    Way,
    main,
    markdown,
)

LOAD = (0.5, 1.5)


def test_medians_are_of_rounds_and_ratios_of_rounds_played_together() -> None:
    ways = {
        OURS: Way([[1.0, 1.0, 9.0], [2.0]], [1.0, 3.0], 0.25),
        OPENCV: Way([[4.0], [6.0]], [5.0, 5.0], 1.0),
    }
    text = markdown({ARRAY: {"84x84": ways}}, Args(rounds=2, frames=3), LOAD)
    assert (
        f"| {ARRAY} | 84x84 | {OURS} | 1.50 (1.00 to 2.00) | 7.95 | 2.00 | 1.0 | 1.0 | 0.25 |"
        in text
    )
    assert f"| {OPENCV} | 5.00 (4.00 to 6.00) | 5.90 | 5.00 | 3.5 | 3.3 | 1.00 |" in text
    assert "load average 0.5 before and 1.5 after" in text


@pytest.mark.parametrize("kind", WAYS)
def test_this_packages_observations_are_right_but_for_rounding(kind: str) -> None:
    (image,) = benchmark.pictures(1)
    for size in ((84, 84), (240, 416)):
        made = benchmark.pixels(WAYS[kind][OURS](size)(image))
        assert made.shape == (*size, 1 if kind == GRAY else 3)
        right = benchmark.exact(image, size, gray=kind == GRAY)
        assert np.abs(made - right).mean() < 0.5


def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(Args(rounds=1, frames=2, sizes=("84x84", "own"), out=tmp_path / "reports" / "made"))
    text = (tmp_path / "reports" / "made.md").read_text()
    assert text in capsys.readouterr().out
    data: Any = json.loads((tmp_path / "reports" / "made.json").read_text())
    assert data["schema_version"] == 1
    assert data["arguments"] == {"rounds": 1, "frames": 2, "sizes": ["84x84", "own"]}
    made = {(way["observation"], way["size"], way["way"]) for way in data["ways"]}
    assert made == {
        (kind, size, way) for kind in WAYS for size in ("84x84", "own") for way in WAYS[kind]
    }
    assert all(len(way["wall_ms"]) == 1 and len(way["wall_ms"][0]) == 2 for way in data["ways"])
