"""What became of the tests of each row of the matrix, as a table."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Count:
    """How the variants of one test ended.

    Attributes:
        passed: How many passed.
        failed: How many failed, or could not be set up or cleaned up.
        skipped: How many need what is not installed, or are expected to fail.
    """

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        """Name what happened, and how often."""
        parts = [("failed", self.failed), ("passed", self.passed), ("skipped", self.skipped)]
        return ", ".join(f"{count} {name}" for name, count in parts if count) or "-"


def count_outcomes(junit: str) -> dict[str, Count]:
    """Count the outcomes in a JUnit report, by the test's name without its parameters."""
    counts: dict[str, Count] = {}
    for case in ElementTree.fromstring(junit).iter("testcase"):
        name = case.get("name", "").partition("[")[0].removeprefix("test_")
        count = counts.setdefault(name, Count())
        if case.find("failure") is not None or case.find("error") is not None:
            count.failed += 1
        elif case.find("skipped") is not None:
            count.skipped += 1
        else:
            count.passed += 1
    return counts


def draw_table(results: Mapping[str, Mapping[str, Count]]) -> str:
    """Draw a Markdown table: a line per test, a column per row of the matrix."""
    tests = list(dict.fromkeys(name for row in results.values() for name in row))
    lines = [["test", *results]]
    lines += [
        [name.replace("_", " "), *(str(row.get(name, Count())) for row in results.values())]
        for name in tests
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(results) + 1)]
    drawn = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    ]
    return "\n".join(
        [drawn[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *drawn[1:]]
    )
