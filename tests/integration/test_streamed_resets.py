"""Resets while the stream runs on give the first frame of the new episode, never one of the last.

The frame's metadata says which episode it is of, and its picture where the ball of ``catch`` is:
both are compared, the picture with the same game played directly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.env import ReactorEnv
from reactor_env.vector import ReactorVectorEnv
from reactor_env.worlds.catch import CELL, CatchEnv
from reactor_env.worlds.episodic import METADATA_FIELDS
from tests.integration.conftest import MakeEnv

FPS = 60
"""Fast, so that many frames of the last episode are under way."""

STEPS = 4


def in_mid_episode(env: ReactorEnv) -> None:
    for number in range(STEPS):
        env.step(number % 3)


def after_the_end(env: ReactorEnv) -> None:
    over = False
    while not over:
        _, _, terminated, truncated, _ = env.step(1)
        over = terminated or truncated


def right_after_the_last_reset(env: ReactorEnv) -> None:
    """Do nothing in between."""


def with_actions_on_their_way(env: ReactorEnv) -> None:
    """Send actions that nobody waits for."""
    session = env._session
    assert session is not None
    env.step(0)
    for number in range(20):
        session.post("act", {"action": number % 3, "action_seq": 10_000 + number})


WAYS: tuple[Callable[[ReactorEnv], None], ...] = (
    in_mid_episode,
    after_the_end,
    right_after_the_last_reset,
    with_actions_on_their_way,
)
"""What happens before a reset."""


def check_first_frame(
    observation: NDArray[np.uint8], metadata: dict[str, Any], game: CatchEnv, episode: int
) -> None:
    """Check that it is the first frame of an episode, and of a game just begun."""
    assert metadata == {
        "episode": episode,
        "step": 0,
        "action_seq": -1,
        "reward": 0.0,
        "return": 0.0,
        "terminated": False,
        "truncated": False,
    }
    assert ball_column(observation) == game.ball[1]


def ball_column(observation: NDArray[np.uint8]) -> int | None:
    """Find the ball in the top row, ``None`` where it is not there: codecs blur, so by colour."""
    top = observation[:CELL].astype(int)
    yellow = (top[:, :, 0] - top[:, :, 2]).reshape(CELL, -1, CELL).mean(axis=(0, 2))
    return int(yellow.argmax()) if yellow.max() > 64 else None


def test_the_ball_is_found_where_the_game_has_it() -> None:
    game = CatchEnv()
    for seed in range(10):
        observation, _ = game.reset(seed=seed)
        assert ball_column(observation) == game.ball[1]
    observation, *_ = game.step(1)
    assert ball_column(observation) is None
    assert ball_column(np.zeros_like(observation)) is None


@pytest.mark.parametrize(("backend", "times"), [("aiortc", 200), ("native", 30)])
def test_every_reset_gives_the_first_frame_of_its_own_episode(
    make_env: MakeEnv, backend: str, times: int
) -> None:
    env = make_env(mode="streamed", backend=backend, fps=FPS)
    env.reset(seed=1)
    session = env._session
    game = CatchEnv()
    for number, happens_before in zip(range(times), itertools.cycle(WAYS), strict=False):
        happens_before(env)
        seed = number if number % 3 == 0 else None
        observation, info = env.reset(seed=seed)
        game.reset(seed=seed)
        check_first_frame(observation, info["metadata"], game, episode=number + 2)
    assert env._session is session, "it was one session"


def test_every_reset_of_a_slot_gives_the_first_frame_of_its_own_episode() -> None:
    slots, rounds = 4, 8
    envs = gym.make_vec(
        "reactor_env/World-v0",
        num_envs=slots,
        world="catch",
        mode="streamed",
        fps=FPS,
        autoreset_mode="Disabled",
    )
    assert isinstance(envs, ReactorVectorEnv)
    games = [CatchEnv() for _ in range(slots)]
    try:
        envs.reset(seed=1)
        for slot, game in enumerate(games):
            game.reset(seed=1 + slot)
        episodes = np.ones(slots, int)
        for number in range(rounds):
            # A different slot goes on each time, with the others' resets beside it.
            mask = np.arange(slots) != number % slots
            for index in np.flatnonzero(mask):
                env = envs.envs[index].unwrapped
                assert isinstance(env, ReactorEnv)
                WAYS[(number + index) % len(WAYS)](env)
            observations, infos = envs.reset(options={"reset_mask": mask})
            episodes += mask
            for index in np.flatnonzero(mask):
                games[index].reset()
                metadata = {key: infos["metadata"][key][index] for key in METADATA_FIELDS}
                check_first_frame(observations[index], metadata, games[index], episodes[index])
    finally:
        envs.close()
