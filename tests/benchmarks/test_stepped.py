"""The form of the stepped benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.openenv_peer import VARIABLE
from benchmarks.stepped import CLIENTS, SDK, Args, main, markdown

LOAD = (0.5, 1.5)


def test_ratios_are_of_turns_of_one_round() -> None:
    turns = {"ours": [[2.0] * 3, [4.0] * 3], SDK: [[1.0] * 3, [4.0] * 3]}
    text = markdown({"64x64": turns}, Args(rounds=2, steps=3), LOAD, {SDK: 1}, None)
    assert "| 64x64 | ours | 3.00 (2.00 to 4.00) | 4.00 | 1.50 (1.00 to 2.00) |" in text
    assert f"| 64x64 | {SDK} | 2.50 (1.00 to 4.00) | 4.00 | 1.00 (1.00 to 1.00) |" in text
    assert f"played again: 1 of {SDK}." in text
    assert "load average 0.5 before and 1.5 after" in text


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    main(Args(sizes=("64x64", "128x96"), rounds=1, steps=5, warmup=1, out=tmp_path / "stepped"))
    text = (tmp_path / "stepped.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "stepped.json").read_text())
    assert [(turn["frame"], turn["client"]) for turn in data["turns"]] == [
        (size, name) for size in ("64x64", "128x96") for name in CLIENTS
    ]
    assert all(len(turn["step_ms"]) == 5 and min(turn["step_ms"]) > 0 for turn in data["turns"])
