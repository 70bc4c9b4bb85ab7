"""The values behind the report's numbers, of all rounds together, read from the raw traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.measures import Floats, action_to_frame_ms, frames_of, p999
from reactor_env.bench.results import Round
from reactor_env.bench.trace import UNREADABLE, Trace


@dataclass(frozen=True, slots=True)
class Series:
    """One peer's values in one scenario.

    Attributes:
        emission_ms: From emission to observation, of every frame of every round.
        action_ms: From each command to its frame.
        line_s: When the frames of one round were emitted, from the beginning of the window.
        line_ms: How long each of them took.
    """

    emission_ms: Floats
    action_ms: Floats
    line_s: Floats
    line_ms: Floats

    def extremes(self) -> dict[str, float]:
        """Return the percentiles that need the values of all rounds, where there are enough."""
        found = {
            "emission_p999_ms": p999(self.emission_ms),
            "action_p999_ms": p999(self.action_ms),
        }
        return {name: value for name, value in found.items() if value is not None}


def series_of(traces: Sequence[Trace]) -> Series:
    """Collect the values of one peer; the line is of its last round."""
    line_s, line_ms = _line(traces[-1])
    return Series(
        np.concatenate([frames_of(trace).latency_ms for trace in traces]),
        np.concatenate([action_to_frame_ms(trace) for trace in traces]),
        line_s,
        line_ms,
    )


def load_series(folder: Path, rounds: Sequence[Round]) -> dict[str, Series]:
    """Read the traces of a scenario.

    Args:
        folder: Where they are.
        rounds: Its rounds; turns that failed are left out.

    Returns:
        By peer.
    """
    files: dict[str, list[Path]] = {}
    for one in rounds:
        for peer in sorted(one.turns):
            if one.turns[peer].error is None:
                files.setdefault(peer, []).append(folder / one.turns[peer].trace)
    return {peer: series_of([Trace.load(path) for path in paths]) for peer, paths in files.items()}


def stages_of(trace: Trace) -> NDArray[np.int64]:
    """Return the stages of the frames in a trace's window."""
    begin, end = trace.facts["begin"], trace.facts["end"]
    emission = trace.stages[:, 0]
    found: NDArray[np.int64] = trace.stages[(emission >= begin) & (emission < end)]
    return found


def _line(trace: Trace) -> tuple[Floats, Floats]:
    readable = trace.number != UNREADABLE
    emission, arrival = trace.emission[readable], trace.arrival[readable]
    inside = (emission >= trace.facts["begin"]) & (emission < trace.facts["end"])
    _, firsts = np.unique(emission[inside], return_index=True)
    made = emission[inside][firsts]
    seconds = (made - trace.facts["begin"]) * 1e-9
    return seconds, (arrival[inside][firsts] - made) * 1e-6
