from __future__ import annotations

import os
import sys
import time

import pytest

from reactor_env.bench import machine
from reactor_env.bench.machine import (
    Cores,
    available_cores,
    bound,
    busy_share,
    cpu_ns,
    share_cores,
    wait_for_quiet,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="binds to cores and reads /proc")


def test_the_peer_has_a_core_of_its_own_and_the_runtime_the_others() -> None:
    shared = share_cores(frozenset({0, 2, 5}))
    assert shared == Cores(frozenset({0, 2}), frozenset({5}))


@pytest.mark.parametrize("cores", [frozenset[int](), frozenset({3})])
def test_nobody_is_bound_where_there_are_too_few_cores(cores: frozenset[int]) -> None:
    shared = share_cores(cores)
    assert not shared.runtime
    assert not shared.peer


@linux
def test_a_binding_ends_with_its_context() -> None:
    before = available_cores()
    one = frozenset({max(before)})
    with bound(one):
        assert available_cores() == one
    assert available_cores() == before


@linux
def test_the_time_of_a_process_grows_with_its_work() -> None:
    before = cpu_ns(os.getpid())
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    after = cpu_ns(os.getpid())
    assert before is not None
    assert after is not None
    assert after - before >= 80_000_000


def test_a_process_that_is_not_there_has_no_time() -> None:
    assert cpu_ns(2**22 + 1) is None


@linux
def test_a_share_is_between_nothing_and_all() -> None:
    busy = busy_share(0.05)
    assert busy is not None
    assert 0 <= busy <= 1


def test_a_busy_machine_is_waited_for_and_then_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([0.9, 0.5, 0.1])
    monkeypatch.setattr(machine, "busy_share", lambda: next(found))
    gate = wait_for_quiet(60.0)
    assert gate.busy == 0.1
    monkeypatch.setattr(machine, "busy_share", lambda: 0.9)
    assert wait_for_quiet(0.0).busy == 0.9
