from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reactor_env.bench.any_model.trace import ModelTrace
from tests.bench.any_model.traces import trace, trial


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_trace_comes_back_as_it_was_written(tmp_path: Path, count: int) -> None:
    trials = [
        trial(80, acted=bool(n % 2), named_ms=90, ended=n == 2, frames=4 + n) for n in range(count)
    ]
    written = trace(repeats=(3,), trials=trials)
    written.save(tmp_path / "one.npz")
    read = ModelTrace.load(tmp_path / "one.npz")
    assert read.facts == written.facts
    assert np.array_equal(read.frames, written.frames)
    assert np.array_equal(read.reads, written.reads)
    assert len(read.trials) == count
    for one, other in zip(read.trials, trials, strict=True):
        assert (one.acted, one.sent_ns, one.named_ns, one.ended) == (
            other.acted,
            other.sent_ns,
            other.named_ns,
            other.ended,
        )
        assert np.array_equal(one.rest, other.rest)
        assert np.array_equal(one.seen, other.seen)
        assert np.array_equal(one.arrival, other.arrival)


def test_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changes:
        changes.setattr("reactor_env.bench.any_model.trace.TRACE_VERSION", 99)
        trace().save(tmp_path / "one.npz")
    with pytest.raises(ValueError, match="must be a trace of version 1, got 99"):
        ModelTrace.load(tmp_path / "one.npz")
