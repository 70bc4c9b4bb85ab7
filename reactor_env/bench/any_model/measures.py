"""What the trace of a connection to any model says, as numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reactor_env.bench.any_model.onset import Floats, Integers, onsets
from reactor_env.bench.any_model.trace import UNKNOWN, ModelTrace
from reactor_env.bench.measures import MEASURES as STREAM_MEASURES
from reactor_env.bench.measures import Measure, Measures, clocks, p999
from reactor_env.latency.clocks import Exchange, compare_clocks

RTP_RATE = 90_000
"""Ticks a second of the clock of video (RFC 6184, 5; RFC 7741, 4.1)."""

FREEZE_FACTOR, FREEZE_MORE_MS = 3.0, 150.0
"""A picture that stands for longer than thrice the usual interval, and than 150 ms more than it, is
a freeze, as W3C's WebRTC statistics count them (``freezeCount``); usual is the median here."""

_MS = 1e-6

MEASURES = {
    "connect_ms": Measure("connect to ready", "ms"),
    "first_frame_ms": Measure("connect to first frame, black or not", "ms"),
    "picture_ms": Measure("connect and begin, to the episode's first frame", "ms"),
    "announced_fps": Measure("announced", "frames/s", None),
    "emitted_fps": Measure("emitted, by the sender's clock", "frames/s", None),
    "delivered_fps": Measure("delivered", "frames/s", lower=False),
    "read_fps": Measure("read, newest each time", "frames/s", lower=False),
    "frames": Measure("frames delivered in the window", "", None),
    "repeated": Measure("frames sent again, by their metadata", "", None),
    "equal": Measure("frames equal to the one before, by their luma", "", None),
    "dropped": Measure("frames dropped before they were decoded", ""),
    "interval_p50_ms": Measure("interval between frames, p50", "ms", None),
    "interval_p90_ms": Measure("interval between frames, p90", "ms"),
    "interval_p99_ms": Measure("interval between frames, p99", "ms"),
    "interval_p999_ms": Measure("interval between frames, p99.9", "ms"),
    "jitter_ms": Measure("jitter: mean difference of successive intervals", "ms"),
    "transit_jitter_ms": Measure("jitter against the sender's clock (RFC 3550, 6.4.1)", "ms"),
    "freezes": Measure("freezes", ""),
    "longest_gap_ms": Measure("longest time without a new frame", "ms"),
    "rtt_p50_ms": Measure("round trip by STUN, p50", "ms"),
    "rtt_max_ms": Measure("round trip by STUN, longest", "ms"),
    "ack_p50_ms": Measure("command to acknowledgement, p50", "ms"),
    "ack_p90_ms": Measure("command to acknowledgement, p90", "ms"),
    "onset_p50_ms": Measure("command to the first frame that shows it, by its pixels, p50", "ms"),
    "onset_p90_ms": Measure("command to the first frame that shows it, by its pixels, p90", "ms"),
    "named_p50_ms": Measure("command to the first frame that names it, by metadata, p50", "ms"),
    "beyond_named_p50_ms": Measure("by its pixels later than by metadata, p50", "ms", None),
    "emission_p50_ms": Measure("emission to arrival, by the sender's clock, p50", "ms"),
    "emission_p99_ms": Measure("emission to arrival, by the sender's clock, p99", "ms"),
    "decode_ms": Measure("decode, mean", "ms"),
    "handover_p50_ms": Measure("decoded to read, p50", "ms"),
    "handover_p99_ms": Measure("decoded to read, p99", "ms"),
    "convert_p50_ms": Measure("conversion to RGB, p50", "ms"),
    "convert_p99_ms": Measure("conversion to RGB, p99", "ms"),
    "cpu_ms": Measure("CPU of this process per frame read", "ms"),
    "cpu_percent": Measure("CPU of this process", "% of a core"),
    "kbps": Measure("received, everything", "kbit/s", None),
    "video_kbps": Measure("received, encoded video", "kbit/s", None),
    "packets_lost": Measure("packets that did not come at first", ""),
    "nacks": Measure("requests for lost packets (NACK)", "", None),
    "key_frame_requests": Measure("requests for a key frame (PLI)", "", None),
    **{name: one for name, one in STREAM_MEASURES.items() if name.startswith("clock_")},
}
"""All measures of a connection, in the order of the report."""


