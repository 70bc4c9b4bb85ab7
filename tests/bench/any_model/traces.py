"""Traces of a model that are made up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reactor_env.bench.any_model.onset import FEATURES, Trial
from reactor_env.bench.any_model.trace import ModelTrace

BEGIN, MS = 10_000_000_000, 1_000_000
INTERVAL_MS = 40


def stats(second: float, **track: Any) -> dict[str, Any]:
    """Return what the client says of its connection, some seconds after the beginning."""
    return {
        "timestamp": 1e9 + second,
        "rtt_ms": 10.0 + second,
        "bytes_received": int(50_000 * second),
        "local_candidate": {"type": "host", "protocol": "udp"},
        "remote_candidate": {"type": "srflx", "protocol": "udp"},
        "inbound": {"sound": {"kind": "audio"}, "main": {"kind": "video", **track}},
    }


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "called": BEGIN - 3000 * MS,
        "begun": BEGIN - 1000 * MS,
        "begin": BEGIN,
        "end": BEGIN + 1000 * MS,
        "connect": {"session_ms": 30.0, "ice_ms": 20.0, "total_ms": 90.0, "first_frame_ms": None},
        "announced_fps": 25.0,
        "size": [320, 240],
        "cpu_ns": 100 * MS,
        "stats": [
            stats(0, codec="VP8", frames_dropped=1, bytes_received=0, nacks=2, decode_ms=None),
            stats(1, codec="VP8", frames_dropped=2, bytes_received=1250, nacks=2, decode_ms=1.5),
        ],
        "acks_ms": [4.0, 6.0],
        "tried": ["turn_left"],
        "clock": [],
        "shares_clock": False,
        **changes,
    }


def trial(
    onset_ms: float | None,
    *,
    acted: bool = True,
    named_ms: float | None = None,
    ended: bool = False,
    frames: int = 10,
) -> Trial:
    """Return a trial in which frames come every 40 ms, and move from some moment on."""
    arrival = np.arange(1, frames + 1, dtype=np.int64) * INTERVAL_MS
    seen = np.zeros((frames, len(FEATURES)))
    if onset_ms is not None:
        seen[arrival >= onset_ms, 0] = 0.05
    return Trial(
        acted=acted,
        sent_ns=BEGIN,
        rest=np.zeros((15, len(FEATURES))),
        arrival=BEGIN + arrival * MS,
        seen=seen,
        named_ns=0 if named_ms is None else BEGIN + int(named_ms * MS),
        ended=ended,
    )


def trace(
    arrivals_ms: Sequence[float] = tuple(range(20, 1000, INTERVAL_MS)),
    *,
    repeats: Sequence[int] = (),
    trials: Sequence[Trial] = (),
    **changes: Any,
) -> ModelTrace:
    """Return a trace whose frames were sent every 40 ms by RTP and arrived when that is said."""
    frames = [
        (BEGIN + int(at * MS), 90 * INTERVAL_MS * index, -1, index + 1, index in repeats, -1)
        for index, at in enumerate(arrivals_ms)
    ]
    reads = [(number, at + MS, at + 3 * MS, False) for at, _, _, number, *_ in frames]
    return ModelTrace(
        facts=facts(**changes),
        frames=np.array(frames, np.int64).reshape(-1, 6),
        reads=np.array(reads, np.int64).reshape(-1, 4),
        trials=list(trials),
    )
