"""Seeds: equal ones give equal worlds, where the model claims it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.testing.base import Compliance, world_of
from reactor_env.testing.verdict import fail, require

_SEED_OPTION = "seed"
_SEEDS = range(20, 26)
_SEE = "the `seed` in the [reset] options of the profile, and what the model does with it"


class SeedCompliance(Compliance):
    """Seeds do what the class attributes claim. One session."""

    def test_equal_seeds_and_actions_give_equal_frames(self, env: gym.Env[Any, Any]) -> None:
        """The same seed and actions give the same frames, rewards and ends, bit for bit."""
        self._check_claimed(env)
        first, second = (self._film(env, seed=7) for _ in range(2))
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            where = f"the frame after step {index}" if index else "the first frame"
            if not np.array_equal(one, other):
                fail(
                    expected=f"{where} is the same for the same seed and actions",
                    got=_difference(one, other),
                    see=f"{_SEE}; leave `deterministic` False where it is not claimed",
                )

    def test_some_seed_makes_a_difference(self, env: gym.Env[Any, Any]) -> None:
        """Six seeds do not all give the same frames: the seed reaches the model."""
        self._check_claimed(env)
        films = [self._film(env, seed) for seed in _SEEDS]
        require(
            any(
                not np.array_equal(one, other)
                for film in films[1:]
                for one, other in zip(films[0], film, strict=True)
            ),
            expected=f"the seeds {_SEEDS.start} to {_SEEDS.stop - 1} give different frames",
            got="the same frames for all of them",
            see=_SEE,
        )

    def test_a_reset_without_a_seed_goes_on(self, env: gym.Env[Any, Any]) -> None:
        """A reset without a seed is another episode; a fixed one, where that is claimed."""
        films = []
        for _ in range(2):
            self.begin(env, seed=11)
            observation, _ = env.reset()
            films.append(self.content(observation).copy())
            self.play(env, 1)
        if self.seeded_resets and not np.array_equal(films[0], films[1]):
            fail(
                expected="the episode after reset(seed=11) is the same every time",
                got=_difference(films[0], films[1]),
                see=f"{_SEE}; leave `seeded_resets` False where it is not claimed",
            )

    def _check_claimed(self, env: gym.Env[Any, Any]) -> None:
        if not self.deterministic:
            pytest.skip("`deterministic` is not set: the model claims nothing about seeds")
        if _SEED_OPTION not in world_of(env).reset_options:
            fail(
                expected="a model that is called deterministic takes a seed",
                got=f"its reset options are {world_of(env).reset_options}",
                see=_SEE,
            )

    def _film(self, env: gym.Env[Any, Any], seed: int) -> list[NDArray[Any]]:
        """Return the frames of one episode, with its rewards and ends behind the last one."""
        observation, _ = self.begin(env, seed)
        film = [self.content(observation).copy()]
        outcomes = []
        for step in self.play_until_over(env, self.steps):
            film.append(self.content(step.observation).copy())
            outcomes.append((float(step.reward), bool(step.terminated), bool(step.truncated)))
        film += [np.zeros(0)] * (self.steps + 1 - len(film))
        return [*film, np.array(outcomes)]


def _difference(one: NDArray[Any], other: NDArray[Any]) -> str:
    if one.shape != other.shape:
        return f"shapes {one.shape} and {other.shape}"
    differs = one != other
    return f"{differs.mean():.1%} of the values differ"
