from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.rewards import NOWHERE, EpisodePoint, episode_point, reward_between

FULL = {
    "episode": 3,
    "step": 7,
    "action_seq": 5,
    "reward": 0.5,
    "return": -2.5,
    "terminated": False,
    "truncated": True,
}


def frame(metadata: Any) -> VideoFrame:
    trailer = FrameTrailer(1, 1, json.dumps(metadata).encode())
    return VideoFrame(np.zeros((1, 1, 3), np.uint8), trailer, 0, 1)


def test_a_frame_tells_where_it_stands() -> None:
    assert episode_point(frame(FULL)) == EpisodePoint(3, 7, 5, 0.5, -2.5, False, True)


def test_numbers_that_come_as_doubles_are_whole_again() -> None:
    point = episode_point(frame({**FULL, "episode": 3.0, "step": 7.0, "action_seq": 5.0}))
    assert [type(n) for n in (point.episode, point.step, point.action_seq)] == [int, int, int]


@pytest.mark.parametrize("missing", ["episode", "step"])
def test_metadata_of_another_kind_is_nowhere(missing: str) -> None:
    metadata = {key: value for key, value in FULL.items() if key != missing}
    assert episode_point(frame(metadata)) is NOWHERE


def test_a_frame_without_metadata_is_nowhere() -> None:
    bare = VideoFrame(np.zeros((1, 1, 3), np.uint8), None, 0, 1)
    assert episode_point(bare) is NOWHERE
    assert not NOWHERE.over


def test_a_model_without_sequence_numbers_has_none() -> None:
    assert episode_point(frame({"episode": 1, "step": 0})) == EpisodePoint(1, 0, None)


@pytest.mark.parametrize(
    ("terminated", "truncated", "over"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_an_episode_is_over_when_it_ended_either_way(
    terminated: bool, truncated: bool, over: bool
) -> None:
    assert EpisodePoint(terminated=terminated, truncated=truncated).over is over


def test_a_step_that_follows_gives_its_own_reward_exactly() -> None:
    # The difference of the totals would be 0.09999999999999964.
    last = EpisodePoint(1, 4, total=3.2)
    new = EpisodePoint(1, 5, reward=0.1, total=3.3)
    assert reward_between(last, new) == 0.1


def test_a_repeated_frame_gives_no_reward() -> None:
    point = EpisodePoint(1, 5, reward=1.0, total=4.0)
    assert reward_between(point, point) == 0.0


def test_skipped_frames_are_included() -> None:
    last = EpisodePoint(1, 2, reward=1.0, total=2.0)
    new = EpisodePoint(1, 5, reward=1.0, total=5.0)
    assert reward_between(last, new) == 3.0


@given(
    rewards=st.lists(st.integers(-8, 8), min_size=1, max_size=20),
    seen=st.sets(st.integers(1, 20)),
)
def test_rewards_add_up_whichever_frames_were_seen(rewards: list[int], seen: set[int]) -> None:
    points = [EpisodePoint(1, 0)]
    for reward in rewards:
        total = points[-1].total + reward
        points.append(EpisodePoint(1, len(points), reward=float(reward), total=total))
    returned = [0, *sorted(seen & set(range(1, len(rewards)))), len(rewards)]
    pairs = itertools.pairwise(returned)
    assert sum(reward_between(points[a], points[b]) for a, b in pairs) == sum(rewards)
