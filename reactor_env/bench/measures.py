"""What a trace says, as numbers. Pure.

Every measure of a turn is of the window between its first and last command. A frame belongs to the
window by its emission, so that one that arrives late counts, and is late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.network.conditions import Loss, freezes_ms
from reactor_env.bench.trace import UNREADABLE, Trace
from reactor_env.latency.clocks import Exchange, compare_clocks

Floats = NDArray[np.floating[Any]]
Measures = dict[str, float]
"""By name; what could not be measured is left out."""

_MS = 1e-6
_LEAST_FOR_P999 = 1000
"""Fewer values have no 99.9th percentile."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of the report.

    Attributes:
        title: What it is, for people.
        unit: Its unit.
        lower: Whether less is better; ``None`` where neither is.
    """

    title: str
    unit: str
    lower: bool | None = True


MEASURES = {
    "connect_ms": Measure("connect to ready", "ms"),
    "first_frame_ms": Measure("connect to first frame", "ms"),
    "emission_mean_ms": Measure("emission to observation, mean", "ms"),
    "emission_p50_ms": Measure("emission to observation, p50", "ms"),
    "emission_p90_ms": Measure("emission to observation, p90", "ms"),
    "emission_p99_ms": Measure("emission to observation, p99", "ms"),
    "action_p50_ms": Measure("action to frame, p50", "ms"),
    "action_p90_ms": Measure("action to frame, p90", "ms"),
    "action_p99_ms": Measure("action to frame, p99", "ms"),
    "ack_p50_ms": Measure("command to acknowledgement, p50", "ms"),
    "ack_p99_ms": Measure("command to acknowledgement, p99", "ms"),
    "lateness_p99_ms": Measure("command sent after it was due, p99", "ms"),
    "emitted": Measure("frames emitted", "", None),
    "emitted_fps": Measure("emitted", "frames/s", None),
    "delivered_fps": Measure("delivered", "frames/s", lower=False),
    "delivered_percent": Measure("delivered of emitted", "%", lower=False),
    "lost": Measure("frames lost", ""),
    "repeated": Measure("frames repeated", ""),
    "reordered": Measure("frames reordered", ""),
    "unreadable": Measure("damaged frames seen, by the stamp's checksum", ""),
    "mistold": Measure("frames whose metadata disagrees with their pixels", ""),
    "interval_p50_ms": Measure("interval between frames, p50", "ms", None),
    "interval_p99_ms": Measure("interval between frames, p99", "ms"),
    "jitter_ms": Measure("jitter: mean difference of successive intervals", "ms"),
    "longest_gap_ms": Measure("longest freeze: time without a new frame", "ms"),
    **{
        f"freeze_{place}_ms": Measure(f"freeze, {what}", "ms")
        for place, what in {
            "first": "a frame's first packet lost for good",
            "middle": "a middle packet lost for good",
            "last": "a frame's last packet lost for good",
            "key": "a packet of a key frame lost for good",
        }.items()
    },
    "nacks": Measure("requests for lost packets (NACK)", "", None),
    "key_frame_requests": Measure("requests for a key frame (PLI)", "", None),
    "datagrams_lost_percent": Measure("datagrams lost, both ways", "%", None),
    "cpu_full_ms": Measure("client CPU per observation, full size", "ms"),
    "cpu_small_ms": Measure("client CPU per observation, 84x84", "ms"),
    "runtime_cpu_percent": Measure("runtime CPU", "% of a core", None),
    "kbps": Measure("received", "kbit/s", None),
    "psnr_db": Measure("picture quality: PSNR of luma", "dB", lower=False),
    "peak_rss_mb": Measure("peak memory", "MB"),
    "clock_offset_ms": Measure("sender's clock less the receiver's, by exchange", "ms", None),
    "clock_bound_ms": Measure("bound of that offset: half the least round trip", "ms", None),
    "clock_drift_ppm": Measure("drift of the sender's clock, by exchange", "ppm", None),
    "clock_drift_error_ppm": Measure("95 % interval of that drift, half of it", "ppm", None),
    "clock_drift_bound_ppm": Measure("bound of that drift, whatever the delays", "ppm", None),
}
"""All measures of a turn, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Window:
    """The frames of a trace that count.

    Attributes:
        number: Of each frame that arrived and could be read, repeats included, in the order of
            arrival.
        arrival: When it arrived, ns.
        latency_ms: From emission to observation, of the first arrival of each frame.
        emitted: How many frames were made in the window.
        emitted_fps: How many a second, by the sender's clock.
    """

    number: NDArray[np.int64]
    arrival: NDArray[np.int64]
    latency_ms: Floats
    emitted: int
    emitted_fps: float


