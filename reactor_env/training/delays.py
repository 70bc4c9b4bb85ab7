"""Episodes with actions held back, each one by another delay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.evaluation.action_delay import ActionDelay


class RandomDelay(ActionDelay):
    """Draws the delay of every episode, so that an agent meets all of them in training.

    The draws are those of a seed: of the last :meth:`reset` that was given one. They are
    independent of what the environment draws by the same seed.

    Args:
        env: The environment.
        delays_ms: The delays, in milliseconds, each as probable as the others.
        rate: Steps per second; by default what the environment says.

    Raises:
        ValueError: If there is no delay, or an argument is out of range.
    """

    def __init__(
        self, env: gym.Env[Any, Any], delays_ms: Sequence[float], rate: float | None = None
    ) -> None:
        if not delays_ms:
            raise ValueError("`delays_ms` must hold at least one delay, got none")
        super().__init__(env, max(delays_ms), rate)
        self._delays_ms = tuple(delays_ms)
        self._generator = _of_its_own(None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with a delay of its own."""
        if seed is not None:
            self._generator = _of_its_own(seed)
        self.delay_ms = self._delays_ms[int(self._generator.integers(len(self._delays_ms)))]
        return super().reset(seed=seed, options=options)


def _of_its_own(seed: int | None) -> np.random.Generator:
    """Return random numbers that are not those of the environment by the same seed.

    With the same ones an agent could read the delay off where its episode begins.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
