"""One environment of a vector: its autoreset, and what it needs to open a session."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import gymnasium as gym
from gymnasium.vector import AutoresetMode

from reactor_env.rewards import PendingReward
from reactor_env.vector.ahead import SendsAhead, sends_ahead
from reactor_env.vector.session_pool import SessionPool

SlotWrapper = Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]]
"""Wraps the environment of a slot."""

LOST = "session_lost"
"""The key of ``info`` with which :class:`~reactor_env.env.ReactorEnv` reports a lost session."""


class Transition(NamedTuple):
    """What one slot contributes to a vector step; its reward may have to be computed yet."""

    observation: Any
    reward: float | PendingReward
    terminated: bool
    truncated: bool
    info: dict[str, Any]


class Openings:
    """Who may open a session now; shared by the slots of one vector environment.

    Args:
        max_concurrent_starts: How many slots may be opening one at a time.
        pool: Where sessions come from; no limit by default.
    """

    def __init__(self, max_concurrent_starts: int, pool: SessionPool | None = None) -> None:
        self.pool = pool
        self._starts = threading.Semaphore(max_concurrent_starts)
        self._closing = threading.Event()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until it is this slot's turn to open a session.

        Raises:
            gymnasium.error.ClosedEnvironmentError: If the vector is closed meanwhile.
        """
        with self._starts:
            if self._closing.is_set():
                raise gym.error.ClosedEnvironmentError("closed before the session was opened")
            yield

    def take(self) -> None:
        """Take a session from the pool.

        Raises:
            SessionLimitError: If none becomes free in time.
        """
        if self.pool is not None:
            self.pool.acquire(self._closing.is_set)

    def give_back(self) -> None:
        """Return a session to the pool."""
        if self.pool is not None:
            self.pool.release()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self._closing.set()
        if self.pool is not None:
            self.pool.wake()


class Slot:
    """One environment with Gymnasium's autoreset; for one thread at a time.

    Args:
        env: The environment, not used yet.
        autoreset_mode: What follows the end of an episode.
        openings: Asked before the environment is used for the first time, and again before the
            reset after a lost session.
        wrappers: Put around the environment when it is used for the first time, because most
            wrappers ask for the spaces at once, which may start a runtime.

    Attributes:
        env: The environment, wrapped from its first use on.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        autoreset_mode: AutoresetMode,
        openings: Openings,
        wrappers: Sequence[SlotWrapper] = (),
    ) -> None:
        self.env = env
        self._wrappers = tuple(wrappers)
        self._mode = autoreset_mode
        self._openings = openings
        self._counted = False
        self._open = False
        self._ahead: SendsAhead | None = None
        self._over = False
        self._played = False

    @property
    def was_reset(self) -> bool:
        """Whether there was a reset."""
        return self._played

    @property
    def over(self) -> bool:
        """Whether the next thing must be a reset."""
        return self._over

    def spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        """Return the observation and the action space, which may need the model."""
        self._count()
        self._wrap()
        return self.env.observation_space, self.env.action_space

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Transition:
        """Begin an episode, opening a session if need be."""
        self._over = True
        if self._open:
            observation, info = self.env.reset(seed=seed, options=options)
        else:
            self._count()
            with self._openings.turn():
                self._wrap()
                observation, info = self.env.reset(seed=seed, options=options)
            self._open = True
            self._ahead = sends_ahead(self.env)
        self._over = False
        self._played = True
        return Transition(observation, 0.0, False, False, info)

    def send(self, action: Any) -> bool:
        """Send ahead the action of the next :meth:`step`, where that can be done.

        Returns:
            Whether it was sent. If not, that step does all, and says what is wrong with it.
        """
        if self._over or self._ahead is None:
            return False
        try:
            return self._ahead.send_ahead(action)
        except ValueError:
            return False

    def step(self, action: Any) -> Transition:
        """Play one step, or the reset that is due instead.

        Raises:
            gymnasium.error.ResetNeeded: If the episode is over and autoreset is disabled.
        """
        if self._over:
            if self._mode is AutoresetMode.DISABLED:
                raise gym.error.ResetNeeded("the episode is over, and autoreset is disabled")
            return self.reset()
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._over = terminated or truncated
        if LOST in info:
            self._open = False
        if self._over and self._mode is AutoresetMode.SAME_STEP:
            # A copy: some environments go on drawing into the array they returned.
            final = {"final_obs": copy.deepcopy(observation), "final_info": info}
            begun = self.reset()
            observation, info = begun.observation, {**final, **begun.info}
        known: Any = reward if isinstance(reward, PendingReward) else float(reward)
        return Transition(observation, known, bool(terminated), bool(truncated), info)

    def close(self) -> None:
        """Close the environment and give its session back. Safe to call twice."""
        self._open = False
        try:
            self.env.close()
        finally:
            if self._counted:
                self._counted = False
                self._openings.give_back()

    def _wrap(self) -> None:
        env = self.env
        for wrapper in self._wrappers:
            env = wrapper(env)
        self.env, self._wrappers = env, ()

    def _count(self) -> None:
        if not self._counted:
            self._openings.take()
            self._counted = True
