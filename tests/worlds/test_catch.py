from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

import reactor_env  # noqa: F401 - registers the game
from reactor_env.worlds.catch import (
    BACKGROUND,
    BALL,
    CELL,
    GRID,
    LEFT,
    PADDLE_COLOUR,
    RIGHT,
    STAY,
    CatchEnv,
)

SEEDS = st.integers(0, 2**31 - 1)
ACTIONS = st.lists(st.sampled_from([LEFT, STAY, RIGHT]), min_size=15, max_size=15)


def started(seed: int) -> CatchEnv:
    game = CatchEnv("rgb_array")
    game.reset(seed=seed)
    return game


def towards(game: CatchEnv) -> int:
    return STAY + int(np.sign(game.ball[1] - game.paddle))


def away(game: CatchEnv) -> int:
    return LEFT if game.ball[1] >= GRID // 2 else RIGHT


@given(seed=SEEDS)
def test_moving_towards_the_ball_always_catches_it(seed: int) -> None:
    game = started(seed)
    rewards = [game.step(towards(game))[1] for _ in range(15)]
    assert rewards == [0.0] * 14 + [1.0]


@given(seed=SEEDS)
def test_moving_away_from_the_ball_misses_it(seed: int) -> None:
    game = started(seed)
    rewards = [game.step(away(game))[1] for _ in range(15)]
    assert rewards == [0.0] * 14 + [-1.0]


@given(seed=SEEDS, actions=ACTIONS)
def test_an_episode_ends_after_fifteen_steps_whatever_is_done(
    seed: int, actions: list[int]
) -> None:
    game = started(seed)
    ends = [game.step(action)[2:4] for action in actions]
    assert ends == [(False, False)] * 14 + [(True, False)]


@given(seed=SEEDS, actions=ACTIONS)
def test_the_ball_is_caught_exactly_when_the_paddle_is_under_it(
    seed: int, actions: list[int]
) -> None:
    game = started(seed)
    *_, (picture, reward, *_) = [game.step(action) for action in actions]
    # In the picture the ball covers the paddle: the paddle then has two cells of its own.
    bottom = picture[-CELL // 2, CELL // 2 :: CELL]
    paddle_cells = int((bottom == PADDLE_COLOUR).all(axis=1).sum())
    assert paddle_cells == (2 if reward == 1.0 else 3)


@pytest.mark.parametrize(("action", "moved"), [(LEFT, -1), (STAY, 0), (RIGHT, 1)])
def test_an_action_moves_the_paddle_one_column(action: int, moved: int) -> None:
    game = started(0)
    before = game.paddle
    game.step(action)
    assert game.paddle == before + moved


@pytest.mark.parametrize(("action", "at_the_wall"), [(LEFT, 1), (RIGHT, GRID - 2)])
def test_the_paddle_stops_at_the_wall_and_stays_whole(action: int, at_the_wall: int) -> None:
    game = started(0)
    for _ in range(14):
        game.step(action)
    assert game.paddle == at_the_wall
    bottom = game.render()[-CELL // 2, CELL // 2 :: CELL]
    assert (bottom == PADDLE_COLOUR).all(axis=1).sum() == 3


@given(seed=SEEDS)
def test_the_same_seed_gives_the_same_pictures(seed: int) -> None:
    one, other = started(seed), started(seed)
    np.testing.assert_array_equal(one.render(), other.render())
    np.testing.assert_array_equal(one.step(LEFT)[0], other.step(LEFT)[0])


def test_seeds_reach_every_column() -> None:
    assert {started(seed).ball for seed in range(300)} == {(0, column) for column in range(GRID)}


def test_a_reset_without_a_seed_goes_on_with_the_random_numbers() -> None:
    def columns() -> list[int]:
        game = started(5)
        found = []
        for _ in range(20):
            game.reset()
            found.append(game.ball[1])
        return found

    assert columns() == columns()
    assert len(set(columns())) > 1


def test_a_reset_puts_the_paddle_back_into_the_middle() -> None:
    game = started(0)
    game.step(LEFT)
    game.reset()
    assert game.paddle == GRID // 2


def test_observation_and_rendered_frame_are_the_same_picture() -> None:
    game = CatchEnv("rgb_array")
    observation, _ = game.reset(seed=3)
    np.testing.assert_array_equal(observation, game.render())
    observation, *_ = game.step(RIGHT)
    np.testing.assert_array_equal(observation, game.render())


def test_a_picture_shows_ball_and_paddle_where_they_are() -> None:
    game = started(3)
    cells = game.render()[CELL // 2 :: CELL, CELL // 2 :: CELL]
    expected = np.full((GRID, GRID, 3), BACKGROUND, np.uint8)
    expected[game.ball] = BALL
    expected[GRID - 1, game.paddle - 1 : game.paddle + 2] = PADDLE_COLOUR
    np.testing.assert_array_equal(cells, expected)


def test_gymnasium_finds_nothing_wrong() -> None:
    check_env(gym.make("reactor_env/Catch-v0", render_mode="rgb_array").unwrapped)
