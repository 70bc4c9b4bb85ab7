"""Many sessions in one process, each with a runtime of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from reactor_env.bench import sessions
from reactor_env.bench.harness import Plan
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.sessions import Failed, Sessions
from reactor_env.cli.bench import Bench, measure_many
from reactor_env.runtime import LocalRuntime


@pytest.mark.slow
def test_sessions_of_one_process_are_measured_together(tmp_path: Path) -> None:
    scenario = Scenario(width=128, height=96)
    plan = Plan(peers=("reactor-env",), seconds=1.0)
    console = Console(record=True, width=200)
    arguments = Bench(out=tmp_path, sessions=(2, 1))
    measure_many([scenario], plan, arguments, console)
    found = json.loads((tmp_path / "sessions.json").read_text())
    assert found["kind"] == "sessions"
    one, two = found["scenarios"][0]["sessions"]
    assert (one["sessions"], two["sessions"]) == (1, 2)
    for measured in (one, two):
        assert measured["emission_p50_ms"] > 0
        assert measured["client_percent"] >= measured["loop_percent"] > 0
        assert measured["runtimes_percent"] > 0
        assert measured["observations_fps"] > 0
    assert "| 2 |" in (tmp_path / "sessions.md").read_text()
    assert "sessions.md" in console.export_text()


@pytest.mark.slow
def test_what_was_measured_before_a_number_that_cannot_be_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = sessions._in_a_process

    def no_more_than_one(runtimes: Sequence[LocalRuntime], seconds: float) -> Sessions | Failed:
        if len(runtimes) > 1:
            # As on a machine that is full: nobody answers.
            for runtime in runtimes[1:]:
                runtime.stop()
        return measured(runtimes, seconds)

    monkeypatch.setattr(sessions, "_in_a_process", no_more_than_one)
    plan = Plan(peers=("reactor-env",), seconds=1.0)
    arguments = Bench(out=tmp_path, sessions=(1, 2, 3))
    console = Console(record=True, width=200)
    measure_many([Scenario(width=64, height=64)], plan, arguments, console)
    document = json.loads((tmp_path / "sessions.json").read_text())
    one, two = document["scenarios"][0]["sessions"]  # and no third
    assert one["emission_p50_ms"] > 0
    assert two["sessions"] == 2
    assert two["error"]
    text = (tmp_path / "sessions.md").read_text()
    assert "| 2 | failed | " in text
    assert "2 sessions failed: " in text
