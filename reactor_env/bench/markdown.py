"""A report's data as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reactor_env.bench.measures import MEASURES
from reactor_env.bench.peers import OURS, SDK
from reactor_env.bench.report import Document, failures

NOTES = (
    "Every value is the median over rounds, with its 95 % bootstrap interval in brackets; ratios "
    "are taken within a round first. Emission is the moment when the model makes the frame, on the "
    "monotonic clock that all processes of this machine share; observation is the moment when the "
    "peer's user has an RGB array. Action to frame counts from when the command was due.",
    "Runtime and client negotiate codec and bit rate: both differ between clients, and both are in "
    "the table.",
)
"""What is to be known to read the tables."""


def markdown(report: Document, machine: str, command: str) -> str:
    """Write the report.

    Args:
        report: Its data.
        machine: What it ran on, in half a sentence.
        command: What made it.
    """
    lines = ["# A stream, from its emission to its users", "", f"{machine}."]
    for note in NOTES:
        lines += ["", note]
    scenarios = report["scenarios"]
    if any(one["targets"] for one in scenarios):
        lines += ["", "## Targets", "", f"{OURS} relative to {SDK} in the same round:", ""]
        lines += table(*targets_table(scenarios))
    for one in scenarios:
        lines += ["", f"## {one['name']}", "", *_gate_lines(one), ""]
        for failure in failures(one):
            lines += [f"Failed: {failure}", ""]
        lines += table(*measures_table(one))
        if SDK in one["peers"] and len(one["peers"]) > 1:
            lines += ["", f"Relative to {SDK} in the same round:", ""]
            lines += table(*ratios_table(one))
        lines += _phase_lines(one)
        for clock in clock_lines(one):
            lines += ["", clock]
        if one["stages"]:
            lines += ["", "Where a frame's time goes, mean ms:", ""]
            lines += table(*stages_table(one["stages"]))
    lines += ["", f"Made by `{command}`.", ""]
    return "\n".join(lines)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Write a table."""
    return [
        f"| {' | '.join(header)} |",
        "|---" * len(header) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def targets_table(scenarios: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: one row for each target, one column for each scenario."""
    shown = [one for one in scenarios if one["targets"]]
    header = ["", "target", *(one["name"] for one in shown)]
    rows = []
    for index, first in enumerate(shown[0]["targets"]):
        cells = [_target_cell(one["targets"][index]) for one in shown]
        rows.append([first["title"], first["promise"], *cells])
    return header, rows


def measures_table(
    scenario: Mapping[str, Any], only: Collection[str] = MEASURES
) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: one row for each measure, one column for each peer.

    Args:
        scenario: A scenario of the report.
        only: The measures to show.
    """
    peers = scenario["peers"]
    header = ["", *peers]
    rows = [["codec", *(", ".join(peer["codecs"]) or "?" for peer in peers.values())]]
    announced = f"{scenario['scenario']['fps']:g}"
    rows.append(["announced, frames/s", *(announced for _ in peers)])
    for name, measure in MEASURES.items():
        found = [peer["measures"].get(name) for peer in peers.values() if name in only]
        if any(one is not None for one in found):
            unit = f", {measure.unit}" if measure.unit else ""
            rows.append([f"{measure.title}{unit}", *(cell(one) for one in found)])
    for name, title in (("emission", "emission to observation"), ("action", "action to frame")):
        pooled = [peer["pooled"].get(f"{name}_p999_ms") for peer in peers.values()]
        if any(one is not None for one in pooled):
            title = f"{title}, p99.9 of all rounds, ms"
            rows.append([title, *("" if one is None else number(one) for one in pooled)])
    failed = [peer["failed"] for peer in peers.values()]
    if any(failed):
        rows.append(["turns that failed", *map(str, failed)])
    return header, rows


def ratios_table(scenario: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: the times of each peer relative to ``reactor-sdk``."""
    peers = {name: peer for name, peer in scenario["peers"].items() if name != SDK}
    rows = []
    for name, measure in MEASURES.items():
        found = [peer["to_reactor_sdk"].get(name) for peer in peers.values()]
        if any(one is not None for one in found):
            rows.append([measure.title, *(cell(one) for one in found)])
    return ["", *peers], rows


def clock_lines(scenario: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each peer that compares the clocks of sender and receiver."""
    return [
        f"With {peer}: {clock_sentence(scenario['peers'][peer]['measures'], check)}"
        for peer, check in scenario.get("clocks", {}).items()
    ]


def clock_sentence(
    measures: Mapping[str, Mapping[str, float]], check: Mapping[str, int] | None
) -> str:
    """Say how the sender's clock goes beside the receiver's.

    Args:
        measures: Estimates by name.
        check: In how many ``rounds`` the truth, which is one clock, ``holds``; ``None`` where
            there is more than one.
    """
    told = {name: one["value"] for name, one in measures.items() if name.startswith("clock_")}
    text = (
        "the sender's clock, by a two-way exchange over the data channel, is "
        f"{told['clock_offset_ms']:+.3f} ms from the receiver's, give or take "
        f"{told['clock_bound_ms']:.3f} ms (half the least round trip)"
    )
    if "clock_drift_ppm" in told:
        text += (
            f", and drifts by {told['clock_drift_ppm']:+.1f} ppm +- "
            f"{told['clock_drift_error_ppm']:.1f} (95 % interval of the regression)"
        )
    if check is not None:
        text += (
            f". They are one clock: 0 is within the bound in {check['holds']} of "
            f"{check['rounds']} rounds"
        )
    return f"{text}."


def stages_table(stages: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of where the time goes."""
    whole = stages["whole_ms"]
    parts = [*stages["parts"].items(), ("rest, not split", stages["rest_ms"])]
    rows = [[name, f"{ms:.2f}", f"{100 * ms / whole:.0f} %"] for name, ms in parts]
    rows.append(["whole", f"{whole:.2f}", "100 %"])
    return ["part", "ms", "share"], rows


def cell(estimate: Mapping[str, float] | None) -> str:
    """Return an estimate as it is read, for example ``12.3 (11.9 to 12.8)``."""
    if estimate is None:
        return ""
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    if low == high == value:
        return number(value)
    return f"{number(value)} ({number(low)} to {number(high)})"


def number(value: float) -> str:
    """Return a number with as many digits as mean something."""
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 10 else 2
    return f"{value:.{digits}f}"


def _target_cell(target: Mapping[str, Any]) -> str:
    verdict = {True: "met", False: "**missed**", None: "not measured"}[target["met"]]
    found = cell(target["reached"])
    shown, space, rest = found.partition(" ")
    bound = float(target["promise"].split()[1])
    if target["met"] is False and float(shown) == bound:
        # Rounded it would be what was promised.
        found = f"{target['reached']['value']:.3f}{space}{rest}"
    return f"{found} {verdict}".strip()


def _phase_lines(scenario: Mapping[str, Any]) -> list[str]:
    """Return a paragraph for each peer that tells the phases of its connecting."""
    lines = []
    for name, peer in scenario["peers"].items():
        phases = ", ".join(
            f"{phase} {number(one['value'])}" for phase, one in peer["phases"].items()
        )
        if phases:
            lines += ["", f"Connecting with {name}, medians in ms: {phases}."]
    return lines


def _gate_lines(scenario: Mapping[str, Any]) -> list[str]:
    gates = [one["gate"] for one in scenario["rounds"]]
    loads = [gate["load"] for gate in gates]
    busy = [gate["busy"] for gate in gates if gate["busy"] is not None]
    text = f"{len(gates)} rounds; load average before them {min(loads):.1f} to {max(loads):.1f}"
    if busy:
        text += f", {100 * min(busy):.0f} to {100 * max(busy):.0f} % of the machine busy"
    return [f"{text}."]
