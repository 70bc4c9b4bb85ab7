from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.clock import Clock
from reactor_env.pacing import NEXT, PACINGS, applied, applied_since, as_pacing

EPISODE = {"episode": 1, "step": 1}


def frame(arrival_ns: int = 0, **metadata: Any) -> VideoFrame:
    trailer = FrameTrailer(1, 0, json.dumps(metadata).encode()) if metadata else None
    return VideoFrame(np.zeros((2, 2, 3), np.uint8), trailer, arrival_ns, 1)


def test_next_takes_the_newest_frame_of_any_kind() -> None:
    assert NEXT.newest
    assert NEXT.accept(frame(**EPISODE, action_seq=2))
    assert NEXT.accept(frame())


@pytest.mark.parametrize(
    ("metadata", "accepted"),
    [
        pytest.param({**EPISODE, "action_seq": 4}, False, id="before the action"),
        pytest.param({**EPISODE, "action_seq": 5}, True, id="the action"),
        pytest.param({**EPISODE, "action_seq": 6}, True, id="a later action"),
        pytest.param({**EPISODE, "action_seq": -1}, False, id="before any action"),
        pytest.param({**EPISODE, "action_seq": 4, "terminated": True}, True, id="the end"),
        pytest.param({**EPISODE, "action_seq": 4, "truncated": True}, True, id="cut off"),
        pytest.param({}, False, id="no metadata"),
    ],
)
def test_applied_accepts_what_was_made_after_the_action(
    metadata: dict[str, Any], accepted: bool
) -> None:
    assert applied(5).accept(frame(**metadata)) is accepted


def test_applied_takes_the_first_such_frame() -> None:
    assert not applied(0).newest
    assert not applied_since(lambda: 0, 0).newest


def test_a_delay_counts_from_the_time_that_is_told_and_not_before_it_is() -> None:
    told: list[int] = []
    choice = applied_since(lambda: told[-1] if told else None, 10)
    assert not choice.accept(frame(arrival_ns=100))
    told.append(50)
    assert not choice.accept(frame(arrival_ns=59))
    assert choice.accept(frame(arrival_ns=60))


@pytest.mark.parametrize("pacing", [*PACINGS, Clock(16)])
def test_a_pacing_is_a_name_or_a_clock(pacing: Any) -> None:
    assert as_pacing(pacing) is pacing


def test_the_fields_of_a_clock_are_one() -> None:
    assert as_pacing({"hz": 16}) == Clock(16)


@pytest.mark.parametrize("unknown", ["soon", 16, None])
def test_an_unknown_pacing_is_named_with_those_that_exist(unknown: Any) -> None:
    message = f"must be one of next, applied, latest or a Clock, got {unknown!r}"
    with pytest.raises(ValueError, match=message):
        as_pacing(unknown)
