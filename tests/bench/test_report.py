from __future__ import annotations

import json
from typing import Any

import pytest

from reactor_env.bench.markdown import cell, clock_lines, markdown, number, targets_table
from reactor_env.bench.report import check_document, document, failures, values_of
from reactor_env.bench.results import Turnout
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.series import series_of
from tests.bench.streams import results, stream

STAGES = {
    "640x480@30": {
        "parts": {"model and queue": 12.0, "decode": 3.0},
        "sum_ms": 15.0,
        "whole_ms": 16.0,
        "rest_ms": 1.0,
    }
}


def report(*latencies_ms: dict[str, float], **scenario: Any) -> dict[str, Any]:
    found = results(*latencies_ms, scenario=Scenario(**scenario))
    series = {found.scenario.name: {"reactor-env": series_of([stream()])}}
    return document({"schema_version": 1, "versions": {}}, [found], series, STAGES)


def test_a_report_is_json_with_its_version_and_kind() -> None:
    found = report({"reactor-env": 10.0, "reactor-sdk": 40.0}, fps=30.0)
    again = json.loads(json.dumps(found, allow_nan=False))
    check_document(again, "it")
    assert again == found
    assert (again["schema_version"], again["kind"]) == (1, "stream")


@pytest.mark.parametrize(
    "found", [{}, {"kind": "stream"}, {"kind": "stream", "schema_version": 2, "scenarios": []}]
)
def test_something_else_is_no_report(found: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"old\.json must be a report of kind 'stream'"):
        check_document(found, "old.json")


def test_each_peer_has_medians_and_ratios_within_rounds() -> None:
    found = report(
        {"reactor-env": 10.0, "reactor-sdk": 40.0},
        {"reactor-env": 20.0, "reactor-sdk": 40.0},
        {"reactor-env": 30.0, "reactor-sdk": 100.0},
    )
    (scenario,) = found["scenarios"]
    ours = scenario["peers"]["reactor-env"]
    assert ours["measures"]["emission_p50_ms"]["value"] == pytest.approx(20, abs=0.01)
    assert ours["to_reactor_sdk"]["emission_p50_ms"]["value"] == pytest.approx(0.3, abs=0.01)
    assert scenario["peers"]["reactor-sdk"]["to_reactor_sdk"] == {}
    assert ours["codecs"] == ["VP8"]
    assert values_of(scenario, "reactor-env", "emission_p50_ms") == pytest.approx(
        [10, 20, 30], abs=0.01
    )
    assert values_of(scenario, "nobody", "emission_p50_ms") == []
    assert [one["met"] for one in scenario["targets"][:2]] == [True, True]


def test_there_are_no_targets_without_the_two_they_are_about() -> None:
    (scenario,) = report({"reactor-env": 10.0, "aiortc": 40.0})["scenarios"]
    assert scenario["targets"] == []


def test_a_turn_that_failed_is_told_and_takes_no_part() -> None:
    found = results({"reactor-env": 10.0, "aiortc": 40.0}, {"reactor-env": 20.0, "aiortc": 40.0})
    found.rounds[1].turns["aiortc"] = Turnout(error="it did not end")
    found.traced = Turnout(error="nor did this")
    (scenario,) = document({}, [found], {}, {})["scenarios"]
    assert failures(scenario) == [
        "round 2, aiortc: it did not end",
        "the traced turn: nor did this",
    ]
    assert scenario["peers"]["aiortc"]["failed"] == 1
    assert scenario["peers"]["aiortc"]["measures"]["emission_p50_ms"]["count"] == 1
    text = markdown(document({}, [found], {}, {}), "a machine", "a command")
    assert "Failed: round 2, aiortc: it did not end" in text
    assert "| turns that failed | 0 | 1 |" in text


def test_the_markdown_has_every_part() -> None:
    found = report(
        {"reactor-env": 10.0, "reactor-sdk": 40.0}, {"reactor-env": 12.0, "reactor-sdk": 40.0}
    )
    lines = markdown(found, "a machine", "reactor-env bench").splitlines()
    assert "a machine." in lines
    assert "|  | target | 640x480@30 |" in lines
    assert "| emission to observation, p50 | <= 0.4 | 0.28 (0.25 to 0.30) met |" in lines
    assert "| emission to observation, p50, ms | 11.0 (10.0 to 12.0) | 40.0 |" in lines
    assert "| decode | 3.00 | 19 % |" in lines
    assert "| rest, not split | 1.00 | 6 % |" in lines
    assert "Made by `reactor-env bench`." in lines
    assert "2 rounds; load average before them 0.7 to 0.7, 5 to 5 % of the machine busy." in lines


def test_the_exchange_of_clocks_is_checked_with_the_one_clock_there_is() -> None:
    found = results({"reactor-env": 10.0, "aiortc": 40.0}, {"reactor-env": 10.0, "aiortc": 40.0})
    for one, offset_ms in zip(found.rounds, (-0.25, 0.75), strict=True):
        one.turns["reactor-env"].measures.update(clock_offset_ms=offset_ms, clock_bound_ms=0.5)
    (scenario,) = document({}, [found], {}, {})["scenarios"]
    assert scenario["clocks"] == {"reactor-env": {"rounds": 2, "holds": 1}}
    assert clock_lines(scenario) == [
        "With reactor-env: the sender's clock, by a two-way exchange over the data channel, is "
        "+0.250 ms from the receiver's, give or take 0.500 ms (half the least round trip). They "
        "are one clock: 0 is within the bound in 1 of 2 rounds."
    ]
    assert clock_lines(scenario)[0] in markdown(document({}, [found], {}, {}), "a", "b")
    del scenario["clocks"]
    assert clock_lines(scenario) == [], "a report from before the exchange"


def test_numbers_have_as_many_digits_as_mean_something() -> None:
    assert [number(value) for value in (3.0, 0.123, 12.34, 1234.5, 0.0)] == [
        "3",
        "0.12",
        "12.3",
        "1234",
        "0",
    ]
    assert cell(None) == ""
    assert cell({"value": 2.0, "low": 2.0, "high": 2.0}) == "2"
    assert cell({"value": 2.5, "low": 2.0, "high": 3.25}) == "2.50 (2 to 3.25)"


def test_a_target_that_is_missed_by_a_hair_does_not_look_as_if_it_were_met() -> None:
    reached = {"value": 0.6012, "low": 0.5, "high": 0.7, "count": 5}
    target = {"title": "latency", "promise": "<= 0.6", "reached": reached, "met": False}
    _, rows = targets_table([{"name": "a stream", "targets": [target]}])
    assert rows == [["latency", "<= 0.6", "0.601 (0.50 to 0.70) **missed**"]]