def measure(trace: ModelTrace) -> Measures:
    """Return the measures of a connection; what could not be measured is left out.

    Args:
        trace: What was seen.
    """
    facts = trace.facts
    found = _beginning(facts) | _stream(trace) | _reading(trace) | _told(facts["stats"])
    found |= _emission(trace) | clocks(facts["clock"])
    found |= _percentiles("ack", np.array(facts["acks_ms"], np.float64), (50, 90))
    seen = onsets(trace.trials)
    if seen.clear:
        found |= _percentiles("onset", np.array(seen.values), (50, 90))
        found |= _percentiles("beyond_named", np.array(seen.beyond_named_ms), (50,))
    named = [value for value in seen.named_ms if value is not None]
    return found | _percentiles("named", np.array(named), (50,))


def phases(facts: Mapping[str, Any]) -> Measures:
    """Return the phases of connecting in milliseconds, by name, in their order."""
    told = facts["connect"]
    names = ("token", "session", "waiting", "offer", "signaling", "ice", "dtls", "channels")
    return {name: told[f"{name}_ms"] for name in names if told.get(f"{name}_ms") is not None}


def new_frames(trace: ModelTrace) -> Integers:
    """Return which rows of the frames are new ones of the window, repeats left out."""
    arrival = trace.frame("arrival")
    inside = (arrival >= trace.facts["begin"]) & (arrival < trace.facts["end"])
    found: Integers = np.flatnonzero(inside & (trace.frame("repeat") == 0))
    return found


def _beginning(facts: Mapping[str, Any]) -> Measures:
    told = facts["connect"]
    found = {"connect_ms": told.get("total_ms"), "first_frame_ms": told.get("first_frame_ms")}
    found["picture_ms"] = (facts["begun"] - facts["called"]) * _MS
    found["announced_fps"] = facts["announced_fps"]
    return {name: float(value) for name, value in found.items() if value is not None}


def _stream(trace: ModelTrace) -> Measures:
    facts = trace.facts
    new = new_frames(trace)
    arrival, rtp = trace.frame("arrival"), trace.frame("rtp")
    inside = (arrival >= facts["begin"]) & (arrival < facts["end"])
    found: Measures = {"frames": float(new.size), "repeated": float(inside.sum() - new.size)}
    dropped = _grown(facts["stats"], "frames_dropped")
    if dropped is not None:
        found["dropped"] = dropped
    moments = np.concatenate([[facts["begin"]], arrival[new], [facts["end"]]])
    found["longest_gap_ms"] = float(np.diff(moments).max()) * _MS
    if new.size < 2:
        return found
    gaps: Floats = np.diff(arrival[new]) * _MS
    found["delivered_fps"] = 1e3 / float(gaps.mean())
    found |= _percentiles("interval", gaps, (50, 90, 99))
    rare = p999(gaps)
    if rare is not None:
        found["interval_p999_ms"] = rare
    usual = float(np.median(gaps))
    longest = max(FREEZE_FACTOR * usual, usual + FREEZE_MORE_MS)
    found["freezes"] = float((gaps > longest).sum())
    if gaps.size > 1:
        found["jitter_ms"] = float(np.abs(np.diff(gaps)).mean())
    if (rtp[new] != UNKNOWN).all():
        sent: Floats = np.diff(rtp[new]) * 1e3 / RTP_RATE
        if sent.sum() > 0:
            # What the receiver knows to have dropped was emitted too.
            found["emitted_fps"] = 1e3 * (sent.size + (dropped or 0.0)) / float(sent.sum())
            found["transit_jitter_ms"] = float(np.abs(gaps - sent).mean())
    return found