def measure(trace: Trace) -> Measures:
    """Return the measures of a turn.

    Args:
        trace: The turn.

    Raises:
        ValueError: If too little arrived to measure anything.
    """
    window = frames_of(trace)
    facts = trace.facts
    seconds = (facts["end"] - facts["begin"]) / 1e9
    unique = np.unique(window.number).size
    found: Measures = {
        "connect_ms": (facts["connected"] - facts["called"]) * _MS,
        "first_frame_ms": (facts["first_frame"] - facts["called"]) * _MS,
        **_percentiles("emission", window.latency_ms, (50, 90, 99)),
        "emission_mean_ms": float(window.latency_ms.mean()),
        **_percentiles("action", action_to_frame_ms(trace), (50, 90, 99)),
        **_percentiles("ack", ack_ms(trace), (50, 99)),
        **_percentiles("lateness", (trace.sent - trace.due) * _MS, (99,)),
        "emitted": window.emitted,
        "emitted_fps": window.emitted_fps,
        "delivered_fps": unique / window.emitted * window.emitted_fps,
        "delivered_percent": 100 * unique / window.emitted,
        "lost": window.emitted - unique,
        "repeated": window.number.size - unique,
        "reordered": reordered(window.number),
        "unreadable": _unreadable(trace),
        **_told(trace),
        **intervals(window),
        "longest_gap_ms": longest_freeze_ms(trace),
        **_network(trace),
        **_costs(facts, seconds, unique, trace),
        **clocks(facts.get("clock", ())),
    }
    return found


def frames_of(trace: Trace) -> Window:
    """Return the frames made between ``begin`` and ``end`` of the trace.

    Frames around the window bound the count of those that were made, so that one that is lost at
    its very edge is missed too.

    Raises:
        ValueError: If fewer than two arrived.
    """
    readable = trace.number != UNREADABLE
    number, arrival = trace.number[readable], trace.arrival[readable]
    emission = trace.emission[readable]
    inside = (emission >= trace.facts["begin"]) & (emission < trace.facts["end"])
    if np.unique(number[inside]).size < 2:
        raise ValueError(f"too few frames arrived at {trace.peer} to measure anything")
    before, after = emission < trace.facts["begin"], emission >= trace.facts["end"]
    first = number[before].max() + 1 if before.any() else number[inside].min()
    last = number[after].min() - 1 if after.any() else number[inside].max()
    _, firsts = np.unique(number[inside], return_index=True)
    latency_ms = (arrival[inside] - emission[inside])[firsts] * _MS
    made = emission[inside][firsts]
    numbers = number[inside][firsts]
    fps = float((numbers[-1] - numbers[0]) / (made[-1] - made[0]) * 1e9)
    return Window(number[inside], arrival[inside], latency_ms, int(last - first + 1), fps)


def action_to_frame_ms(trace: Trace) -> Floats:
    """Return the time from when each command was due to the first frame that shows it.

    A frame that shows a later action shows that the earlier one was overwritten before a frame was
    made; it counts for both. A command that no frame shows has none.
    """
    readable = trace.number != UNREADABLE
    action, arrival = trace.action[readable], trace.arrival[readable]
    if not action.size:
        return np.zeros(0)
    # Frames may be reordered: what was the highest action that any frame so far has shown?
    shown = np.maximum.accumulate(action)
    index = np.searchsorted(shown, trace.sequence)
    found = index < shown.size
    times: Floats = (arrival[index[found]] - trace.due[found]) * _MS
    return times


def ack_ms(trace: Trace) -> Floats:
    """Return the time from sending each command to its answer, of those that were answered."""
    answered = trace.acked > 0
    times: Floats = (trace.acked - trace.sent)[answered] * _MS
    return times


def reordered(numbers: Sequence[int] | NDArray[np.int64]) -> int:
    """Count the frames that arrive after one with a higher number; repeats are none."""
    _, firsts = np.unique(numbers, return_index=True)
    order = np.asarray(numbers)[np.sort(firsts)]
    return int((order < np.maximum.accumulate(order)).sum()) if order.size else 0


def intervals(window: Window) -> Measures:
    """Return the measures of the time between frames, repeats left out."""
    _, firsts = np.unique(window.number, return_index=True)
    gaps = np.diff(window.arrival[np.sort(firsts)]) * _MS
    found = _percentiles("interval", gaps, (50, 99))
    if gaps.size > 1:
        found["jitter_ms"] = float(np.abs(np.diff(gaps)).mean())
    return found


