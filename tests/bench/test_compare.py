from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.compare import compare, judge
from reactor_env.bench.report import document
from reactor_env.bench.statistics import Estimate
from tests.bench.streams import results


def report(*latencies_ms: float, peer: str = "reactor-env") -> dict[str, Any]:
    return document({}, [results(*({peer: one} for one in latencies_ms))], {}, {})


def verdicts(old: dict[str, Any], new: dict[str, Any]) -> dict[str, str]:
    return {one.measure: one.verdict for one in compare(old, new)}


def test_a_report_is_the_same_as_itself() -> None:
    found = verdicts(report(10, 11, 12), report(10, 11, 12))
    assert set(found.values()) == {"same"}
    assert "emission_p50_ms" in found


def test_a_slower_client_is_worse_and_a_faster_one_better() -> None:
    assert verdicts(report(10, 11, 12), report(20, 21, 22))["emission_p50_ms"] == "worse"
    assert verdicts(report(20, 21, 22), report(10, 11, 12))["emission_p50_ms"] == "better"


def test_what_may_be_chance_is_unclear() -> None:
    found = verdicts(report(5, 10, 40), report(8, 14, 30))
    assert found["emission_p50_ms"] == "unclear"


def test_what_is_neither_good_nor_bad_is_not_judged() -> None:
    assert "emitted_fps" not in verdicts(report(10), report(10))


def test_only_what_both_have_is_compared() -> None:
    assert compare(report(10), report(10, peer="aiortc")) == []
    assert compare({"scenarios": []}, report(10)) == []


def test_a_threshold_must_be_positive() -> None:
    with pytest.raises(ValueError, match="`threshold` must be positive, got 0"):
        compare(report(10), report(10), 0)


@given(st.floats(0.5, 2), st.floats(0, 0.5), st.booleans())
def test_better_for_one_is_worse_for_the_other(ratio: float, width: float, lower: bool) -> None:
    found = Estimate(ratio, ratio - width, ratio + width, 5)
    mirrored = {"better": "worse", "worse": "better"}
    one, other = judge(found, lower, 0.1), judge(found, not lower, 0.1)
    assert other == mirrored.get(one, one)
