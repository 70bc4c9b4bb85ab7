from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reactor_env.bench.stages import PARTS, agreement, aligned, waterfall
from reactor_env.bench.trace import STAGES

MS, WRAP = 1_000_000, 64_000_000_000


def lives(parts_ms: list[float], frames: int = 5) -> NDArray[np.int64]:
    """Make frames that each need so long for each part; the fastest packet needs no time."""
    begin = 10**12 + np.arange(frames) * 33 * MS
    spent = np.cumsum([0.0, *parts_ms]) * MS
    found: NDArray[np.int64] = (begin[:, None] + spent[None, :]).astype(np.int64)
    return found


def test_every_stage_ends_a_part() -> None:
    assert len(PARTS) == len(STAGES)


@given(st.lists(st.floats(0, 50), min_size=len(STAGES), max_size=len(STAGES)))
def test_the_parts_add_up_to_the_whole(parts_ms: list[float]) -> None:
    stages = lives(parts_ms)
    found = waterfall(stages)
    assert list(found) == list(PARTS)
    whole = (stages[:, -1] - stages[:, 0]).mean() / MS
    assert sum(found.values()) == pytest.approx(whole, abs=1e-5)


@given(st.integers(-(10**15), 10**12), st.integers(-3, 3))
def test_the_origin_of_the_senders_clock_does_not_matter(offset_ns: int, turns: int) -> None:
    stages = lives([5, 4, 0, 1, 1, 1, 1, 1])
    stages[2:, 3:] += 2 * MS  # two of five packets are fastest
    shifted = stages.copy()
    shifted[:, 1:3] += offset_ns - offset_ns // 10**12 * 10**12 + 1
    shifted[1, 1:3] += turns * WRAP
    found = waterfall(shifted[(shifted[:, 1:3] > 0).all(axis=1)])
    assert found["model and queue"] == pytest.approx(5, abs=1e-3)
    assert found["encode and send"] == pytest.approx(4, abs=1e-3)


def test_the_network_is_what_is_beyond_the_fastest_packet() -> None:
    stages = lives([5, 4, 3, 1, 1, 1, 1, 1])
    stages[0, 3:] += 10 * MS
    found = aligned(stages)
    assert np.diff(found, axis=1)[:, 2].tolist() == [10 * MS, 0, 0, 0, 0]


def test_frames_of_which_the_sender_told_nothing_are_left_out() -> None:
    stages = lives([5, 4, 0, 1, 1, 1, 1, 1])
    stages[0, 1:3] = 0
    assert len(aligned(stages)) == 4
    stages[:, 1:3] = 0
    assert waterfall(stages) == {}


def test_another_number_of_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="`stages` must have 9 columns"):
        waterfall(np.zeros((3, 4), np.int64))


def test_what_is_in_no_part_is_named() -> None:
    assert agreement({"a": 2.0, "b": 3.0}, 5.5) == {
        "sum_ms": 5.0,
        "whole_ms": 5.5,
        "rest_ms": 0.5,
    }
