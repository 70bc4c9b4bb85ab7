"""The benchmark with a real runtime and two peers, each in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from reactor_env.bench.harness import TRACES, Plan
from reactor_env.bench.peers import COMPARED, installed
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.trace import STAGES, Trace
from reactor_env.cli.bench import Bench, measure, read_report

PEERS = ("reactor-env", "aiortc")


def test_two_peers_are_measured_and_reported(tmp_path: Path) -> None:
    plan = Plan(
        peers=PEERS, rounds=1, settle_s=0.3, seconds=2.0, small_s=0.5, patience_s=0.0, traced=True
    )
    scenario = Scenario(width=256, height=192)
    console = Console(record=True, width=120)
    measure([scenario], plan, Bench(out=tmp_path), console)

    report = read_report(tmp_path / "report.json")
    (found,) = report["scenarios"]
    assert list(found["peers"]) == list(PEERS)
    for turn in found["rounds"][0]["turns"].values():
        assert turn["error"] is None
        measures = turn["measures"]
        assert turn["codec"] == "VP8"
        assert 0 < measures["emission_p50_ms"] < 1000
        # An action is sent before the frame that shows it is made.
        assert measures["action_p50_ms"] >= measures["emission_p50_ms"]
        assert measures["emitted"] >= 30
        assert measures["unreadable"] == measures["repeated"] == 0
        assert measures["cpu_small_ms"] > 0
        trace = Trace.load(tmp_path / TRACES / turn["trace"])
        assert (trace.arrival > trace.emission).all()
        assert trace.sequence.tolist() == list(range(20))

    # One clock, and the exchange over the data channel says so; aiortc's user has none.
    assert found["clocks"] == {"reactor-env": {"rounds": 1, "holds": 1}}
    assert found["peers"]["reactor-env"]["measures"]["clock_drift_error_ppm"]["value"] > 0

    stages = found["stages"]
    assert len(stages["parts"]) == len(STAGES)
    assert all(ms >= 0 for ms in stages["parts"].values())
    assert abs(stages["rest_ms"]) <= 0.05 * stages["whole_ms"]

    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 3
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "640x480" not in (tmp_path / "report.md").read_text()
    json.loads((tmp_path / "report.json").read_text())
    assert "report.html" in console.export_text()


@pytest.mark.slow
def test_metadata_says_what_the_pixels_say_and_repeats_are_counted(tmp_path: Path) -> None:
    plan = Plan(
        peers=("reactor-env", "reactor-sdk"),
        rounds=1,
        settle_s=0.3,
        seconds=2.0,
        small_s=0.0,
        patience_s=0.0,
        traced=False,
    )
    scenario = Scenario(width=256, height=192, metadata=True)
    measure([scenario], plan, Bench(out=tmp_path), Console(record=True))
    (found,) = read_report(tmp_path / "report.json")["scenarios"]
    turns = found["rounds"][0]["turns"]
    assert [turn["error"] for turn in turns.values()] == [None, None]
    assert turns["reactor-env"]["measures"]["mistold"] == 0
    # reactor-sdk 1.13 hands some frames out with the metadata of the one before.
    assert "mistold" in turns["reactor-sdk"]["measures"]
    # The runtime sends every frame several times; this package knows them by their metadata.
    assert turns["reactor-env"]["measures"]["repeated"] == 0
    assert turns["reactor-sdk"]["measures"]["repeated"] > 30


@pytest.mark.slow
def test_every_peer_can_be_measured(tmp_path: Path) -> None:
    plan = Plan(
        peers=installed(COMPARED),
        rounds=1,
        settle_s=0.3,
        seconds=2.0,
        small_s=0.5,
        patience_s=0.0,
        traced=False,
    )
    measure([Scenario(width=256, height=192)], plan, Bench(out=tmp_path), Console(record=True))
    (found,) = read_report(tmp_path / "report.json")["scenarios"]
    answering = {"reactor-env", "reactor-env-native", "reactor-sdk"}
    for peer, turn in found["rounds"][0]["turns"].items():
        assert turn["error"] is None, peer
        assert "action_p50_ms" in turn["measures"], peer
        assert ("ack_p50_ms" in turn["measures"]) == (peer in answering), peer
        assert ("cpu_small_ms" in turn["measures"]) == (peer != "reactor-env-steps"), peer


@pytest.mark.slow
def test_a_peer_that_cannot_connect_is_a_result_and_stops_nobody(tmp_path: Path) -> None:
    plan = Plan(
        peers=("aiortc", "tests.bench.broken:Broken"),
        rounds=2,  # in the second, a session is left open for the other
        settle_s=0.1,
        seconds=1.0,
        small_s=0.0,
        patience_s=0.0,
        traced=False,
    )
    console = Console(record=True, width=200)
    measure([Scenario(width=64, height=64)], plan, Bench(out=tmp_path), console)
    assert "ConnectionError: nobody is there" in console.export_text()
    (found,) = read_report(tmp_path / "report.json")["scenarios"]
    assert found["peers"]["aiortc"]["failed"] == 0
    assert found["peers"]["tests.bench.broken:Broken"]["failed"] == 2