def _emission(trace: ModelTrace) -> Measures:
    """Return how old frames are on arrival, where the model tells its clock and their emission.

    Where both are one clock, it is used as it is; the exchange is checked with it then.
    """
    new = new_frames(trace)
    emitted = trace.frame("emitted_us")[new]
    known = emitted != UNKNOWN
    compared = compare_clocks(Exchange(*one) for one in trace.facts["clock"])
    if compared is None or not known.any():
        return {}
    there = 1000 * emitted[known]
    here = there if trace.facts["shares_clock"] else compared.here_ns(there)
    ages: Floats = (trace.frame("arrival")[new][known] - here) * _MS
    return _percentiles("emission", ages, (50, 99))


def _reading(trace: ModelTrace) -> Measures:
    facts, count = trace.facts, len(trace.reads)
    seconds = (facts["end"] - facts["begin"]) * 1e-9
    found: Measures = {"cpu_percent": facts["cpu_ns"] / seconds / 1e7}
    if not count:
        return found
    taken = trace.read("taken")
    arrivals = dict(zip(trace.frame("sequence"), trace.frame("arrival"), strict=True))
    pairs = [
        (taken_ns, arrivals[sequence])
        for taken_ns, sequence in zip(taken, trace.read("sequence"), strict=True)
        if sequence in arrivals
    ]
    waits: Floats = np.array([taken_ns - arrival for taken_ns, arrival in pairs]) * _MS
    found |= _percentiles("handover", waits, (50, 99))
    found |= _percentiles("convert", (trace.read("converted") - taken) * _MS, (50, 99))
    found["read_fps"] = count / seconds
    found["equal"] = float(trace.read("equal").sum())
    found["cpu_ms"] = facts["cpu_ns"] * _MS / count
    return found


def _told(stats: Sequence[Mapping[str, Any]]) -> Measures:
    """Return what the client said about its connection."""
    found = _round_trips(stats)
    for name in ("packets_lost", "nacks", "key_frame_requests"):
        grown = _grown(stats, name)
        if grown is not None:
            found[name] = grown
    if len(stats) < 2:
        return found
    decodes = [value for one in stats[1:] if (value := _video(one).get("decode_ms")) is not None]
    if decodes:
        found["decode_ms"] = float(np.mean(decodes))
    seconds = stats[-1]["timestamp"] - stats[0]["timestamp"]
    first, last = stats[0]["bytes_received"], stats[-1]["bytes_received"]
    if seconds > 0 and first is not None and last is not None:
        found["kbps"] = 8e-3 * (last - first) / seconds
    encoded = _grown(stats, "bytes_received")
    if seconds > 0 and encoded is not None:
        found["video_kbps"] = 8e-3 * encoded / seconds
    return found


def _round_trips(stats: Sequence[Mapping[str, Any]]) -> Measures:
    trips = [one["rtt_ms"] for one in stats if one["rtt_ms"] is not None]
    if not trips:
        return {}
    return {"rtt_p50_ms": float(np.median(trips)), "rtt_max_ms": float(max(trips))}


def _grown(stats: Sequence[Mapping[str, Any]], name: str) -> float | None:
    """Return by how much a counter of the main video grew in the window."""
    if len(stats) < 2:
        return None
    first, last = (_video(one).get(name) for one in (stats[0], stats[-1]))
    return None if first is None or last is None else float(last - first)


def _video(stats: Mapping[str, Any]) -> Mapping[str, Any]:
    tracks = (track for track in stats["inbound"].values() if track["kind"] == "video")
    return next(tracks, {})


def video_codec(trace: ModelTrace) -> str:
    """Return the codec of the main video, ``""`` where the client does not know."""
    stats = trace.facts["stats"]
    return str(_video(stats[-1]).get("codec") or "") if stats else ""


def path_of(trace: ModelTrace) -> str:
    """Return the kinds of the candidates in use, for example ``"host to srflx over udp"``."""
    stats = trace.facts["stats"]
    newest = stats[-1] if stats else {}
    local, remote = newest.get("local_candidate"), newest.get("remote_candidate")
    if local is None or remote is None:
        return ""
    return f"{local['type']} to {remote['type']} over {local['protocol']}"


def _percentiles(name: str, values: Floats, which: Sequence[int]) -> Measures:
    if not values.size:
        return {}
    points = np.percentile(values, which)
    return {f"{name}_p{p}_ms": float(point) for p, point in zip(which, points, strict=True)}
