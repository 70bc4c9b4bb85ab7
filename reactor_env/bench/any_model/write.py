"""Measures a model round after round, and writes the files of its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reactor_env.bench.any_model import figures
from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.report import (
    NOTES,
    Document,
    clock_line,
    document,
    facts_line,
    markdown,
    measures_rows,
    onset_lines,
    phases_line,
)
from reactor_env.bench.any_model.session import Connection
from reactor_env.bench.any_model.trace import ModelTrace
from reactor_env.latency.report import Load, machine_line, report_head, write_report
from reactor_env.page import Page
from reactor_env.profiles import Profile
from reactor_env.source import Source

PACKAGES = ("reactor-env", "aiortc", "av")
TRACES = "traces"


def measure_rounds(
    source: Source,
    profile: Profile | None,
    plan: Plan,
    folder: Path,
    start_timeout: float,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[list[ModelTrace], list[str]]:
    """Measure every round, each in a session of its own, and keep the raw traces.

    Args:
        source: Where sessions come from; closed at the end, whatever happens.
        profile: What is known about the model beyond its schema.
        plan: What is measured.
        folder: Where the report is to be.
        start_timeout: Seconds until a session must be ready.
        tell: Called with what is done next.

    Returns:
        The traces, and the names of their files.
    """
    traces, names = [], []
    try:
        if plan.warm_up:
            tell("warming up")
            Connection(source, profile, plan, start_timeout).warm_up()
        for number in range(1, plan.rounds + 1):
            prefix = f"round {number}: " if plan.rounds > 1 else ""

            def notify(what: str, prefix: str = prefix) -> None:
                tell(prefix + what)

            trace = Connection(source, profile, plan, start_timeout, notify).measure()
            names.append(f"round{number}.npz")
            trace.save(folder / TRACES / names[-1])
            traces.append(trace)
    finally:
        source.close()
    return traces, names


def write_model_report(
    name: str,
    plan: Plan,
    traces: Sequence[ModelTrace],
    files: Sequence[str],
    folder: Path,
    *,
    load: Load,
    arguments: Mapping[str, Any],
    command: str,
) -> Document:
    """Write ``report.json``, ``report.md`` and ``report.html`` beside the traces.

    Args:
        name: The model.
        plan: How it was measured.
        traces: One for each round.
        files: The names of their files.
        folder: Where to.
        load: The load average before and after.
        arguments: What the benchmark was called with; values that JSON has.
        command: The same as it is typed.

    Returns:
        The report's data.
    """
    report = document(report_head(PACKAGES, load, arguments), name, plan, traces, files)
    machine = machine_line(PACKAGES, load)
    write_report(folder / "report", markdown(report, machine, command), report)
    page = Page(f"{name}, as its users get it", machine)
    page.text(f"{facts_line(report)}.")
    for note in NOTES:
        page.text(note)
    page.table(["", "value"], measures_rows(report), "Medians over rounds")
    page.text(phases_line(report))
    if clock := clock_line(report):
        page.text(clock)
    page.figure(
        figures.intervals(traces),
        "The time between frames: the share that is at most so long, and one after another.",
    )
    page.heading("From an action to its first frame")
    for line in onset_lines(report["onset"]):
        page.text(line)
    if plan.repeats:
        page.figure(
            figures.courses(traces),
            "How far each frame is from what is usual while nothing is done, in thresholds; the "
            "first one above 1 is the onset.",
        )
    page.heading("How it was made")
    page.code(command)
    page.write(folder / "report.html")
    return report
