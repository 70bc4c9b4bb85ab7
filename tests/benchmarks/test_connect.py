"""The form of the connect benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.connect import CLIENTS, ENDS, PHASES, SDK, Args, Connect, main, markdown

LOAD = (0.5, 1.5)


def connect(connect_ms: float, first_frame_ms: float) -> Connect:
    phases = dict.fromkeys(PHASES, 1.0) | dict(zip(ENDS, (connect_ms, first_frame_ms), strict=True))
    return Connect(connect_ms, first_frame_ms, phases)


def test_medians_are_of_rounds_and_ratios_of_rounds_played_together() -> None:
    results = {
        "reactor-env, json": [[connect(50, 70)] * 3, [connect(100, 120)] * 3],
        SDK: [[connect(100, 100)] * 3, [connect(400, 400)] * 3],
    }
    lines = markdown(results, Args(rounds=2, connects=3), LOAD).splitlines()
    assert "| reactor-env, json | 75 (50 to 100) | 50 to 100 | 0.38 |" in lines
    assert f"| {SDK} | 250 (100 to 400) | 100 to 400 | 1.00 |" in lines
    assert "load average 0.5 before and 1.5 after." in "\n".join(lines)


def test_what_the_phases_leave_of_the_total_is_a_column_of_its_own() -> None:
    results = {"reactor-env, json": [[connect(50, 70)]], SDK: [[connect(100, 100)]]}
    text = markdown(results, Args(rounds=1, connects=1), LOAD)
    other = 50 - len(PHASES)
    assert re.search(rf"\| reactor-env, json \|( 1.0 \|)+ {other}.0 \| 50.0 \| 70.0 \|", text)


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(Args(rounds=1, connects=1, out=tmp_path / "reports" / "connect"))
    text = (tmp_path / "reports" / "connect.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "reports" / "connect.json").read_text())
    assert data["schema_version"] == 1
    assert data["arguments"] == {"rounds": 1, "connects": 1}
    assert list(data["connects"]) == list(CLIENTS)
    for name, rounds in data["connects"].items():
        ((one,),) = rounds
        assert one["connect_ms"] > 0
        assert one["first_frame_ms"] > 0
        assert set(one["phases"]) == (set() if name == SDK else {*PHASES, *ENDS})
        assert text.count(f"| {name} |") == (2 if name == SDK else 3)
