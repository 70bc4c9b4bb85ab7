"""Streamed worlds that take one step for every action, and none without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.client.video import VideoFrame
from tests.integration.conftest import MakeEnv

WORLD = "gym:CartPole-v1"
KWARGS = {"frame_per_action": True}
WAIT_S = 10.0


def step_of(frame: VideoFrame) -> int:
    return int(frame.metadata.get("step", -1))


def repeats(last: int) -> Callable[[VideoFrame], bool]:
    """Accept a frame that was sent a few times after the one of that number."""
    return lambda frame: frame.sequence > last + 5


@pytest.mark.parametrize("backend", ["aiortc", "native"])
@pytest.mark.parametrize("pacing", ["next", "applied"])
def test_as_many_steps_are_played_as_actions_are_sent_however_long_the_agent_thinks(
    make_env: MakeEnv, backend: str, pacing: str
) -> None:
    direct = gym.make("CartPole-v1")
    env = make_env(WORLD, mode="streamed", pacing=pacing, backend=backend, world_kwargs=KWARGS)
    random = np.random.default_rng(2)
    direct.reset(seed=5)
    env.reset(seed=5)
    episode_steps = ended = thought = 0
    for number in range(1, 121):
        if number % 8 == 0:
            # The agent thinks until the world would have gone on for some frames.
            session, frame = env._session, env.frame
            assert session is not None
            assert frame is not None
            held = session.frames.wait(repeats(frame.sequence), WAIT_S)
            assert held is not None
            assert held.metadata == frame.metadata
            thought += 1
        action = int(random.integers(2))
        _, reward, terminated, truncated, info = env.step(action)
        episode_steps += 1
        assert info["metadata"]["step"] == episode_steps
        assert info["metadata"]["action_seq"] == number
        assert info["frames_skipped"] == 0
        expected = direct.step(action)
        assert (reward, terminated, truncated) == (float(expected[1]), *expected[2:4])
        if terminated or truncated:
            direct.reset()
            env.reset()
            episode_steps, ended = 0, ended + 1
    assert ended >= 3
    assert thought == 15


def test_actions_that_are_sent_at_once_are_taken_one_after_the_other(make_env: MakeEnv) -> None:
    env = make_env(WORLD, mode="streamed", pacing="next", world_kwargs=KWARGS)
    env.reset(seed=1)
    session = env._session
    assert session is not None
    for number in range(1, 8):
        session.post("act", {"action": number % 2, "action_seq": number})
    last = session.frames.wait(lambda frame: step_of(frame) >= 7, WAIT_S)
    assert last is not None
    assert (last.metadata["step"], last.metadata["action_seq"]) == (7, 7)
    later = session.frames.wait(repeats(last.sequence), WAIT_S)
    assert later is not None
    assert later.metadata == last.metadata


def test_actions_that_an_episode_did_not_take_are_not_the_next_ones(make_env: MakeEnv) -> None:
    env = make_env(WORLD, mode="streamed", pacing="next", world_kwargs=KWARGS)
    env.reset(seed=1)
    session = env._session
    assert session is not None
    for number in range(1, 41):  # to one side the pole falls within a dozen steps
        session.post("act", {"action": 1, "action_seq": number})
    fallen = session.frames.wait(lambda frame: bool(frame.metadata.get("terminated")), WAIT_S)
    assert fallen is not None
    assert step_of(fallen) < 15
    _, info = env.reset(seed=1)
    assert (info["metadata"]["step"], info["metadata"]["episode"]) == (0, 2)
    assert env.frame is not None
    still = session.frames.wait(repeats(env.frame.sequence), WAIT_S)
    assert still is not None
    assert still.metadata == info["metadata"]


def test_a_stepped_session_plays_as_without_the_option(make_env: MakeEnv) -> None:
    frames: list[list[Any]] = []
    for kwargs in (KWARGS, {}):
        env = make_env(WORLD, mode="stepped", world_kwargs=kwargs, observation={"size": (40, 60)})
        first, _ = env.reset(seed=3)
        frames.append([first, *(env.step(number % 2)[0] for number in range(12))])
    assert all(np.array_equal(one, other) for one, other in zip(*frames, strict=True))


@pytest.mark.parametrize("world", ["catch", "dream-cartpole"])
def test_other_worlds_wait_for_each_action_too_and_play_as_stepped_ones(
    make_env: MakeEnv, world: str
) -> None:
    stepped = make_env(world, mode="stepped")
    env = make_env(world, mode="streamed", pacing="next", world_kwargs=KWARGS)
    stepped.reset(seed=4)
    env.reset(seed=4)
    for number in range(1, 11):
        _, reward, terminated, truncated, info = env.step(number % 2)
        _, *expected, _ = stepped.step(number % 2)
        assert [reward, terminated, truncated] == expected
        assert (info["metadata"]["step"], info["frames_skipped"]) == (number, 0)
