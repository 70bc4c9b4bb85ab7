"""What every check knows about the model it is pointed at, and how it plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, cast

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from reactor_env.env import ReactorEnv
from reactor_env.session import Session
from reactor_env.testing.leftovers import Before


class Step(NamedTuple):
    """What one call of ``step()`` returned, and what it was asked."""

    action: Any
    observation: Any
    reward: Any
    terminated: Any
    truncated: Any
    info: dict[str, Any]

    @property
    def over(self) -> bool:
        """Whether it ended the episode."""
        return bool(self.terminated or self.truncated)


class Compliance:
    """Base of all subjects. Override :meth:`make_env`, and what is not so on your model.

    Attributes:
        reset_options: What the model cannot begin without, for example a prompt and an image;
            given to the first reset of an environment, which remembers it.
        steps: How many steps a check plays.
        deterministic: The same seed and the same actions give the same frames, bit for bit.
        seeded_resets: A seed also fixes the episodes of the resets without a seed that follow.
        ends: The model ends episodes by itself, within ``longest_episode`` steps of sampled
            actions.
        longest_episode: See ``ends``.
        horizon: The ``horizon`` that ``make_env`` gives; ``None`` where it gives none.
        dark: The world may be black, so that a black first frame is no error.
        other_size: Options of a reset after which the model makes frames of another size; ``None``
            where it cannot.
        may_lose: A session may be lost on purpose; that costs one more.
        settle_s: Seconds that processes and threads may take to go after ``close()``.
    """

    reset_options: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    steps: ClassVar[int] = 10
    deterministic: ClassVar[bool] = False
    seeded_resets: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    longest_episode: ClassVar[int] = 1000
    horizon: ClassVar[int | None] = None
    dark: ClassVar[bool] = False
    other_size: ClassVar[Mapping[str, Any] | None] = None
    may_lose: ClassVar[bool] = True
    settle_s: ClassVar[float] = 10.0

    # -- to be overridden ---------------------------------------------------------------------

    def make_env(self) -> gym.Env[Any, Any]:
        """Make an environment of the model, wrapped or not. Nothing may be connected by it."""
        raise NotImplementedError(
            f"{type(self).__name__} must override make_env() and return an environment"
        )

    def make_vector_env(self) -> VectorEnv[Any, Any, Any] | None:
        """Make a vector of at least two slots; ``None`` where the model has no second session."""
        return None

    def sample(self, env: gym.Env[Any, Any]) -> Any:
        """Return the next action to play: by default one sampled from the seeded space."""
        return env.action_space.sample()

    def episode_of(self, observation: Any, info: Mapping[str, Any]) -> int | None:
        """Return the number of the episode that a frame itself shows, growing in a session.

        By default what a bundled world's metadata says, else ``None``. Override it where the
        picture tells: it is what proves that no frame of the last episode is returned.
        """
        number = info["metadata"].get("episode")
        return int(number) if number is not None else None

    def content(self, observation: Any) -> NDArray[Any]:
        """Return what equal seeds must make equal of an observation; its pixels by default.

        Override it where the picture also shows what no seed fixes, for example a clock.
        """
        return pixels(observation)

    def lose_session(self, env: gym.Env[Any, Any]) -> None:
        """Lose the open session; by default by telling the environment that it is lost.

        Override it to do worse: kill the runtime, delete the session at the service.
        """
        session = open_session(env)
        if session is not None:
            session.lose("the compliance suite lost it on purpose")

    def sessions_left(self) -> int:
        """Return how many of the model's sessions are open, asked of the server; 0 by default."""
        return 0

    # -- the environment ----------------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def before(cls) -> Before:
        """What runs before there is an environment."""
        return Before()

    @pytest.fixture(scope="class")
    @classmethod
    def env(cls, before: Before) -> Iterator[gym.Env[Any, Any]]:
        """The one environment that the checks of a class share; closed after the last of them."""
        del before
        env = cls().make_env()
        try:
            yield env
        finally:
            env.close()

    def begin(self, env: gym.Env[Any, Any], seed: int | None = None) -> tuple[Any, dict[str, Any]]:
        """Reset with the options that the model needs, and make sampled actions reproducible."""
        observation, info = env.reset(seed=seed, options=dict(self.reset_options) or None)
        env.action_space.seed(1)
        return observation, info

    def play(self, env: gym.Env[Any, Any], steps: int | None = None) -> list[Step]:
        """Play sampled actions, and begin another episode where one ends.

        Args:
            env: An environment whose episode has begun.
            steps: How many; :attr:`steps` by default.
        """
        played: list[Step] = []
        for _ in range(self.steps if steps is None else steps):
            if played and played[-1].over:
                env.reset()
            played.append(self.one_step(env))
        return played

    def play_until_over(self, env: gym.Env[Any, Any], limit: int) -> list[Step]:
        """Play sampled actions until the episode is over, or for so many steps."""
        played: list[Step] = []
        while len(played) < limit and not (played and played[-1].over):
            played.append(self.one_step(env))
        return played

    def one_step(self, env: gym.Env[Any, Any]) -> Step:
        """Play one sampled action."""
        action = self.sample(env)
        return Step(action, *env.step(action))


def world_of(env: gym.Env[Any, Any]) -> ReactorEnv:
    """Return the environment inside the wrappers."""
    return cast(ReactorEnv, env.unwrapped)


def open_session(env: gym.Env[Any, Any]) -> Session | None:
    """Return the open session of an environment, ``None`` while none is open."""
    return world_of(env)._session


def pixels(observation: Any) -> NDArray[Any]:
    """Return an observation as an array, also where it is a torch tensor on some device."""
    if hasattr(observation, "detach"):
        observation = observation.detach().cpu().numpy()
    return np.asarray(observation)


def describe(observation: Any) -> str:
    """Say what an observation is like, without its pixels."""
    array = pixels(observation)
    return f"{type(observation).__name__} of shape {array.shape}, dtype {array.dtype}"
