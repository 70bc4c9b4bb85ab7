"""Runs the compliance suite on every world and twin, and prints what came of it as a table.

``python -m tests.compliance.table`` takes about a quarter of an hour and ends with Markdown for
docs/testing.md. Rows are worlds and twins by mode; columns are the suite's subjects, and what
tests/integration/test_profiles.py asks of this model alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from reactor_env.profiles import bundled_profiles
from tests.compliance.rows import ROW

Outcome = Literal["passed", "skipped", "failed"]

SUBJECTS = ("spaces", "reset", "seed", "step", "ends", "reconnect", "close", "vector")
QUIRKS = "quirks"
COLUMNS = (*SUBJECTS, QUIRKS)

_HERE = Path(__file__).parent
_FILES = (
    _HERE / "test_worlds.py",
    _HERE / "test_twins.py",
    _HERE.parent / "integration" / "test_profiles.py",
)
_SUFFIX = "Compliance"


@dataclass
class Cell:
    """What came of one subject.

    Attributes:
        passed: How many checks did.
        failed: The names of those that did not.
        skipped: Why the others did not run.
    """

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


class Table:
    """Outcomes by row and column."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Cell]] = {}
        self._notes: list[str] = []

    def put(self, row: str, column: str, check: str, outcome: Outcome, reason: str = "") -> None:
        """Add the outcome of one check.

        Args:
            row: Its row.
            column: Its column.
            check: Its name.
            outcome: What came of it.
            reason: Why it was skipped.
        """
        cell = self.rows.setdefault(row, {}).setdefault(column, Cell())
        match outcome:
            case "passed":
                cell.passed += 1
            case "failed":
                cell.failed.append(check)
            case "skipped":
                cell.skipped.append(reason)

    def refuse(self, row: str, reason: str) -> None:
        """Add a row of a model that cannot be an environment."""
        for column in COLUMNS:
            self.put(row, column, "", "skipped", reason)

    def markdown(self) -> str:
        """Return the table, with the reasons for what is not applicable below it."""
        self._notes = []
        lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
        for row, cells in self.rows.items():
            texts = (self._text(cells.get(column)) for column in COLUMNS)
            lines.append(f"| {row} | {' | '.join(texts)} |")
        notes = [f"{number}. {reason}" for number, reason in enumerate(self._notes, 1)]
        return "\n".join([*lines, "", *notes]).rstrip() + "\n"

    def _text(self, cell: Cell | None) -> str:
        if cell is None:
            return "-"
        if cell.failed:
            return f"**failed**: {', '.join(cell.failed)}"
        numbers = ", ".join(str(self._note(reason)) for reason in dict.fromkeys(cell.skipped))
        if not cell.passed:
            return f"n/a ({numbers})"
        return f"{cell.passed} ok" + (f", {len(cell.skipped)} n/a ({numbers})" if numbers else "")

    def _note(self, reason: str) -> int:
        if reason not in self._notes:
            self._notes.append(reason)
        return self._notes.index(reason) + 1


class TablePlugin:
    """Fills a table while pytest runs."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places: dict[str, tuple[str, str]] = {}
        self._done: dict[str, Outcome] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Note the row and the column of a check."""
        suite: Any = getattr(item, "cls", None)
        if isinstance(item, pytest.Function) and hasattr(suite, "row"):
            subject = item.function.__qualname__.partition(".")[0]
            column = subject.removesuffix(_SUFFIX).lower()
            self._places[item.nodeid] = (suite.row(), column)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what came of a test, once it is over."""
        before = self._done.get(report.nodeid, "passed")
        outcome = before if report.outcome == "passed" else report.outcome
        self._done[report.nodeid] = outcome
        if report.when != "teardown" and outcome != "skipped":
            return
        if outcome == "skipped" and report.when == "teardown":
            return
        check = report.nodeid.rpartition("::")[2].removeprefix("test_")
        for row, column in self._where(report):
            self._table.put(row, column, check, outcome, _reason(report))

    def _where(self, report: pytest.TestReport) -> list[tuple[str, str]]:
        if report.nodeid in self._places:
            return [self._places[report.nodeid]]
        rows = dict.fromkeys(str(value) for name, value in report.user_properties if name == ROW)
        return [(row, QUIRKS) for row in rows]


def _reason(report: pytest.TestReport) -> str:
    if report.outcome != "skipped" or not isinstance(report.longrepr, tuple):
        return ""
    return str(report.longrepr[2]).removeprefix("Skipped: ")


def main(arguments: list[str]) -> int:
    """Run everything and print the table.

    Args:
        arguments: Further arguments of pytest, for example ``-k Oasis``.
    """
    table = Table()
    paths = [str(path) for path in _FILES]
    options: list[Any] = ["-q", "-m", "slow or not slow", "--durations=5", *arguments]
    code = pytest.main([*paths, *options], plugins=[TablePlugin(table)])
    for profile in bundled_profiles().values():
        if profile.refused:
            name = ", ".join(model.rpartition("/")[2] for model in profile.models)
            table.refuse(name, f"Refused: {' '.join(profile.refused.split())}.")
    print(f"\n{table.markdown()}")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
