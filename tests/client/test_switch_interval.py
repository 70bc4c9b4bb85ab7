from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from reactor_env.client.switch_interval import INTERVAL_S, ShortSwitches

PYTHONS_OWN_S = 0.005


@pytest.fixture(autouse=True)
def _interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(PYTHONS_OWN_S)
    yield
    sys.setswitchinterval(before)


def test_the_interval_is_short_while_one_is_inside_and_then_as_before() -> None:
    with ShortSwitches():
        assert sys.getswitchinterval() == INTERVAL_S
    assert sys.getswitchinterval() == PYTHONS_OWN_S


def test_the_last_to_leave_sets_it_back() -> None:
    switches = ShortSwitches()
    with switches:
        with switches:
            pass
        assert sys.getswitchinterval() == INTERVAL_S
    assert sys.getswitchinterval() == PYTHONS_OWN_S


def test_a_shorter_interval_is_left_alone() -> None:
    sys.setswitchinterval(0.00025)
    with ShortSwitches():
        assert sys.getswitchinterval() == pytest.approx(0.00025, abs=2e-6)
    assert sys.getswitchinterval() == pytest.approx(0.00025, abs=2e-6)


def test_an_interval_that_was_set_meanwhile_is_left_alone() -> None:
    with ShortSwitches():
        sys.setswitchinterval(0.002)
    assert sys.getswitchinterval() == 0.002
