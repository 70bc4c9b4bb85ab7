from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from reactor_env.bench import trace as trace_module
from reactor_env.bench.trace import STAGES, Trace
from tests.bench.streams import stream


def test_a_trace_comes_back_as_it_was(tmp_path: Path) -> None:
    saved = stream()
    saved.stages = np.arange(2 * (1 + len(STAGES)), dtype=np.int64).reshape(2, -1)
    saved.save(tmp_path / "deep" / "one.npz")
    loaded = Trace.load(tmp_path / "deep" / "one.npz")
    for field in fields(Trace):
        before, after = getattr(saved, field.name), getattr(loaded, field.name)
        assert np.array_equal(before, after), field.name


def test_an_empty_trace_comes_back(tmp_path: Path) -> None:
    Trace(peer="nobody").save(tmp_path / "one.npz")
    loaded = Trace.load(tmp_path / "one.npz")
    assert loaded.peer == "nobody"
    assert loaded.arrival.size == loaded.stages.size == 0


def test_a_trace_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_module, "TRACE_VERSION", 99)
    stream().save(tmp_path / "one.npz")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="version 1, got 99"):
        Trace.load(tmp_path / "one.npz")
