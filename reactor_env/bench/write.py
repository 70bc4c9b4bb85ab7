"""Turns what was measured into the files of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reactor_env.bench.harness import TRACES
from reactor_env.bench.html import write_page
from reactor_env.bench.markdown import markdown
from reactor_env.bench.report import Document, document
from reactor_env.bench.results import ScenarioResults
from reactor_env.bench.series import Series, load_series, stages_of
from reactor_env.bench.stages import agreement, waterfall
from reactor_env.bench.trace import Trace
from reactor_env.latency.report import Load, machine_line, report_head, write_report

PACKAGES = ("reactor-env", "aiortc", "av", "reactor-runtime")
OPTIONAL_PACKAGE = "reactor-sdk"


def write_results(
    results: Sequence[ScenarioResults],
    folder: Path,
    *,
    packages: Sequence[str],
    load: Load,
    arguments: Mapping[str, Any],
    command: str,
) -> tuple[Document, str]:
    """Write ``report.json``, ``report.md`` and ``report.html`` beside the traces.

    Args:
        results: What was measured.
        folder: Where to.
        packages: Distributions whose versions matter.
        load: The load average before and after.
        arguments: What the benchmark was called with; values that JSON has.
        command: The same as it is typed.

    Returns:
        The report's data, and its Markdown.
    """
    series: dict[str, dict[str, Series]] = {}
    stages: dict[str, dict[str, Any]] = {}
    for one in results:
        series[one.scenario.name] = load_series(folder / TRACES, one.rounds)
        if one.traced is not None and one.traced.error is None:
            trace = Trace.load(folder / TRACES / one.traced.trace)
            parts = waterfall(stages_of(trace))
            if parts:
                whole = one.traced.measures["emission_mean_ms"]
                stages[one.scenario.name] = {"parts": parts, **agreement(parts, whole)}
    report = document(report_head(packages, load, arguments), results, series, stages)
    machine = machine_line(packages, load)
    text = markdown(report, machine, command)
    write_report(folder / "report", text, report)
    write_page(report, series, machine, command, folder / "report.html")
    return report, text
