"""``reactor-env bench --compare``: two reports side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from reactor_env.cli.target import UsageError

_STYLES = {"worse": "red", "better": "green", "unclear": "yellow"}


def compare_files(old: Path, new: Path, console: Console) -> bool:
    """Print two reports side by side.

    Args:
        old: A ``report.json``.
        new: Another.
        console: Where to print.

    Returns:
        Whether something became worse.

    Raises:
        UsageError: If one is no report, or they have nothing in common.
        OSError: If one cannot be read.
    """
    from reactor_env.bench.compare import compare
    from reactor_env.bench.markdown import cell, number
    from reactor_env.bench.measures import MEASURES

    found = compare(read_report(old), read_report(new))
    if not found:
        raise UsageError(f"{old} and {new} have no peer of a scenario in common")
    table = Table(title=f"{old} and {new}", title_justify="left")
    for name in ("scenario", "peer", "measure", "old", "new", "new/old", ""):
        table.add_column(name)
    for one in found:
        if one.verdict == "same":
            continue
        measure = MEASURES[one.measure]
        old_text, new_text = (cell(side.as_dict()) for side in (one.old, one.new))
        ratio = f"{number(one.ratio.value)} ({number(one.ratio.low)} to {number(one.ratio.high)})"
        style = _STYLES[one.verdict]
        row = (one.scenario, one.peer, measure.title, old_text, new_text, ratio, one.verdict)
        table.add_row(*row, style=style)
    if table.row_count:
        console.print(table)
    same = sum(one.verdict == "same" for one in found)
    console.print(f"{same} of {len(found)} measures are the same within 10 %", highlight=False)
    return any(one.verdict == "worse" for one in found)


def read_report(path: Path) -> dict[str, Any]:
    """Read a ``report.json``.

    Raises:
        UsageError: If it is none.
        OSError: If it cannot be read.
    """
    from reactor_env.bench.report import check_document

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        check_document(found if isinstance(found, dict) else {}, str(path))
    except ValueError as error:
        raise UsageError(str(error)) from error
    report: dict[str, Any] = found
    return report
