"""What ``reactor-env bench`` prints: the tables of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

SHOWN = (
    "first_frame_ms",
    "emission_p50_ms",
    "emission_p99_ms",
    "action_p50_ms",
    "action_p99_ms",
    "ack_p50_ms",
    "delivered_percent",
    "repeated",
    "longest_gap_ms",
    "freeze_first_ms",
    "freeze_middle_ms",
    "freeze_last_ms",
    "freeze_key_ms",
    "unreadable",
    "nacks",
    "key_frame_requests",
    "datagrams_lost_percent",
    "cpu_full_ms",
    "cpu_small_ms",
    "kbps",
    "psnr_db",
    "peak_rss_mb",
)
"""The measures that are printed; the files have all."""


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """Print the tables of a report that matter most."""
    from reactor_env.bench.markdown import measures_table, targets_table
    from reactor_env.bench.report import failures

    for scenario in report["scenarios"]:
        console.print(rich_table(scenario["name"], *measures_table(scenario, SHOWN)))
        for failure in failures(scenario):
            console.print(f"failed: {failure}", markup=False, highlight=False)
    if any(one["targets"] for one in report["scenarios"]):
        header, rows = targets_table(report["scenarios"])
        plain = [[text.replace("**", "") for text in row] for row in rows]
        console.print(rich_table("reactor-env relative to reactor-sdk", header, plain))


def rich_table(title: str, header: list[str], rows: list[list[str]]) -> Table:
    """Make a table; what does not fit its column goes on in the next line.

    Args:
        title: Stands above.
        header: The columns' names.
        rows: The cells of each row.
    """
    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
