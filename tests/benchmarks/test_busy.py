"""The form of the busy-learner benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.busy import CASES, Args, Turn, main, markdown

LOAD = (0.5, 1.5)


def test_the_table_has_shares_and_ages_of_the_rounds() -> None:
    turns = [Turn(4, [10.0, 12.0, 14.0]), Turn(2, [20.0, 20.0])]
    text = markdown({"ours": turns}, Args(rounds=2, seconds=1), LOAD)
    assert "| ours | 87.5 (75.0 to 100.0) | 16.0 (12.0 to 20.0) | 20.0 | 20 |" in text
    assert "load average 0.5 before and 1.5 after" in text


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = Args(size=(160, 120), rounds=1, seconds=0.5, warmup_s=0.1, out=tmp_path / "busy")
    main(args)
    text = (tmp_path / "busy.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "busy.json").read_text())
    assert [turn["case"] for turn in data["turns"]] == list(CASES)
    assert all(0 < len(turn["age_ms"]) <= turn["emitted"] for turn in data["turns"])
