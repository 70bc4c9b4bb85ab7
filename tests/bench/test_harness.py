from __future__ import annotations

from typing import Any

import pytest

from reactor_env.bench.harness import Plan, orders


def test_every_peer_is_first_in_turn() -> None:
    assert list(orders("abc", 4)) == [
        ("a", "b", "c"),
        ("b", "c", "a"),
        ("c", "a", "b"),
        ("a", "b", "c"),
    ]


def test_a_plan_knows_its_turns() -> None:
    assert Plan(peers=("a", "b"), rounds=3).turns == 7
    assert Plan(peers=("a", "b"), rounds=3, traced=False).turns == 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"rounds": 0}, "`rounds` must be at least 1"),
        ({"seconds": 0.5}, "`seconds` must be 1 to 3600"),
        ({"peers": ()}, "`peers` must be different names"),
        ({"peers": ("a", "a")}, "`peers` must be different names"),
    ],
)
def test_a_wrong_plan_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(**{"peers": ("a",), **values})
