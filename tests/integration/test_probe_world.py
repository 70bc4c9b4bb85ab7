"""The world `probe`: what its frames say, and that both ways of saying it agree."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from reactor_env.env import ReactorEnv
from reactor_env.latency.stamp import Stamp, read_stamp
from reactor_env.session import Session
from tests.integration.conftest import SESSIONS, MakeEnv

Info = dict[str, Any]


def stamp_of(info: Info) -> Stamp:
    told = info["metadata"]
    return Stamp.of(told["n"], told["clock_us"], told["action_seq"])


def session_of(env: ReactorEnv) -> Session:
    assert env._session is not None
    return env._session


def applied(session: dict[str, Any]) -> dict[str, Any]:
    return session | ({"pacing": "applied"} if session["mode"] == "streamed" else {})


def play(env: ReactorEnv, steps: int) -> list[Info]:
    """Check every frame's pixels against its metadata, and return the infos."""
    observation, info = env.reset(seed=1)
    infos = [info]
    for action in range(steps):
        assert read_stamp(observation) == stamp_of(info)
        observation, _, terminated, truncated, info = env.step(action % 256)
        assert not terminated
        assert not truncated
        infos.append(info)
    assert read_stamp(observation) == stamp_of(info)
    return infos


@pytest.mark.parametrize("session", SESSIONS)
def test_the_pixels_say_what_the_metadata_says_and_name_the_action(
    make_env: MakeEnv, session: dict[str, Any]
) -> None:
    options = {"width": 64, "height": 64, "content": "noise"}
    env = make_env("probe", **applied(session), world_kwargs=options)
    infos = play(env, 40)
    told = [info["metadata"] for info in infos]
    if session["mode"] == "stepped":
        numbers = np.array([one["n"] for one in told])
        assert (np.diff(numbers) == 1).all()
        assert [one["action_seq"] for one in told] == [-1, *range(1, 41)]
    for sequence, one in enumerate(told[1:], 1):
        assert one["action_seq"] == sequence
        assert one["action"] == sequence - 1
    clocks = np.array([one["clock_us"] for one in told])
    assert (np.diff(clocks) > 0).all()
    assert abs(clocks[-1] - time.monotonic_ns() / 1000) < 5e6


@pytest.mark.slow
@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("content", ["flat", "natural", "noise"])
@pytest.mark.parametrize("size", [(640, 480), (1280, 720)])
def test_the_pixels_say_so_at_every_size_and_content(
    make_env: MakeEnv, session: dict[str, Any], content: str, size: tuple[int, int]
) -> None:
    options = {"width": size[0], "height": size[1], "content": content}
    play(make_env("probe", **session, step_timeout=20.0, world_kwargs=options), 20)


def test_frames_go_on_when_nobody_acts_and_a_reset_does_not_stop_them(make_env: MakeEnv) -> None:
    options = {"width": 64, "height": 64}
    env = make_env("probe", mode="streamed", pacing="next", fps=60, world_kwargs=options)
    _, info = env.reset(seed=1)
    frames = session_of(env).frames
    first = info["metadata"]["n"]
    found = frames.wait(lambda frame: frame.metadata.get("n", 0) >= first + 30, 10.0)
    assert found is not None
    assert (found.metadata["episode"], found.metadata["step"]) == (1, 0)
    _, info = env.reset(seed=1)
    assert (info["metadata"]["episode"], info["metadata"]["step"]) == (2, 0)
    assert info["metadata"]["n"] > found.metadata["n"]


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_without_metadata_the_pixels_alone_tell(make_env: MakeEnv, mode: str) -> None:
    options = {"width": 64, "height": 64, "metadata": False}
    env = make_env("probe", mode=mode, world_kwargs=options)
    env.reset(seed=1)
    numbers = []
    for _ in range(5):
        observation, *_, info = env.step(7)
        stamp = read_stamp(observation)
        assert stamp is not None
        numbers.append(stamp.number)
    assert not info["metadata"]
    assert (np.diff(numbers) >= 1).all()
    assert mode == "streamed" or (np.diff(numbers) == 1).all()


@pytest.mark.parametrize("backend", ["aiortc", pytest.param("native", marks=pytest.mark.slow)])
def test_an_echo_is_answered_at_once_with_the_time_on_the_frames_clock(
    make_env: MakeEnv, backend: str
) -> None:
    # Two frames a second: an answer that waited for one would take a quarter of a second.
    options = {"width": 64, "height": 64}
    env = make_env("probe", mode="streamed", backend=backend, fps=2, world_kwargs=options)
    env.reset(seed=1)
    trips = []
    for number in range(30):
        sent = time.monotonic_ns() / 1000
        reply = session_of(env).call("echo", {"payload": f"ping {number}"}, 10.0)
        got = time.monotonic_ns() / 1000
        assert reply is not None
        told = reply["data"]
        assert told["payload"] == f"ping {number}"
        # Both ends are on one machine here, so that the clocks can be compared directly.
        assert sent <= told["received_us"] + 1
        assert told["received_us"] <= told["sent_us"] <= got
        trips.append((got - sent) / 1000)
    print(f"\necho over {backend}: p50 {np.median(trips):.2f} ms, max {max(trips):.2f} ms")
    assert np.median(trips) < 100


@pytest.mark.parametrize("mode", ["stepped", pytest.param("streamed", marks=pytest.mark.slow)])
def test_gymnasium_check_env_passes(make_env: MakeEnv, mode: str) -> None:
    options = {"width": 64, "height": 64}
    env = make_env("probe", mode=mode, render_mode="rgb_array", world_kwargs=options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
