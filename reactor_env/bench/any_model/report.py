"""The data of a report on one model, and its Markdown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from reactor_env.bench.any_model.measures import MEASURES, measure, path_of, phases, video_codec
from reactor_env.bench.any_model.onset import FACTOR, FEATURES, QUANTILE, Onsets, onsets
from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.trace import ModelTrace
from reactor_env.bench.markdown import cell, clock_sentence, number, table
from reactor_env.bench.statistics import Estimate, estimate

KIND = "model"
SCHEMA_VERSION = 1

Document = dict[str, Any]

NOTES = (
    "Frames are counted while nothing is done. Emitted is by the time stamps of RTP, delivered by "
    "this process's clock when a frame is decoded. A frame is a repeat by its metadata where it "
    "has some; equal pixels are counted beside it, which a model that holds still makes too, and "
    "which a repeat that the encoder sharpened does not have.",
    "The first frame that shows an action is found by its pixels: one whose motion (optical flow "
    "of the whole picture) or change of luma is beyond what was usual while nothing was done. It "
    "is resolved to one interval between frames, and a slow beginning is seen late.",
)
"""What is to be known to read the tables."""


def document(
    head: Mapping[str, Any],
    name: str,
    plan: Plan,
    traces: Sequence[ModelTrace],
    files: Sequence[str],
) -> Document:
    """Return the report's data.

    Args:
        head: What every report begins with (:func:`~reactor_env.latency.report.report_head`).
        name: The model.
        plan: How it was measured.
        traces: One for each round, at least one.
        files: Their files.
    """
    seen = [onsets(trace.trials) for trace in traces]
    measured = [measure(trace) for trace in traces]
    told = [phases(trace.facts) for trace in traces]
    return {
        **head,
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "model": name,
        "plan": asdict(plan),
        "size": traces[-1].facts["size"],
        "codecs": sorted({video_codec(trace) for trace in traces} - {""}),
        "paths": sorted({path_of(trace) for trace in traces} - {""}),
        "measures": _estimates(measured, list(MEASURES)),
        "phases": _estimates(told, list(dict.fromkeys(key for one in told for key in one))),
        "clock": _clock(traces, measured),
        "onset": _onset(traces, seen) if plan.repeats else None,
        "rounds": [
            {"measures": one, "phases": phase, "trace": file}
            for one, phase, file in zip(measured, told, files, strict=True)
        ],
    }


def _clock(traces: Sequence[ModelTrace], measured: Sequence[Mapping[str, float]]) -> Any:
    """Return whether an exchange of clocks had the truth, where that is known; ``None`` else."""
    turns = [one for one in measured if "clock_offset_ms" in one]
    if not turns or not all(trace.facts["shares_clock"] for trace in traces):
        return None
    holds = sum(abs(one["clock_offset_ms"]) <= one["clock_bound_ms"] for one in turns)
    return {"rounds": len(turns), "holds": holds}


def clock_line(report: Document) -> str:
    """Say how the sender's clock goes; ``""`` where the model does not tell it."""
    if "clock_offset_ms" not in report["measures"]:
        return ""
    text = clock_sentence(report["measures"], report["clock"])
    return f"{text[0].upper()}{text[1:]}"


def _onset(traces: Sequence[ModelTrace], seen: Sequence[Onsets]) -> Document:
    found = [value for one in seen for value in one.values]
    named = [value for one in seen for value in one.named_ms if value is not None]
    beyond = [value for one in seen for value in one.beyond_named_ms]
    intervals = [one.interval_ms for one in seen if one.interval_ms is not None]
    usual = seen[-1].usual
    return {
        "action": next(reversed(traces[-1].facts["tried"]), ""),
        "tried": traces[-1].facts["tried"],
        "clear": all(one.clear for one in seen),
        "trials": sum(len(one.found_ms) for one in seen),
        "found": len(found),
        "controls": sum(one.controls for one in seen),
        "false": sum(one.false for one in seen),
        "ended": sum(one.ended for one in seen),
        "resolution_ms": float(np.median(intervals)) if intervals else None,
        "median_ms": _as_dict(estimate(found)),
        "named_ms": _as_dict(estimate(named)),
        "beyond_named_ms": _as_dict(estimate(beyond)),
        "values_ms": [value for one in seen for value in one.found_ms],
        "usual_frames": usual.count if usual is not None else 0,
        "usual": _by_feature(usual.centre) if usual is not None else None,
        "threshold": _by_feature(usual.bound) if usual is not None else None,
    }


