"""The benchmark over a network that loses, with a real runtime and a relay in front of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reactor_env.bench.harness import Plan
from reactor_env.bench.network.conditions import Network
from reactor_env.bench.scenario import Scenario
from reactor_env.cli.bench import Bench, measure, read_report


def measured(network: Network, folder: Path, *peers: str, seconds: float) -> dict[str, Any]:
    """Return the measures of one turn of each peer."""
    plan = Plan(
        peers=peers,
        rounds=1,
        settle_s=0.5,
        seconds=seconds,
        small_s=0.0,
        patience_s=0.0,
        traced=False,
    )
    scenario = Scenario(width=320, height=240, network=network)
    measure([scenario], plan, Bench(out=folder), Console(record=True))
    (found,) = read_report(folder / "report.json")["scenarios"]
    turns = found["rounds"][0]["turns"]
    assert [turn["error"] for turn in turns.values()] == [None] * len(peers)
    return {peer: turn["measures"] for peer, turn in turns.items()}


def test_a_packet_lost_with_every_retransmission_stops_the_picture_for_a_moment_only(
    tmp_path: Path,
) -> None:
    network = Network(lost_twice=True)
    (found,) = measured(network, tmp_path, "reactor-env", seconds=3.0).values()
    assert found["datagrams_lost_percent"] > 0
    assert found["key_frame_requests"] >= 1
    # The stream of aiortc alone stops for four seconds.
    assert 0 < found["freeze_first_ms"] < 2000
    assert found["unreadable"] == 0


@pytest.mark.slow
def test_every_peer_goes_through_the_relay_and_none_shows_a_damaged_picture(
    tmp_path: Path,
) -> None:
    peers = ("reactor-env", "reactor-env-native", "reactor-sdk", "aiortc")
    for peer, found in measured(
        Network(loss=3, jitter_ms=10), tmp_path, *peers, seconds=4.0
    ).items():
        assert found["datagrams_lost_percent"] > 1, peer
        # Each way is 5 ms on average, and less nowhere but by chance.
        assert found["emission_p50_ms"] > 3, peer
        assert found["unreadable"] == 0, peer
        assert found["delivered_percent"] > 50, peer


@pytest.mark.slow
def test_the_codec_can_be_the_same_for_all(tmp_path: Path) -> None:
    plan = Plan(
        peers=("reactor-sdk",),
        rounds=1,
        settle_s=0.3,
        seconds=3.0,
        small_s=0.0,
        patience_s=0.0,
        traced=False,
    )
    scenario = Scenario(width=256, height=192, codec="VP8")
    measure([scenario], plan, Bench(out=tmp_path), Console(record=True))
    (found,) = read_report(tmp_path / "report.json")["scenarios"]
    assert found["peers"]["reactor-sdk"]["codecs"] == ["VP8"]


@pytest.mark.slow
def test_a_slow_reader_gets_no_queue_of_old_frames(tmp_path: Path) -> None:
    plan = Plan(
        peers=("reactor-env", "aiortc"),
        rounds=1,
        settle_s=0.3,
        seconds=4.0,
        small_s=0.0,
        patience_s=0.0,
        traced=False,
    )
    scenario = Scenario(width=256, height=192, pause_ms=200)
    measure([scenario], plan, Bench(out=tmp_path), Console(record=True))
    (found,) = read_report(tmp_path / "report.json")["scenarios"]
    turns = found["rounds"][0]["turns"]
    ages = {peer: turn["measures"]["emission_p50_ms"] for peer, turn in turns.items()}
    # aiortc queues every frame: after four seconds they are three old.
    assert ages["reactor-env"] < ages["aiortc"] / 2
    assert turns["reactor-env"]["measures"]["delivered_percent"] < 50
