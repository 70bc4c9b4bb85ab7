from __future__ import annotations

import json

import pytest

from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.report import (
    Document,
    clock_line,
    document,
    markdown,
    measures_rows,
    onset_lines,
)
from reactor_env.bench.any_model.trace import ModelTrace
from tests.bench.any_model.traces import trace, trial

CONTROL = trial(None, acted=False)


def report(*traces: ModelTrace, plan: Plan | None = None) -> Document:
    files = [f"round{number}.npz" for number, _ in enumerate(traces, 1)]
    return document({}, "owner/model", plan or Plan(options={"prompt": "a"}), traces, files)


def test_a_report_is_json_and_says_what_it_is() -> None:
    found = json.loads(json.dumps(report(trace()), allow_nan=False))
    assert (found["kind"], found["schema_version"]) == ("model", 1)
    assert found["rounds"][0]["trace"] == "round1.npz"
    assert found["codecs"] == ["VP8"]
    assert found["plan"]["options"] == {"prompt": "a"}


def test_values_are_medians_over_rounds() -> None:
    found = report(trace(cpu_ns=100_000_000), trace(cpu_ns=300_000_000))
    assert found["measures"]["cpu_ms"]["value"] == pytest.approx(8)
    titles = [title for title, _ in measures_rows(found)]
    assert titles[0] == "connect to ready, ms"


def test_an_onset_is_told_with_its_interval_its_controls_and_its_resolution() -> None:
    found = report(trace(trials=[trial(100, named_ms=120), trial(180, named_ms=200), CONTROL]))
    lines = "\n".join(onset_lines(found["onset"]))
    assert "turn_left: seen in 2 of 2 trials, 160 (120 to 200) ms after the command" in lines
    assert "Doing nothing passed for an action in 0 of 1 trials (0 % false onsets)" in lines
    assert "Resolution: 40 ms, one interval of frames" in lines
    assert "right 0.001 of the width" in lines
    assert "the pixels say it 0 ms later" in lines
    assert onset_lines(found["onset"])[0] in markdown(found, "a machine", "a command")


def test_an_action_that_shows_nothing_has_no_number() -> None:
    lines = onset_lines(report(trace(trials=[trial(None)]))["onset"])
    assert lines[0] == (
        "No onset: no action moved the picture beyond what is usual. Tried: turn_left."
    )


def test_an_action_that_is_seen_by_chance_has_no_number() -> None:
    false = trial(80, acted=False)
    lines = onset_lines(report(trace(trials=[trial(80), trial(None), false, CONTROL]))["onset"])
    assert "not clear, an onset was seen in 1 of 2 trials; no time is given" in lines[0]
    assert "in 1 of 2 trials (50 % false onsets)" in lines[1]


def test_trials_whose_episode_ended_are_told() -> None:
    found = report(trace(trials=[trial(80), trial(None, ended=True), CONTROL]))
    assert onset_lines(found["onset"])[-1].startswith("1 trials are left out")


def test_a_clock_that_is_this_ones_checks_the_exchange() -> None:
    clock = [[1000, 1500, 1500, 3000], [50_000_000, 50_000_400, 50_000_400, 50_001_000]]
    found = report(trace(clock=clock, shares_clock=True))
    assert found["clock"] == {"rounds": 1, "holds": 1}
    line = clock_line(found)
    assert line.startswith("The sender's clock, by a two-way exchange")
    assert "They are one clock: 0 is within the bound in 1 of 1 rounds." in line
    assert line in markdown(found, "a machine", "a command")
    elsewhere = report(trace(clock=clock))
    assert elsewhere["clock"] is None
    assert "one clock" not in clock_line(elsewhere)
    assert clock_line(report(trace())) == ""


def test_without_trials_nothing_is_said_of_them() -> None:
    found = report(trace(), plan=Plan(repeats=0))
    assert found["onset"] is None
    assert onset_lines(found["onset"]) == ["No action was tried."]
