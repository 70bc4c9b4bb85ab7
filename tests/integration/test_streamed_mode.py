"""Streamed sessions: which frame answers which action."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.integration.conftest import MakeEnv


@pytest.mark.timeout(120)
def test_applied_returns_frames_that_name_the_action_for_300_steps_at_30_fps(
    make_env: MakeEnv,
) -> None:
    env = make_env(mode="streamed", pacing="applied", fps=30)
    env.reset(seed=1)
    latencies: list[float] = []
    ended_before = 0
    for number in itertools.count(1):
        _, _, terminated, _, info = env.step(number % 3)
        if info["metadata"]["action_seq"] == number:
            latencies.append(info["action_to_frame_ms"])
        else:
            # On a busy machine the world may end an episode before it gets the action.
            assert terminated
            ended_before += 1
        if terminated:
            env.reset()
        if len(latencies) == 300:
            break
    assert all(latency > 0 for latency in latencies)
    assert ended_before <= 10


def test_applied_over_the_native_backend_names_the_action_or_ends_the_episode(
    make_env: MakeEnv,
) -> None:
    # The SDK's jitter buffer shows frames later than a tick, so the world moves on meanwhile and
    # may end an episode before it gets the action.
    env = make_env(mode="streamed", pacing="applied", fps=30, backend="native")
    env.reset(seed=1)
    for number in range(1, 61):
        _, _, terminated, _, info = env.step(number % 3)
        assert terminated or info["metadata"]["action_seq"] == number
        if terminated:
            env.reset()


@pytest.mark.parametrize("backend", ["aiortc", "native"])
def test_next_never_returns_the_same_frame_twice(make_env: MakeEnv, backend: str) -> None:
    env = make_env(mode="streamed", pacing="next", fps=30, backend=backend)
    env.reset(seed=1)
    seen = set()
    for _ in range(150):
        _, _, terminated, _, info = env.step(1)
        assert not info["frame_repeated"]
        place = (info["metadata"]["episode"], info["metadata"]["step"])
        assert place not in seen
        seen.add(place)
        if terminated:
            _, info = env.reset()


def test_latest_returns_at_once_and_says_when_it_repeats(make_env: MakeEnv) -> None:
    env = make_env(mode="streamed", pacing="latest", fps=2)
    env.reset(seed=1)
    infos = [env.step(1)[4] for _ in range(20)]
    # Twenty steps fit between two frames of a world that makes two a second.
    assert sum(not info["frame_repeated"] for info in infos) <= 2
    assert all(info["action_to_frame_ms"] is None for info in infos if info["frame_repeated"])


def test_skipped_frames_are_counted_and_their_rewards_kept(make_env: MakeEnv) -> None:
    env = make_env("gym:CartPole-v1", mode="streamed", pacing="next", fps=50)
    env.reset(seed=1)
    total, frames = 0.0, 0
    for _ in range(10):
        # A slow learner: frames pass meanwhile. It waits for a later one, not for a time.
        session = env._session
        assert session is not None
        last = env._last.point.step if env._last is not None else 0
        session.frames.wait(lambda f, n=last: f.metadata.get("step", 0) >= n + 3, 2.0)  # type: ignore[misc]
        _, reward, terminated, truncated, info = env.step(info_action(total))
        total += reward
        frames += 1 + info["frames_skipped"]
        assert info["metadata"]["return"] == total
        assert info["metadata"]["step"] == frames
        if terminated or truncated:
            break
    assert frames > 10 or terminated


def info_action(total: float) -> int:
    """Alternate, so that the pole stays up a little."""
    return int(total) % 2


def test_a_reset_returns_the_first_frame_of_the_new_episode_while_streaming(
    make_env: MakeEnv,
) -> None:
    env = make_env(mode="streamed", pacing="next", fps=60)
    for episode in range(1, 31):
        _, info = env.reset(seed=episode)
        assert info["metadata"]["episode"] == episode
        assert info["metadata"]["step"] == 0
        env.step(1)


def test_the_observation_is_the_frame_but_for_the_codec(make_env: MakeEnv) -> None:
    streamed = make_env(mode="streamed", pacing="applied", fps=30)
    stepped = make_env(mode="stepped")
    lossy, _ = streamed.reset(seed=5)
    exact, _ = stepped.reset(seed=5)
    difference = np.abs(lossy.astype(int) - exact.astype(int))
    # VP8 halves the colour resolution and quantizes: right picture, not the same bits.
    assert difference.mean() < 12


def test_info_accounts_for_the_time_of_a_step(make_env: MakeEnv) -> None:
    env = make_env(mode="streamed", pacing="applied", fps=30)
    env.reset(seed=1)
    for _ in range(10):
        *_, info = env.step(1)
    assert info["step_ms"] >= info["wait_ms"] + info["convert_ms"]
    assert 0 < info["frame_age_ms"] < info["step_ms"] + 1000 / 30 + 100
    assert info["ack_ms"] is None or info["ack_ms"] > 0
