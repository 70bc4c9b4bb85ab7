from __future__ import annotations

import io

from rich.console import Console, RenderableType

from reactor_env.cli.log import RolloutLog
from reactor_env.cli.tables import comparison_table, number, rollout_tables
from tests.cli.logs import stepped_log, streamed_log


def _text(renderable: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=100).print(renderable)
    return out.getvalue()


def _row(text: str, label: str) -> list[str]:
    return next(line for line in text.splitlines() if label in line).replace(label, "").split()


def test_one_rollout_is_told_in_counts_and_percentiles() -> None:
    log = streamed_log(steps=120, episode=50)
    text = _text(rollout_tables("the title", log))
    assert text.startswith("the title")
    assert _row(text, "steps  ") == ["120"]
    assert _row(text, "mean return") == ["50.00"]
    assert _row(text, "steps per second") == ["20.0"]
    assert _row(text, "frames skipped") == ["120"]
    assert _row(text, "deadlines missed") == ["-"]
    found = log.summary("step_ms")
    assert found is not None
    expected = ["120", *(f"{v:.1f}" for v in (found.p50, found.p95, found.p99, found.max))]
    assert _row(text, "step time") == expected


def test_a_time_the_mode_does_not_have_is_a_dash() -> None:
    text = _text(rollout_tables("", stepped_log()))
    assert _row(text, "frame age") == ["-"] * 5
    assert _row(text, "action to ack") == ["-"] * 5


def test_an_unfinished_first_episode_has_no_mean_return() -> None:
    text = _text(rollout_tables("", stepped_log(steps=60)))
    assert "0 (the first is unfinished)" in text
    assert "- (60 so far)" in text


def test_lost_sessions_are_told_only_where_there_are_any() -> None:
    log = stepped_log()
    assert "sessions lost" not in _text(rollout_tables("", log))
    log.sessions_lost.append("gone")
    assert _row(_text(rollout_tables("", log)), "sessions lost") == ["1"]
    both = _text(comparison_table("", {"a": log, "b": stepped_log()}))
    assert _row(both, "sessions lost") == ["1", "-"]


def test_rollouts_stand_side_by_side() -> None:
    logs: dict[str, RolloutLog] = {"stepped": stepped_log(), "streamed": streamed_log()}
    text = _text(comparison_table("both", logs))
    assert "stepped" in text
    assert "streamed" in text
    assert _row(text, "steps  ") == ["60", "120"]
    age = _row(text, "frame age")
    assert age[0] == "-"
    assert age[1:].count("/") == 2


def test_numbers_are_rounded_and_missing_ones_are_dashes() -> None:
    assert number(1.25, 2) == "1.25"
    assert number(0.0) == "0.0"
    assert number(None) == "-"
