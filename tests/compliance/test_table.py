"""The table of docs/testing.md: how it is made, and that none of its rows is missing."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.compliance import test_twins, test_worlds
from tests.compliance.table import COLUMNS, SUBJECTS, Table, TablePlugin
from tests.twins.fixtures import NAMES

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
MODULES: tuple[ModuleType, ...] = (test_worlds, test_twins)

SUITES: list[Any] = [
    found
    for module in MODULES
    for name, found in inspect.getmembers(module, inspect.isclass)
    if name.startswith("Test")
]
ROWS = [suite.row() for suite in SUITES]

SUITE = """
    import pytest

    class SpacesCompliance:
        def test_one(self): pass
        def test_two(self): pytest.skip("there is one size")

    class ResetCompliance:
        @pytest.fixture
        def env(self): pytest.skip("there is no vector")
        def test_three(self): assert 0
        def test_four(self, env): pass

    class TestMine(SpacesCompliance, ResetCompliance):
        @staticmethod
        def row(): return "mine, stepped"

    def test_a_quirk(record_property):
        record_property("row", "mine, stepped")
        record_property("row", "other, streamed")
"""

pytest_plugins = ["pytester"]


def test_a_cell_counts_what_passed_and_says_why_the_rest_did_not_run() -> None:
    table = Table()
    table.put("a", "spaces", "one", "passed")
    table.put("a", "spaces", "two", "skipped", "one size")
    table.put("a", "seed", "three", "skipped", "no claim")
    table.put("a", "seed", "four", "skipped", "one size")
    table.put("a", "step", "five", "failed")
    table.put("a", "step", "six", "passed")
    assert table.markdown().splitlines() == [
        f"| | {' | '.join(COLUMNS)} |",
        "|---|---|---|---|---|---|---|---|---|---|",
        "| a | 1 ok, 1 n/a (1) | - | n/a (2, 1) | **failed**: five | - | - | - | - | - |",
        "",
        "1. one size",
        "2. no claim",
    ]


def test_the_table_is_filled_by_the_class_that_a_check_is_defined_in(
    pytester: pytest.Pytester,
) -> None:
    table = Table()
    path = pytester.makepyfile(SUITE)
    pytester.inline_run(path, "-p", "no:cacheprovider", plugins=[TablePlugin(table)])
    mine = table.rows["mine, stepped"]
    assert (mine["spaces"].passed, mine["spaces"].skipped) == (1, ["there is one size"])
    assert (mine["reset"].failed, mine["reset"].skipped) == (["three"], ["there is no vector"])
    assert mine["quirks"].passed == table.rows["other, streamed"]["quirks"].passed == 1


def test_every_twin_has_a_row() -> None:
    assert {row.partition(",")[0].replace("-", "_") for row in ROWS} >= set(NAMES)


def test_every_subject_has_a_column() -> None:
    bases = inspect.getmro(test_worlds.WorldCompliance)
    found = {base.__name__.removesuffix("Compliance").lower() for base in bases}
    assert found >= set(SUBJECTS)


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_every_row(row: str) -> None:
    assert f"\n| {row} |" in PAGE.read_text()
