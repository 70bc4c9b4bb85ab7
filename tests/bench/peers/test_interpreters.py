from __future__ import annotations

import sys

import pytest

from reactor_env.bench.peers import COMPARED, installed, load_peer
from reactor_env.bench.peers.interpreters import INTERPRETERS, interpreter, is_named
from reactor_env.errors import MissingDependencyError

SDK08 = "reactor-sdk-0.8"
VARIABLE = INTERPRETERS[SDK08].variable


def test_a_peer_runs_the_python_that_is_named_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/bin/sh")
    assert interpreter(SDK08) == "/bin/sh"
    assert is_named(SDK08)


def test_other_peers_run_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/bin/sh")
    assert interpreter("aiortc") == sys.executable
    assert interpreter("my.module:MyPeer") == sys.executable


def test_a_peer_whose_python_is_not_named_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert SDK08 not in installed(COMPARED)
    with pytest.raises(MissingDependencyError, match=f"needs {VARIABLE}.*reactor-sdk==0.8.0"):
        load_peer(SDK08)


def test_a_name_of_nothing_is_an_error_and_not_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no/such/python")
    assert SDK08 in installed(COMPARED)
    with pytest.raises(MissingDependencyError, match="got 'no/such/python'"):
        load_peer(SDK08)
