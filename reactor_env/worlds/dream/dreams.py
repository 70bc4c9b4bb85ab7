"""Many dreams of one model side by side, in latents: what a policy is trained in.

:class:`~reactor_env.worlds.dream.dream_env.DreamEnv`, which is served, is one such dream with its
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.dream.numpy_model import DreamModel, Floats, Noise, Pixels, State

REENCODE_EVERY = 10
"""Steps between two looks of the model at its own picture, which keep a long dream from drifting
to latents that no picture has."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of N dreams gave.

    Attributes:
        rewards: (N,) float32.
        terminated: (N,) whether the world ended the episode.
        truncated: (N,) whether it is as long as an episode may be.
    """

    rewards: Floats
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]

    @property
    def over(self) -> NDArray[np.bool_]:
        """(N,) whether the episode is over."""
        return self.terminated | self.truncated


class Dreams:
    """N dreams, each in an episode of its own.

    Args:
        model: What they are dreams of.
        count: N.
        temperature: How much chance counts: 1 as learned, more for a less predictable world.
        reencode_every: Steps after which the latent is that of the picture it gave; 0 for never.
        max_steps: Steps after which an episode is truncated; the model's by default.
    """

    def __init__(
        self,
        model: DreamModel,
        count: int = 1,
        *,
        temperature: float = 1.0,
        reencode_every: int = REENCODE_EVERY,
        max_steps: int | None = None,
    ) -> None:
        self.model = model
        self.count = count
        self.temperature = temperature
        self._every = reencode_every
        self._max_steps = max_steps or model.config.max_steps
        self._state = model.starts.take(np.zeros(count, np.intp))
        self._steps = np.zeros(count, np.int64)

    @property
    def state(self) -> State:
        """Where the dreams are; not to be changed."""
        return self._state

    @property
    def features(self) -> Floats:
        """(N, latent + hidden), what a policy sees: the picture, and what the model remembers."""
        return np.concatenate([self._state.latent, self._state.hidden], 1)

    def begin(self, which: NDArray[Any], starts: NDArray[Any]) -> None:
        """Begin new episodes.

        Args:
            which: Indices of dreams, or a mask.
            starts: For each of them an index of ``model.starts``.
        """
        self._state.put(which, self.model.starts.take(starts))
        self._steps[which] = 0

    def step(self, actions: NDArray[Any], rng: np.random.Generator) -> Step:
        """Advance every dream by one action.

        Args:
            actions: (N,) integers.
            rng: Of everything that is left to chance.
        """
        self._look()
        noise = Noise.draw(rng, self.count, self.model.config.latent)
        outcome = self.model.step(self._state, actions, noise, self.temperature)
        self._state = outcome.state
        self._steps += 1
        terminated = noise.end < outcome.end
        return Step(outcome.reward, terminated, ~terminated & (self._steps >= self._max_steps))

    def pictures(self) -> Pixels:
        """Return (N, 64, 64, 3) uint8, what the dreams look like."""
        return self.model.decode(self._state.latent)

    def _look(self) -> None:
        if not self._every:
            return
        due = np.flatnonzero((self._steps > 0) & (self._steps % self._every == 0))
        if len(due):
            seen = self.model.decode(self._state.latent[due])
            self._state.latent[due] = self.model.encode(seen)
