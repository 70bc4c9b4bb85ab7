"""The world `room`: what comes over the network is what the simulation makes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from reactor_env.env import ReactorEnv
from reactor_env.world_options import RoomOptions
from reactor_env.worlds.room.geometry import IDLE, Controls
from reactor_env.worlds.room.simulation import Room
from tests.integration.conftest import SESSIONS, MakeEnv

Picture = NDArray[np.uint8]

SIGNS = {"idle": 0, "forward": 1, "back": -1, "left": -1, "right": 1}
STILL = (0, 0, 0)


def simulated(actions: Sequence[Controls], seed: int, **options: Any) -> list[Picture]:
    """Return the last picture of the first chunk, and of one for each action."""
    room = Room(RoomOptions(**options))
    room.begin(seed)
    return [room.chunk(controls)[-1].picture for controls in (IDLE, *actions)]


def controls_of(env: ReactorEnv, action: Any) -> Controls:
    """Return an action as the simulation takes it."""
    values = env.action_map.values(action)
    held = {name: SIGNS[value] for part in values for name, value in part.items()}
    return Controls(**held)


def action_of(env: ReactorEnv, name: str) -> Any:
    """Return a preset as an action."""
    named = env.profile.presets[name]
    values = [
        {part.command.removeprefix("set_"): named.get(part.command, "idle")}
        for part in env.action_map.controls
    ]
    return env.action_map.action(tuple(values))


def difference(one: Picture, two: Picture) -> float:
    return float(np.abs(one.astype(np.int16) - two).mean())


SPOILED = {
    "drift": 0.3,
    "fade": 0.01,
    "hallucination": 0.5,
    "noise": 3.0,
    "delay": 2,
    "chunk": 2,
    "auto_restart": 45,
    "dead_control": "strafe",
}


@pytest.mark.parametrize("backend", [pytest.param("aiortc", marks=pytest.mark.slow), "native"])
@pytest.mark.parametrize("options", [{}, SPOILED], ids=["perfect", "spoiled"])
def test_stepped_frames_are_the_simulations_bit_for_bit(
    make_env: MakeEnv, backend: str, options: dict[str, Any]
) -> None:
    env = make_env("room", mode="stepped", backend=backend, world_kwargs=options)
    observation, _ = env.reset(seed=3)
    env.action_space.seed(5)
    actions = [env.action_space.sample() for _ in range(30)]
    expected = simulated([controls_of(env, action) for action in actions], 3, **options)
    assert (observation == expected[0]).all()
    for action, picture in zip(actions, expected[1:], strict=True):
        observation, *_ = env.step(action)
        assert (observation == picture).all()


def test_a_full_turn_and_a_new_reset_show_the_first_picture_again(make_env: MakeEnv) -> None:
    env = make_env("room", mode="stepped", world_kwargs={"turn_frames": 24})
    first, _ = env.reset(seed=2)
    for _ in range(24):
        observation, *_, info = env.step(action_of(env, "turn_right"))
    assert (observation == first).all()
    assert not info["metadata"]
    again, _ = env.reset(seed=2)
    assert (again == first).all()
    other, _ = env.reset(seed=7)
    assert difference(other, first) > 5


@pytest.mark.parametrize("backend", ["aiortc", pytest.param("native", marks=pytest.mark.slow)])
def test_streamed_frames_show_the_true_pose(make_env: MakeEnv, backend: str) -> None:
    env = make_env(
        "room", mode="streamed", backend=backend, fps=30, pacing="next", world_kwargs={"pose": True}
    )
    observation, info = env.reset(seed=3)
    (still,) = simulated([], 3)
    assert difference(observation, still) < 8
    assert info["metadata"]["turn"] == "idle"
    begin = info["metadata"]["heading"]
    angles = set()
    for _ in range(12):
        observation, *_, info = env.step(action_of(env, "turn_right"))
        pose = info["metadata"]
        turns = round((pose["heading"] - begin) / 10) % 36
        expected = simulated([Controls(turn=1)] * turns, 3)[-1]
        assert difference(observation, expected) < 8
        angles.add(pose["heading"])
    assert len(angles) > 5


@pytest.mark.parametrize("backend", [pytest.param("native", marks=pytest.mark.slow), "aiortc"])
def test_a_streamed_action_is_confirmed_by_the_chunk_that_shows_it(
    make_env: MakeEnv, backend: str
) -> None:
    env = make_env("room", mode="streamed", backend=backend, fps=30, pacing="applied")
    (still,) = simulated([], 3)
    for _ in range(3):
        observation, _ = env.reset(seed=3)
        assert difference(observation, still) < 8
        # One more, since the message may overtake the frame.
        env.step(action_of(env, "turn_left"))
        *_, info = env.step(action_of(env, "forward"))
        assert info["applied_by"] == "message"
        observation, *_ = env.step(action_of(env, "turn_left"))
        assert difference(observation, still) > 8


@pytest.mark.slow
@pytest.mark.parametrize("session", SESSIONS)
def test_gymnasium_check_env_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    env = make_env("room", **session, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)
