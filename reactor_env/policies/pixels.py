"""Where something of a known colour is in a picture, in a lossy video too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


def rgb_picture(observation: Any) -> NDArray[np.uint8]:
    """Check that an observation is a picture that the scripted policies can read.

    Args:
        observation: What the environment returned.

    Returns:
        The same (H, W, 3) uint8 RGB array.

    Raises:
        ValueError: If it is anything else.
    """
    if (
        isinstance(observation, np.ndarray)
        and observation.dtype == np.uint8
        and observation.ndim == 3
        and observation.shape[2] == 3
    ):
        return observation
    got: str = type(observation).__name__
    if isinstance(observation, np.ndarray):
        got = f"an array of dtype {observation.dtype}, shape {observation.shape}"
    raise ValueError(f"`observation` must be a uint8 RGB picture (H, W, 3), got {got}")


def starts_episode(state: Any, episode_start: Any) -> bool:
    """Tell from the arguments of ``predict`` whether an episode begins.

    Args:
        state: As given to ``predict``.
        episode_start: As given to ``predict``: ``None``, a truth value or an array of one.
    """
    return state is None or (episode_start is not None and bool(np.any(episode_start)))


def centroid(weights: Weights) -> tuple[float, float] | None:
    """Return the centre of mass of a picture of weights.

    Args:
        weights: (H, W), not negative.

    Returns:
        Row and column in pixels, the first pixel's centre being 0.5; ``None`` where every weight
        is zero.
    """
    total = float(weights.sum())
    if total <= 0:
        return None
    rows = np.arange(weights.shape[0], dtype=np.float32) + 0.5
    columns = np.arange(weights.shape[1], dtype=np.float32) + 0.5
    return float(weights.sum(1) @ rows) / total, float(weights.sum(0) @ columns) / total
