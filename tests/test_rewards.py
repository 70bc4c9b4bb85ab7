from __future__ import annotations

import copy
import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.rewards import (
    NOWHERE,
    EpisodePoint,
    FrameReward,
    FunctionReward,
    MessageReward,
    Moment,
    Reward,
    as_reward,
    episode_point,
    reward_between,
)

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


# -- reward objects -----------------------------------------------------------------------------


def moment(
    *messages: dict[str, Any], world: float = 0.0, repeated: bool = False, **metadata: Any
) -> Moment:
    info = {"metadata": metadata, "messages": list(messages)}
    return Moment("observation", "action", info, world, repeated)


def message(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def begun(reward: Reward, *messages: dict[str, Any], **metadata: Any) -> Reward:
    reward.reset("observation", {"metadata": metadata, "messages": list(messages)})
    return reward


def test_the_world_s_own_reward_is_the_default() -> None:
    assert isinstance(as_reward(None), FrameReward)
    assert as_reward(None)(moment(world=0.5)) == 0.5


def test_a_number_of_the_metadata_is_a_reward() -> None:
    reward = FrameReward("speed")
    assert reward(moment(speed=3)) == 3.0
    assert reward(moment(speed=3, repeated=True)) == 0.0
    assert reward(moment()) == 0.0
    assert reward(moment(speed="fast")) == 0.0


def test_a_number_that_adds_up_is_rewarded_by_its_change() -> None:
    reward = begun(FrameReward("score", change=True), score=10)
    assert [reward(moment(score=n)) for n in (12, 12, 9)] == [2.0, 0.0, -3.0]
    begun(reward)
    assert [reward(moment(score=n)) for n in (50, 51)] == [0.0, 1.0]


def test_messages_of_a_step_are_summed() -> None:
    reward = MessageReward("hit", "points")
    assert reward(moment()) == 0.0
    hits = message("hit", points=2.0), message("miss", points=9.0), message("hit", points=3.0)
    assert reward(moment(*hits)) == 5.0
    assert MessageReward("hit")(moment(*hits)) == 2.0
    assert reward(moment({"type": "hit"})) == 0.0


def test_a_total_in_messages_is_rewarded_by_its_change() -> None:
    reward = begun(MessageReward("score", "total", change=True))
    first, second = message("score", total=4.0), message("score", total=7.0)
    assert reward(moment(first)) == 0.0
    assert reward(moment()) == 0.0
    assert reward(moment(second)) == 3.0
    begun(reward, message("score", total=1.0))
    assert reward(moment(first, second)) == 6.0


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="`change` needs a `field`"):
        FrameReward(change=True)
    with pytest.raises(ValueError, match="`change` needs a `field`"):
        MessageReward("score", change=True)


def test_a_function_sees_observation_action_and_info() -> None:
    seen: list[Any] = []

    def function(*given: Any) -> int:
        seen.append(given)
        return 4

    assert as_reward(function)(moment(speed=1)) == 4.0
    observation, action, info = seen[0]
    assert (observation, action, info["metadata"]) == ("observation", "action", {"speed": 1})


def test_rewards_add_up_and_scale() -> None:
    total = begun(
        FrameReward() + 2 * MessageReward("hit") + FunctionReward(lambda *_: 0.5) * 3,
        score=1,
    )
    assert total(moment(message("hit"), world=1.0)) == 1.0 + 2.0 + 1.5


def test_a_reward_can_be_a_cost() -> None:
    total = FrameReward() - 2 * MessageReward("hit")
    assert total(moment(message("hit"), world=1.0)) == -1.0
    assert (-FrameReward())(moment(world=1.0)) == -1.0
    with pytest.raises(TypeError):
        FrameReward() - 3  # type: ignore[operator]


def test_parts_of_a_sum_are_reset() -> None:
    total = begun(FrameReward("score", change=True) + FrameReward(), score=10)
    assert total(moment(score=11)) == 1.0


SHARED = FrameReward("score", change=True)


class Two(Reward):
    def __call__(self, moment: Moment) -> float:
        return 2.0


def three(*_: Any) -> float:
    return 3.0


def test_a_reward_can_be_given_by_its_name() -> None:
    assert as_reward(f"{__name__}:Two")(moment()) == 2.0
    assert as_reward(f"{__name__}:three")(moment()) == 3.0
    one, other = begun(as_reward(f"{__name__}:SHARED"), score=10), as_reward(f"{__name__}:SHARED")
    begun(other, score=100)
    assert one(moment(score=11)) == 1.0, "another environment began at 100"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("near_goal", "`reward` must be \"package.module:name\" where it is text, got 'near_goal'"),
        ("no_such_module:near_goal", "cannot be found: No module named 'no_such_module'"),
        (f"{__name__}:near_goal", "cannot be found: .*has no attribute 'near_goal'"),
    ],
)
def test_a_name_of_nothing_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_reward(name)


def test_copies_do_not_share_what_they_remember() -> None:
    reward = FrameReward("score", change=True) + MessageReward("total", "n", change=True)
    copied = copy.deepcopy(reward)
    begun(reward, score=10)
    begun(copied, score=100)
    assert reward(moment(score=11)) == 1.0


def test_what_is_no_reward_is_refused() -> None:
    with pytest.raises(TypeError, match="`reward` must be a Reward or a function, got 3"):
        as_reward(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`function` must be callable"):
        FunctionReward(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        FrameReward() + 3  # type: ignore[operator]
