"""What the suite knows as a difference is what the documentation explains."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scenarios.differences import REASONS
from tests.scenarios.suite import SCENARIOS
from tests.scenarios.table import Table

DOCUMENT = Path(__file__).parents[2] / "docs" / "client.md"
FROM_JOINING = {"error-codes", "busy-runtime"}


def test_every_reason_is_used_and_every_use_has_a_reason() -> None:
    used = {
        reason
        for scenario in SCENARIOS
        for difference in scenario.differences.values()
        for reason in difference.reasons
    }
    assert used | FROM_JOINING == set(REASONS)


def test_the_documentation_lists_exactly_these_reasons() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == list(REASONS)


def test_the_table_names_each_reason_it_uses() -> None:
    table = Table()
    table.put("a scenario", "json", "json-size")
    table.put("a scenario", "sdk", "ok")
    lines = table.text().splitlines()
    assert lines[0].split() == ["scenario", "json", "protobuf", "sdk"]
    assert lines[2].split() == ["a", "scenario", "json-size", "-", "ok"]
    assert lines[-1] == f"json-size: {REASONS['json-size']}"
