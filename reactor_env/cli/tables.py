"""Tables for people: one rollout, several side by side, and a model's schema."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from reactor_env.cli.log import METRICS, RolloutLog

NOTHING = "-"
"""Stands where a mode has no such number."""


def number(value: float | None, digits: int = 1) -> str:
    """Return a number for a table.

    Args:
        value: The number, ``None`` where there is none.
        digits: Decimals.
    """
    return NOTHING if value is None else f"{value:.{digits}f}"


def counts(log: RolloutLog) -> dict[str, str]:
    """Return what a rollout did, as texts by label.

    Args:
        log: The rollout.
    """
    episodes = str(len(log.returns))
    if log.running:
        episodes += " and an unfinished one" if log.returns else " (the first is unfinished)"
    facts = {
        "steps": str(log.steps),
        "episodes": episodes,
        "mean return": _mean_return(log),
        "steps per second": number(log.steps_per_s),
        "frames skipped": str(log.frames_skipped),
        "frames repeated": str(log.frames_repeated),
        "deadlines missed": NOTHING if log.deadlines_missed is None else str(log.deadlines_missed),
    }
    if log.sessions_lost:
        facts["sessions lost"] = str(len(log.sessions_lost))
    return facts


def titled(title: str, table: Table) -> Group:
    """Put a title above a table that may be narrower.

    Args:
        title: Any text.
        table: The table.
    """
    return Group(Text(title, style="bold"), table)


def rollout_tables(title: str, log: RolloutLog) -> Group:
    """Make the tables of one rollout.

    Args:
        title: What was rolled out.
        log: The rollout.

    Returns:
        What it did, and its times.
    """
    facts = Table(box=box.SIMPLE, show_header=False)
    facts.add_column()
    facts.add_column(overflow="fold")
    for label, text in counts(log).items():
        facts.add_row(label, text)
    times = Table(box=box.SIMPLE_HEAD)
    times.add_column("times in ms")
    for heading in ("count", "p50", "p95", "p99", "max"):
        times.add_column(heading, justify="right")
    for metric in METRICS:
        found = log.summary(metric.key)
        if found is None:
            times.add_row(metric.label, *[NOTHING] * 5)
            continue
        values = (found.p50, found.p95, found.p99, found.max)
        times.add_row(metric.label, str(found.count), *map(number, values))
    return Group(titled(title, facts), times)


def comparison_table(title: str, logs: Mapping[str, RolloutLog]) -> Group:
    """Put rollouts side by side.

    Args:
        title: What is compared.
        logs: The rollouts by heading.
    """
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for heading in logs:
        table.add_column(heading, justify="right")
    facts = [counts(log) for log in logs.values()]
    for label in dict.fromkeys(label for texts in facts for label in texts):
        table.add_row(label, *(texts.get(label, NOTHING) for texts in facts))
    table.add_section()
    table.add_row("times in ms", *["p50 / p95 / p99"] * len(logs), style="dim")
    for metric in METRICS:
        cells = []
        for log in logs.values():
            found = log.summary(metric.key)
            texts = map(number, (found.p50, found.p95, found.p99)) if found is not None else ()
            cells.append(" / ".join(texts) or NOTHING)
        table.add_row(metric.label, *cells)
    return titled(title, table)


def _mean_return(log: RolloutLog) -> str:
    if log.running and not log.returns:
        return f"{NOTHING} ({log.total:g} so far)"
    return number(log.mean_return, 2)
