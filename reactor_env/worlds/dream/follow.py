"""Sees a real environment as its model does, for a policy that was trained in dreams."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.dream.numpy_model import DreamModel, Floats, Pixels


class Follower:
    """The model's latents and memory of N real episodes.

    Args:
        model: The model.
        count: N.
    """

    def __init__(self, model: DreamModel, count: int = 1) -> None:
        self._model = model
        self._state = model.begin(np.zeros((count, model.config.latent), np.float32))

    @property
    def features(self) -> Floats:
        """(N, latent + hidden), as :attr:`Dreams.features` has them."""
        return np.concatenate([self._state.latent, self._state.hidden], 1)

    def begin(self, which: NDArray[Any], pictures: Pixels) -> None:
        """Take up new episodes.

        Args:
            which: Their indices, or a mask.
            pictures: Their first pictures, (len, 64, 64, 3) uint8.
        """
        self._state.put(which, self._model.begin(self._model.encode(pictures)))

    def step(self, actions: NDArray[Any], pictures: Pixels) -> None:
        """Follow all episodes by one step.

        Args:
            actions: (N,) what was done.
            pictures: (N, 64, 64, 3) uint8, what was seen after it.
        """
        hidden, cell = self._model.recall(self._state, actions)
        self._state.latent[:] = self._model.encode(pictures)
        self._state.hidden[:] = hidden
        self._state.cell[:] = cell
