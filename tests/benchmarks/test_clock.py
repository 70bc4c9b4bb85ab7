"""The form of the clock benchmark's report; its numbers are nobody's promise here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.clock import CLOCKS, OURS, OURS_ALONE, PEER, Args, Turn, main, markdown

LOAD = (0.5, 1.5)


def test_the_mean_error_and_the_jitter_are_against_the_period_asked_for() -> None:
    turn = Turn(100, [10.0, 12.0, 9.5])
    assert turn.mean_error == pytest.approx(0.05)
    assert list(turn.off_ms) == pytest.approx([0.0, 2.0, 0.5])


def test_ratios_are_of_all_periods_and_their_interval_of_rounds() -> None:
    turns = {
        OURS: [Turn(100, [11.0, 11.0]), Turn(100, [14.0, 14.0])],
        PEER: [Turn(100, [12.0, 12.0]), Turn(100, [14.0, 14.0])],
    }
    text = markdown({100.0: turns}, Args(rounds=2, seconds=1), LOAD)
    assert (
        f"| 100 | {OURS} | 25.0000 (40.0000) | 2.500 | 4.000 (1.000 to 4.000) | 4.00 "
        "| 1.00 (0.50 to 1.00) |" in text
    )
    assert "load average 0.5 before and 1.5 after" in text


def test_the_ratio_of_all_rates_is_the_geometric_mean_of_theirs() -> None:
    def off(hz: float, ms: float) -> list[Turn]:
        return [Turn(hz, [1e3 / hz + ms] * 2)] * 2

    def rate(hz: float, ms: float) -> dict[str, list[Turn]]:
        return {name: off(hz, ms if name in (OURS, OURS_ALONE) else 1.0) for name in CLOCKS}

    text = markdown({100.0: rate(100, 0.5), 50.0: rate(50, 2.0)}, Args(rounds=2, seconds=1), LOAD)
    assert f"| all | {OURS} | | | | | 1.00 (1.00 to 1.00) |" in text
    assert f"| all | {OURS_ALONE} | | | | | 1.00 (1.00 to 1.00) |" in text


@pytest.mark.integration
def test_a_run_writes_a_table_and_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(Args(rates=(50.0,), rounds=1, seconds=0.2, warmup=1, out=tmp_path / "reports" / "clock"))
    text = (tmp_path / "reports" / "clock.md").read_text()
    assert text in capsys.readouterr().out
    data = json.loads((tmp_path / "reports" / "clock.json").read_text())
    assert data["schema_version"] == 1
    assert [turn["clock"] for turn in data["turns"]] == list(CLOCKS)
    for turn in data["turns"]:
        assert len(turn["period_ms"]) == 10
        assert text.count(f"| 50 | {turn['clock']} |") == 1
