"""A report as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reactor_env.bench import figures
from reactor_env.bench.markdown import (
    NOTES,
    clock_lines,
    measures_table,
    ratios_table,
    stages_table,
    targets_table,
)
from reactor_env.bench.peers import OURS, SDK
from reactor_env.bench.report import Document
from reactor_env.bench.series import Series
from reactor_env.bench.stages import PARTS
from reactor_env.page import Page


def write_page(
    report: Document,
    series: Mapping[str, Mapping[str, Series]],
    machine: str,
    command: str,
    path: Path,
) -> None:
    """Write the page.

    Args:
        report: The report's data.
        series: The values behind it, by scenario and peer.
        machine: What it ran on, in half a sentence.
        command: What made it.
        path: The HTML file.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    page = Page("A stream, from its emission to its users", machine)
    for note in NOTES:
        page.text(note)
    scenarios = report["scenarios"]
    if any(one["targets"] for one in scenarios):
        page.heading("Targets")
        header, rows = targets_table(scenarios)
        plain = [[text.replace("**", "") for text in row] for row in rows]
        page.table(header, plain, f"{OURS} relative to {SDK} in the same round")
    for one in scenarios:
        page.heading(one["name"])
        found = series.get(one["name"], {})
        in_order = {peer: found[peer] for peer in one["peers"] if peer in found}
        _add_scenario(page, one, in_order)
    page.heading("How it was made")
    page.code(command)
    page.write(path)


def _add_scenario(page: Page, scenario: Document, series: Mapping[str, Series]) -> None:
    if series:
        page.figure(
            figures.distributions(series),
            "The share of frames, and of commands, that took at most so long; all rounds together.",
        )
        page.figure(
            figures.time_lines(series),
            "Each frame of the last round: how old it was when its user had it.",
        )
    if scenario["stages"]:
        means = {
            peer: found["measures"]["emission_mean_ms"]["value"]
            for peer, found in scenario["peers"].items()
            if "emission_mean_ms" in found["measures"]
        }
        page.figure(
            figures.waterfall(scenario["stages"], means),
            f"Where the time of a frame goes in {OURS}, part after part, measured in a turn of "
            "its own; below, the whole for every peer.",
        )
        rows = [[*row, PARTS.get(row[0], "")] for row in stages_table(scenario["stages"])[1]]
        page.table(["part", "ms", "share", "what it is"], rows)
    page.table(*measures_table(scenario), "Medians over rounds, with 95 % intervals")
    for line in clock_lines(scenario):
        page.text(line)
    if SDK in scenario["peers"] and len(scenario["peers"]) > 1:
        page.table(*ratios_table(scenario), f"Relative to {SDK} in the same round")
