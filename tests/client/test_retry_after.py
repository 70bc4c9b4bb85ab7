from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.retry_after import retry_after_s, seconds_of


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("7", 7.0), ("0", 0.0), ("soon", None), ("-5", None)],
)
def test_seconds_are_read(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds


def test_a_date_is_read_as_the_time_until_then() -> None:
    later = datetime.now(UTC) + timedelta(seconds=30)
    assert retry_after_s(format_datetime(later, usegmt=True)) == pytest.approx(30.0, abs=2.0)


def test_a_date_that_has_passed_asks_for_no_wait() -> None:
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none()))
def test_no_value_gives_anything_but_a_finite_number_of_at_least_0(value: Any) -> None:
    seconds = seconds_of(value)
    assert seconds is None or 0 <= seconds < float("inf")


@given(st.text())
def test_no_header_raises(header: str) -> None:
    retry_after_s(header)
