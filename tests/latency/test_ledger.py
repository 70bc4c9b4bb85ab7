from __future__ import annotations

import pytest

from reactor_env.latency import ActionLedger

MS = 1_000_000


def test_a_latency_is_from_the_action_to_its_first_frame() -> None:
    ledger = ActionLedger()
    ledger.sent(3, 10 * MS)
    ledger.arrived(3, 35 * MS)
    assert ledger.take(3) == 25.0


def test_only_the_first_frame_of_an_action_counts() -> None:
    ledger = ActionLedger()
    ledger.sent(3, 0)
    ledger.arrived(3, 20 * MS)
    ledger.arrived(3, 60 * MS)
    assert ledger.take(3) == 20.0


def test_a_latency_is_given_once() -> None:
    ledger = ActionLedger()
    ledger.sent(3, 0)
    ledger.arrived(3, 20 * MS)
    assert ledger.take(3) is not None
    assert ledger.take(3) is None
    ledger.arrived(3, 60 * MS)
    assert ledger.take(3) is None


def test_an_action_without_a_frame_has_no_latency() -> None:
    ledger = ActionLedger()
    ledger.sent(3, 0)
    ledger.sent(4, 0)
    ledger.arrived(4, 20 * MS)
    assert ledger.take(3) is None


def test_a_frame_without_an_action_is_ignored() -> None:
    ledger = ActionLedger()
    ledger.arrived(-1, 20 * MS)
    assert ledger.take(-1) is None
    assert ledger.take(None) is None


def test_latencies_are_fractions_of_a_millisecond() -> None:
    ledger = ActionLedger()
    ledger.sent(0, 0)
    ledger.arrived(0, 1_234_567)
    assert ledger.take(0) == pytest.approx(1.234567)


def test_nothing_is_left_after_clearing() -> None:
    ledger = ActionLedger()
    ledger.sent(1, 0)
    ledger.arrived(1, MS)
    ledger.sent(2, 0)
    ledger.clear()
    assert ledger.take(1) is None
    ledger.arrived(2, MS)
    assert ledger.take(2) is None


def test_actions_nobody_asks_about_take_no_memory() -> None:
    ledger = ActionLedger()
    for sequence in range(1000):
        ledger.sent(sequence, 0)
    for sequence in range(1000):
        ledger.arrived(sequence, MS)
        ledger.sent(1000 + sequence, 0)
    assert len(ledger._sent) <= 256
    assert len(ledger._shown) <= 256


def test_the_newest_of_many_actions_is_kept() -> None:
    ledger = ActionLedger()
    for sequence in range(1000):
        ledger.sent(sequence, 0)
    ledger.arrived(999, MS)
    ledger.arrived(0, MS)
    assert ledger.take(999) == 1.0
    assert ledger.take(0) is None