def news_ns(trace: Trace) -> NDArray[np.int64]:
    """Return when each frame arrived that was newer than all before it, in order."""
    readable = trace.number != UNREADABLE
    number, arrival = trace.number[readable], trace.arrival[readable]
    if not number.size:
        return np.zeros(0, np.int64)
    newest = np.maximum.accumulate(number)
    news: NDArray[np.int64] = arrival[np.append(True, newest[1:] > newest[:-1])]
    return news


def longest_freeze_ms(trace: Trace) -> float:
    """Return the longest time in the window in which the picture did not move on.

    From one frame that is newer than all before it to the next one; a stream that does not come
    back has frozen up to the end of the window. Damaged frames are none.
    """
    begin, end = trace.facts["begin"], trace.facts["end"]
    news = news_ns(trace)
    moments = np.concatenate([news, [max(end, news[-1])]]) if news.size else news
    meets = (moments[1:] > begin) & (moments[:-1] < end)
    gaps = np.diff(moments)[meets]
    return float(gaps.max()) * _MS if gaps.size else 0.0


def clocks(moments: Sequence[Sequence[int]]) -> Measures:
    """Return how the sender's clock goes beside the receiver's.

    Args:
        moments: The exchanges, each as :class:`~reactor_env.latency.clocks.Exchange` has them; none
            where the peer has asked for none.
    """
    found = compare_clocks(Exchange(*one) for one in moments)
    if found is None:
        return {}
    told = {"clock_offset_ms": found.offset_ns * _MS, "clock_bound_ms": found.bound_ns * _MS}
    if found.drift_error_ppm is not None:
        told["clock_drift_ppm"] = found.drift_ppm
        told["clock_drift_error_ppm"] = found.drift_error_ppm
    if found.drift_bound_ppm is not None:
        told["clock_drift_bound_ppm"] = found.drift_bound_ppm
    return told


def p999(values: Floats) -> float | None:
    """Return the 99.9th percentile; ``None`` of too few values."""
    return float(np.percentile(values, 99.9)) if values.size >= _LEAST_FOR_P999 else None


def _percentiles(name: str, values: Floats, which: Sequence[int]) -> Measures:
    if not values.size:
        return {}
    points = np.percentile(values, which)
    return {f"{name}_p{p}_ms": float(point) for p, point in zip(which, points, strict=True)}


def _unreadable(trace: Trace) -> int:
    inside = (trace.arrival >= trace.facts["begin"]) & (trace.arrival < trace.facts["end"])
    return int((trace.number[inside] == UNREADABLE).sum())


def _network(trace: Trace) -> Measures:
    """Return what the network did, where there is more of it than loopback."""
    found: Measures = {}
    told = trace.facts.get("network")
    if not told:
        return found
    found["datagrams_lost_percent"] = 100 * told["lost"] / max(told["lost"] + told["forwarded"], 1)
    losses = [Loss(**one) for one in told["losses"]]
    freezes = freezes_ms(losses, news_ns(trace).tolist(), trace.facts["end"])
    return found | {f"freeze_{place}_ms": freeze for place, freeze in freezes.items()}


def _told(trace: Trace) -> Measures:
    both = (trace.told != UNREADABLE) & (trace.number != UNREADABLE)
    if not both.any():
        return {}
    return {"mistold": int((trace.told != trace.number)[both].sum())}


def _costs(facts: dict[str, Any], seconds: float, unique: int, trace: Trace) -> Measures:
    found: Measures = {
        "cpu_full_ms": facts["cpu"]["peer"] * _MS / unique,
        "peak_rss_mb": facts["peak_rss_kb"] / 1024,
    }
    if facts["cpu"]["runtime"] is not None:
        found["runtime_cpu_percent"] = facts["cpu"]["runtime"] / seconds / 1e7
    if "bytes" in facts:
        found["kbps"] = facts["bytes"] * 8e-3 / seconds
    if facts.get("psnr_db"):
        found["psnr_db"] = float(np.mean(facts["psnr_db"]))
    found |= facts.get("asked", {})
    if "small_cpu" in facts:
        begin, end = facts["small_begin"], facts["small_end"]
        count = int(((trace.small >= begin) & (trace.small < end)).sum())
        if count:
            found["cpu_small_ms"] = facts["small_cpu"]["peer"] * _MS / count
    return found
