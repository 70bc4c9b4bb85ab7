from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from reactor_env.cli.log import RolloutLog
from reactor_env.cli.summary import SCHEMA_VERSION, summary_document
from reactor_env.files import replacing, write_json
from tests.cli.logs import stepped_log, streamed_log


def _document(log: RolloutLog, stopped_by: BaseException | None = None) -> dict[str, Any]:
    return summary_document(
        log,
        mode="streamed",
        pacing="next",
        backend="aiortc",
        policy="scripted",
        arguments={"steps": 120},
        stopped_by=stopped_by,
    )


def test_it_says_what_was_measured() -> None:
    log = streamed_log(steps=120, episode=50)
    document = _document(log)
    assert document["schema_version"] == SCHEMA_VERSION
    assert document["steps"] == 120
    assert document["episodes_completed"] == 2
    assert document["episode_returns"] == [50.0, 50.0]
    assert document["mean_episode_return"] == 50.0
    assert document["unfinished_episode_return"] == 20.0
    assert document["steps_per_s"] == pytest.approx(20.0)
    assert document["elapsed_s"] == pytest.approx(6.0)
    assert document["frames_skipped"] == 120
    assert document["frames_repeated"] == 0
    assert document["latency"]["step_ms"]["count"] == 120
    assert document["latency"]["ack_ms"]["count"] == 80
    step = document["latency"]["step_ms"]
    assert 0 < step["p50"] <= step["p95"] <= step["p99"] <= step["max"]


def test_it_says_with_what_and_where() -> None:
    document = _document(streamed_log())
    assert set(document["versions"]) >= {"python", "reactor_env", "gymnasium", "aiortc"}
    assert document["versions"]["gymnasium"]
    assert document["machine"]["cpu_count"] >= 1
    assert document["arguments"] == {"steps": 120}
    told = {key: document[key] for key in ("mode", "pacing", "backend", "policy")}
    assert told == {
        "mode": "streamed",
        "pacing": "next",
        "backend": "aiortc",
        "policy": "scripted",
    }


def test_a_time_the_mode_does_not_have_is_null() -> None:
    document = _document(stepped_log())
    assert document["latency"]["frame_age_ms"] is None
    assert document["latency"]["ack_ms"] is None
    assert document["deadlines_missed"] is None


def test_a_rollout_that_was_cut_short_says_so() -> None:
    assert _document(stepped_log())["complete"] is True
    cut = _document(stepped_log(), KeyboardInterrupt())
    assert (cut["complete"], cut["stopped_by"]) == (False, "KeyboardInterrupt")
    assert _document(stepped_log(), ValueError("no"))["stopped_by"] == "ValueError: no"


def test_a_return_that_is_not_finite_is_null(tmp_path: Path) -> None:
    log = RolloutLog()
    log.begin_episode(0.0)
    log.add(0.1, math.inf, True, {"step_ms": 1.0})
    document = _document(log)
    assert document["episode_returns"] == [None]
    write_json(tmp_path / "a.json", document)


def test_the_file_reads_back_as_the_document(tmp_path: Path) -> None:
    document = _document(streamed_log())
    write_json(tmp_path / "a.json", document)
    assert json.loads((tmp_path / "a.json").read_text()) == document
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": math.nan})

    def fail() -> None:
        with replacing(path) as partial:
            partial.write_text("half")
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
