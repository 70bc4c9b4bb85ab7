from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from reactor_env.bench.peers import COMPARED, PEERS, TRACED, installed, load_peer
from reactor_env.bench.peers.base import Peer, shrink
from reactor_env.bench.peers.interpreters import INTERPRETERS
from reactor_env.bench.peers.steps import Steps
from reactor_env.bench.peers.traced import SenderClock
from reactor_env.bench.recorder import Recorder
from reactor_env.errors import MissingDependencyError

S, MS = 10**9, 10**6


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_is_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for needed in INTERPRETERS.values():
        monkeypatch.setenv(needed.variable, sys.executable)
    monkeypatch.setattr("reactor_env.bench.peers.find_chromium", lambda: "chromium")
    assert issubclass(load_peer(name), Peer)


def test_the_traced_one_is_never_compared() -> None:
    assert set(COMPARED) == set(PEERS) - {TRACED}


@pytest.mark.parametrize("name", ["webrtcbin", "reactor_env.bench.peers.base:shrink"])
def test_what_is_no_peer_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a peer must be"):
        load_peer(name)


def test_somebody_elses_peer_is_named_by_its_module() -> None:
    assert load_peer("reactor_env.bench.peers.ours:Json") is load_peer("reactor-env-json")


def test_a_peer_whose_package_is_missing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for needed in INTERPRETERS.values():
        monkeypatch.delenv(needed.variable, raising=False)
    monkeypatch.setattr("reactor_env.bench.peers.find_chromium", lambda: None)
    assert installed(COMPARED) == (
        "reactor-env",
        "reactor-env-json",
        "reactor-env-steps",
        "aiortc",
    )
    with pytest.raises(MissingDependencyError, match="reactor-sdk needs reactor-sdk"):
        load_peer("reactor-sdk")


def test_a_small_observation_is_the_mean_of_its_pixels() -> None:
    picture = np.zeros((168, 168, 3), np.uint8)
    picture[::2] = 100
    small = shrink(picture)
    assert small.shape == (84, 84, 3)
    assert (small == 50).all()
    # reactor-sdk hands out such a view.
    assert (shrink(np.ascontiguousarray(picture[..., ::-1])[..., ::-1]) == 50).all()


def test_the_senders_clock_tells_how_long_a_frame_was_encoded() -> None:
    clock = SenderClock()
    assert clock.moments(1, 1, 1) == (0, 0)
    reported_s = 4_004_000_123
    clock.report(reported_s << 32, 2**32 - 9000)
    # The frame came 0.2 s after the report, when the RTP timestamp had begun anew, and its
    # packet left 7 ms later.
    sent_s = (reported_s + 0.207) % 64
    queued, sent = clock.moments(int(sent_s * 2**18), 9000, 1000 * S)
    assert sent - queued == pytest.approx(7 * MS, abs=0.01 * MS)
    assert abs(sent - 1000 * S) <= 32 * S
    assert clock.moments(None, 9000, 1000 * S) == (0, 0)


def test_the_steps_of_an_environment_are_known_by_their_commands() -> None:
    peer = Steps("http://127.0.0.1:1", Recorder())
    peer._begun = [(1, -1), (4, 0), (6, 1)]
    shown = np.array([-1, 0, 1, 3, 4, 5, 6, 9])
    assert peer.actions(shown).tolist() == [-1, -1, -1, -1, 0, 0, 1, 1]
    assert peer.actions(np.zeros(0, np.int64)).size == 0
