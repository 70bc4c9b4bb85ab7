"""The form of the overhead benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.overhead import SIZES, Args, Turn, main, markdown
from reactor_env.session import BACKENDS

LOAD = (0.5, 1.5)


def test_the_overhead_is_the_step_without_the_sessions_own() -> None:
    assert Turn([1100.0, 1300.0], [1000.0, 1050.0], [40.0, 60.0]).overhead_us == [100.0, 250.0]


def test_the_table_has_the_median_of_the_rounds_and_their_range() -> None:
    turns = [
        Turn([1090.0] * 3, [1000.0] * 3, [40.0] * 3),
        Turn([1110.0] * 3, [1000.0] * 3, [50.0] * 3),
    ]
    text = markdown({("native", "84x84"): turns}, Args(rounds=2, steps=3), LOAD)
    assert "| native | 84x84 | 1000 | 100 (90 to 110) | 110 | 45 |" in text
    assert "load average 0.5 before and 1.5 after" in text


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(Args(rounds=1, steps=5, warmup=1, out=tmp_path / "overhead"))
    text = (tmp_path / "overhead.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "overhead.json").read_text())
    assert [(turn["backend"], turn["observation"]) for turn in data["turns"]] == [
        (backend, name) for backend in BACKENDS for name in SIZES
    ]
    for turn in data["turns"]:
        assert all(
            0 < convert < whole - session
            for whole, session, convert in zip(
                turn["step_us"], turn["session_us"], turn["convert_us"], strict=True
            )
        )
