"""The form of the vector benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.vector import ALONE, ASYNC, CATCH, OURS, SLOW, SYNC, Args, Turn, main, markdown

LOAD = (0.5, 1.5)


def test_ratios_are_of_steps_and_medians_of_rounds() -> None:
    turns = {
        OURS: [Turn([11.0, 11.0, 40.0], [10.0, 10.0, 20.0]), Turn([12.0], [10.0])],
        ALONE: [Turn([5.5], [5.0]), Turn([4.0], [4.0])],
    }
    text = markdown({CATCH: {8: turns}}, Args(rounds=2, steps=3), LOAD)
    assert "| catch | 8 | ReactorVectorEnv | 11.50 (11.00 to 12.00) | 10.00 " in text
    assert "| 1.150 (1.100 to 1.200) | 1.880 | 2.50 |" in text
    assert f"| {ALONE} |" not in text
    assert "load average 0.5 before and 1.5 after" in text


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = Args(slots=(1, 2), rounds=1, steps=10, warmup=0, out=tmp_path / "reports" / "vector")
    main(args)
    text = (tmp_path / "reports" / "vector.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "reports" / "vector.json").read_text())
    assert data["schema_version"] == 1
    assert data["arguments"] == {"slots": [1, 2], "rounds": 1, "steps": 10, "warmup": 0}
    assert {(turn["world"], turn["slots"], turn["vector"]) for turn in data["turns"]} == {
        (world, size, name)
        for world in (CATCH, SLOW)
        for size in (1, 2)
        for name in (OURS, SYNC, ASYNC, ALONE)
    }
    for turn in data["turns"]:
        assert (
            len(turn["step_ms"]) == len(turn["slowest_ms"]) == (10 if turn["world"] == CATCH else 1)
        )
        assert all(
            0 < slowest <= step
            for step, slowest in zip(turn["step_ms"], turn["slowest_ms"], strict=True)
        )
