from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from reactor_env.worlds.dream.dream_env import DreamEnv, load_model
from reactor_env.worlds.dream.dreams import Dreams
from reactor_env.worlds.dream.numpy_model import SIDE
from tests.worlds.dream import tiny


def episode(env: DreamEnv, seed: int, **options: Any) -> list[Any]:
    """Play at most 15 steps."""
    random = np.random.default_rng(seed)
    picture, _ = env.reset(seed=seed, options=options)
    record: list[Any] = [picture.tobytes()]
    for _ in range(15):
        picture, reward, terminated, truncated, _ = env.step(random.integers(2))
        record.append((picture.tobytes(), reward, terminated, truncated))
        if terminated or truncated:
            break
    return record


@pytest.mark.filterwarnings("ignore:.*Box observation space:UserWarning")
def test_it_is_an_environment_as_gymnasium_checks_it(tiny_path: Path) -> None:
    check_env(DreamEnv(tiny_path, "rgb_array"), skip_render_check=True)


@pytest.mark.parametrize(
    ("enlarge", "shape"), [(True, (2 * SIDE, 3 * SIDE, 3)), (False, (SIDE, SIDE, 3))]
)
def test_pictures_are_enlarged_to_the_shape_of_the_real_ones(
    tiny_path: Path, enlarge: bool, shape: tuple[int, ...]
) -> None:
    env = DreamEnv(tiny_path, enlarge=enlarge)
    picture, _ = env.reset(seed=1)
    assert picture.shape == env.observation_space.shape == shape


def test_equal_seeds_give_equal_episodes(tiny_path: Path) -> None:
    env, another = DreamEnv(tiny_path), DreamEnv(tiny_path)
    assert episode(env, 3) == episode(another, 3) == episode(env, 3)
    assert episode(env, 3) != episode(env, 4)


def test_it_is_one_of_many_dreams_with_pictures(tiny_path: Path) -> None:
    env = DreamEnv(tiny_path, enlarge=False)
    env.reset(seed=5, options={"start": 5})
    dreams = Dreams(env.model)
    dreams.begin(np.array([0]), np.array([5]))
    rng = np.random.default_rng(5)
    for step in range(25):
        picture, reward, terminated, truncated, _ = env.step(step % 2)
        same = dreams.step(np.array([step % 2]), rng)
        assert np.array_equal(picture, dreams.pictures()[0])
        expected = (same.rewards[0], same.terminated[0], same.truncated[0])
        assert (reward, terminated, truncated) == expected


def test_a_start_that_is_given_is_begun_at(tiny_path: Path) -> None:
    env = DreamEnv(tiny_path, enlarge=False)
    picture, info = env.reset(seed=1, options={"start": 5})
    assert info == {"start": 5}
    assert np.array_equal(picture, env.model.decode(env.model.starts.latent[5:6])[0])


def test_without_one_a_first_picture_is_drawn(tiny_path: Path) -> None:
    env = DreamEnv(tiny_path)
    env.reset(seed=1)
    drawn = {env.reset()[1]["start"] for _ in range(60)}
    assert drawn == set(range(tiny.OPENINGS))


def test_a_temperature_counts_for_one_episode(tiny_path: Path) -> None:
    env = DreamEnv(tiny_path)
    usual = episode(env, 2, start=0)
    assert episode(env, 2, start=0, temperature=0.0) != usual
    assert episode(env, 2, start=0) == usual


def test_at_temperature_zero_chance_ends_episodes_and_nothing_else(tiny_path: Path) -> None:
    env = DreamEnv(tiny_path)
    pictures = []
    for seed in (1, 2):
        env.reset(seed=seed, options={"start": 0, "temperature": 0.0})
        pictures.append([env.step(1)[0].tobytes() for _ in range(12)])
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 6}, "`start` must be -1 to 5, got 6"),
        ({"start": -2}, "`start` must be -1 to 5, got -2"),
        ({"temperature": 2.5}, "`temperature` must be 0 to 2, got 2.5"),
        ({"prompt": "a forest"}, r"`options` must be start and temperature, got \['prompt'\]"),
    ],
)
def test_options_that_do_not_fit_are_named(
    tiny_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DreamEnv(tiny_path).reset(options=options)


def test_there_is_no_picture_before_the_first_episode(tiny_path: Path) -> None:
    with pytest.raises(gym.error.ResetNeeded, match="before reset"):
        DreamEnv(tiny_path).render()


def test_weights_that_are_nowhere_are_named_beside_those_that_ship() -> None:
    with pytest.raises(FileNotFoundError, match="one of cartpole, takecover, got"):
        load_model("nowhere")
