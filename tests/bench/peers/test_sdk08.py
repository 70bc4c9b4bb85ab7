from __future__ import annotations

import importlib.metadata

import pytest

from reactor_env.bench.peers.sdk08 import Sdk08
from reactor_env.bench.recorder import Recorder
from reactor_env.errors import MissingDependencyError


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.13.0")
    with pytest.raises(MissingDependencyError, match=r"needs reactor-sdk 0\.8\.x, got 1\.13\.0"):
        Sdk08("http://127.0.0.1:1", Recorder())
