"""``reactor-env bench --sessions``: many sessions in one process."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console

from reactor_env.cli.arguments import say
from reactor_env.cli.bench_output import rich_table

if TYPE_CHECKING:
    from reactor_env.bench.harness import Plan
    from reactor_env.bench.scenario import Scenario
    from reactor_env.cli.bench import Bench


def measure_many(scenarios: list[Scenario], plan: Plan, arguments: Bench, console: Console) -> None:
    """Measure many sessions at once, and write ``sessions.json`` and ``sessions.md``.

    Args:
        scenarios: What to stream.
        plan: Says how long.
        arguments: What was typed.
        console: Where to print.
    """
    from reactor_env.bench.markdown import table
    from reactor_env.bench.sessions import KIND, failures_of, measure_sessions, report_of
    from reactor_env.bench.write import PACKAGES
    from reactor_env.latency.report import (
        load_average,
        machine_line,
        report_head,
        write_report,
    )

    before = load_average()
    lines = ["# Many sessions in one process", ""]
    documents = []
    for scenario in scenarios:
        found = measure_sessions(
            arguments.sessions, scenario, plan.seconds, lambda what: console.print(what)
        )
        header, rows = report_of(found)
        console.print(rich_table(scenario.name, header, rows))
        lines += [f"## {scenario.name}", "", *table(header, rows), ""]
        for failure in failures_of(found):
            say(console, failure)
            lines += [failure, ""]
        documents.append({"name": scenario.name, "sessions": [asdict(one) for one in found]})
    load = (before, load_average())
    lines[2:2] = [f"{machine_line(PACKAGES, load)}.", ""]
    lines += [f"Made by `{arguments.command}`.", ""]
    head = report_head(PACKAGES, load, arguments.given)
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {**head, "kind": KIND, "scenarios": documents}
    write_report(arguments.out / "sessions", "\n".join(lines), document)
    console.print(f"report: {arguments.out / 'sessions.md'}", highlight=False, soft_wrap=True)
