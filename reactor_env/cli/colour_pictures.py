"""Pictures of a dataset that wants colours, where the policy sees others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.observations import Converter, Observation

if TYPE_CHECKING:
    from reactor_env.env import ReactorEnv


class ColourPictures:
    """Makes (H, W, 3) uint8 RGB pictures of the frames behind an environment's observations.

    Args:
        env: The environment.
        size: (height, width) of the pictures; the model's own by default.
    """

    def __init__(self, env: ReactorEnv, size: tuple[int, int] | None) -> None:
        self._env = env
        self._observation = Observation(size=size)
        self._convert: Converter | None = None
        self._frame_size: tuple[int, int] | None = None

    @property
    def space(self) -> gym.spaces.Box:
        """What the pictures are; known after the first reset."""
        return self._observation.space(self._size())

    def __call__(self, observation: Any) -> NDArray[np.uint8]:
        """Return the picture behind the observation that was returned last."""
        frame = self._env.frame
        assert frame is not None
        size = self._size()
        if self._convert is None or size != self._frame_size:
            self._convert, self._frame_size = Converter(self._observation, size), size
        picture: NDArray[np.uint8] = self._convert(frame)
        return picture

    def _size(self) -> tuple[int, int]:
        frame = self._env.frame
        assert frame is not None
        return frame.height, frame.width
