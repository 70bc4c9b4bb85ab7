"""Traces that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reactor_env.bench.machine import Gate
from reactor_env.bench.measures import measure
from reactor_env.bench.results import Round, ScenarioResults, Turnout
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.trace import Trace

BEGIN, MS = 10_000_000_000, 1_000_000
INTERVAL = 33 * MS
FRAMES = 30


def facts(seconds: float, **changes: Any) -> dict[str, Any]:
    return {
        "called": BEGIN - 900 * MS,
        "connected": BEGIN - 800 * MS,
        "first_frame": BEGIN - 700 * MS,
        "begin": BEGIN,
        "end": BEGIN + int(1e9 * seconds),
        "cpu": {"peer": 60 * MS, "runtime": 300 * MS},
        "small_cpu": {"peer": 20 * MS, "runtime": None},
        "small_begin": BEGIN + 2000 * MS,
        "small_end": BEGIN + 3000 * MS,
        "peak_rss_kb": 102_400,
        "codec": "VP8",
        "phases": {"ice": 20.0},
        **changes,
    }


def stream(
    latency_ms: float = 20.0,
    *,
    peer: str = "reactor-env",
    frames: int = FRAMES,
    numbers: Sequence[int] | None = None,
    command_ms: Sequence[int] = (100, 500),
    **changes: Any,
) -> Trace:
    """Make a trace of frames 33 ms apart, the first one made at the beginning of the window.

    A command is shown by the first frame that is made after it was due.
    """
    number = np.array(range(frames) if numbers is None else numbers, np.int64)
    emission = BEGIN + number * INTERVAL
    due = BEGIN + np.array(command_ms, np.int64) * MS
    return Trace(
        peer=peer,
        facts=facts(frames * 0.033, **changes),
        arrival=emission + int(latency_ms * MS) + np.arange(number.size),
        number=number,
        emission=emission,
        action=np.searchsorted(due, emission).astype(np.int64) - 1,
        told=np.full(number.size, -1, np.int64),
        small=facts(1)["small_begin"] + np.arange(40, dtype=np.int64) * 50 * MS,
        due=due,
        sent=due + MS,
        acked=due + 4 * MS,
        sequence=np.arange(due.size, dtype=np.int64),
    )


def results(*latencies_ms: dict[str, float], scenario: Scenario | None = None) -> ScenarioResults:
    """Make the results of rounds, each the latency by peer."""
    rounds = []
    for latencies in latencies_ms:
        turns = {
            peer: Turnout(measures=measure(stream(latency, peer=peer)), codec="VP8")
            for peer, latency in latencies.items()
        }
        rounds.append(Round(Gate(0.5, 0.05, 0.7), tuple(latencies), turns))
    return ScenarioResults(scenario or Scenario(), rounds)