def onset_lines(onset: Mapping[str, Any] | None) -> list[str]:
    """Say in sentences what is known of the time from an action to its first frame."""
    if onset is None:
        return ["No action was tried."]
    lines = []
    trials, found = onset["trials"], onset["found"]
    controls, false = onset["controls"], onset["false"]
    if onset["clear"]:
        lines.append(
            f"{onset['action']}: seen in {found} of {trials} trials, "
            f"{cell(onset['median_ms'])} ms after the command, median with its 95 % bootstrap "
            f"interval over trials."
        )
    elif not controls:
        lines.append(
            f"No onset: no action moved the picture beyond what is usual. Tried: "
            f"{', '.join(onset['tried']) or 'nothing'}."
        )
    else:
        lines.append(
            f"{onset['action']}: not clear, an onset was seen in {found} of {trials} trials; no "
            "time is given."
        )
    if controls:
        lines.append(
            f"Doing nothing passed for an action in {false} of {controls} trials "
            f"({100 * false / controls:.0f} % false onsets)."
        )
    if onset["resolution_ms"] is not None:
        lines.append(f"Resolution: {number(onset['resolution_ms'])} ms, one interval of frames.")
    if onset["threshold"] is not None:
        bounds = ", ".join(
            f"{name} {value:.2g}{'' if name == 'change' else ' of the width'}"
            for name, value in onset["threshold"].items()
        )
        lines.append(
            f"Threshold: {FACTOR:g} times the {QUANTILE:g}th percentile of what "
            f"{onset['usual_frames']} frames of doing nothing have, and a floor: {bounds}."
        )
    if onset["beyond_named_ms"] is not None and onset["clear"]:
        lines.append(
            f"Checked by the frames' metadata, which names the action: "
            f"{cell(onset['named_ms'])} ms to the first frame with its number; the pixels say it "
            f"{cell(onset['beyond_named_ms'])} ms later."
        )
    if onset["ended"]:
        lines.append(
            f"{onset['ended']} trials are left out: their episode ended before anything was seen."
        )
    return lines


def facts_line(report: Document) -> str:
    """Say in half a sentence what was measured."""
    width, height = report["size"]
    parts = [f"{width}x{height}", ", ".join(report["codecs"]) or "unknown codec", *report["paths"]]
    plan = report["plan"]
    rounds = "one connection" if plan["rounds"] == 1 else f"{plan['rounds']} connections"
    warm = "after one that was thrown away" if plan["warm_up"] else "no warm-up before"
    parts.append(f"{rounds}, {warm}, {plan['seconds']:g} s of counting in each")
    return "; ".join(parts)


def measures_rows(report: Document) -> list[list[str]]:
    """Return a row for each measure: title with its unit, and the median over rounds."""
    rows = []
    for name, one in MEASURES.items():
        if name in report["measures"]:
            unit = f", {one.unit}" if one.unit else ""
            rows.append([f"{one.title}{unit}", cell(report["measures"][name])])
    return rows


def phases_line(report: Document) -> str:
    """Say how long the phases of connecting took; ``""`` where nobody knows."""
    told = ", ".join(f"{name} {number(one['value'])}" for name, one in report["phases"].items())
    return f"Connecting, ms: {told}." if told else ""


def markdown(report: Document, machine: str, command: str) -> str:
    """Write the report.

    Args:
        report: Its data.
        machine: What it ran on, in half a sentence.
        command: What made it.
    """
    lines = [f"# {report['model']}, as its users get it", "", f"{machine}.", ""]
    lines += [f"{facts_line(report)}.", ""]
    for note in NOTES:
        lines += [note, ""]
    lines += table(["", "value"], measures_rows(report))
    lines += ["", phases_line(report), ""]
    if clock := clock_line(report):
        lines += [clock, ""]
    lines += ["## From an action to its first frame", ""]
    lines += [f"- {line}" for line in onset_lines(report["onset"])]
    lines += ["", f"Made by `{command}`.", ""]
    return "\n".join(lines)


def _estimates(rounds: Sequence[Mapping[str, float]], names: Sequence[str]) -> Document:
    found = {name: estimate([one[name] for one in rounds if name in one]) for name in names}
    return {name: one.as_dict() for name, one in found.items() if one is not None}


def _as_dict(found: Estimate | None) -> dict[str, float] | None:
    return None if found is None else found.as_dict()


def _by_feature(values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in zip(FEATURES, values, strict=True)}
