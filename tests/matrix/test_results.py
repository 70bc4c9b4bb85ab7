from __future__ import annotations

from tests.matrix.results import Count, count_outcomes, draw_table

REPORT = """
<testsuites><testsuite>
  <testcase name="test_a_thing[one]"/>
  <testcase name="test_a_thing[two]"><failure message="no"/></testcase>
  <testcase name="test_another"><skipped message="not installed"/></testcase>
  <testcase name="test_another"><error message="teardown"/></testcase>
</testsuite></testsuites>
"""


def test_outcomes_are_counted_by_test() -> None:
    assert count_outcomes(REPORT) == {
        "a_thing": Count(passed=1, failed=1),
        "another": Count(failed=1, skipped=1),
    }


def test_the_table_has_a_line_per_test_and_a_column_per_row() -> None:
    table = draw_table({"old": {"a_thing": Count(passed=2)}, "new": {"other": Count(failed=1)}})
    assert table.splitlines() == [
        "| test    | old      | new      |",
        "|---------|----------|----------|",
        "| a thing | 2 passed | -        |",
        "| other   | -        | 1 failed |",
    ]
