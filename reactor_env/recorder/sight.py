"""The picture that an environment shows right now, with the times that are known of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture with its times.

    Attributes:
        frame: The frame as it was received, or a (H, W, 3) uint8 RGB picture; nobody changes it.
        arrival_ns: When it was decoded and ready, on :func:`time.monotonic_ns`; for an environment
            that does not say, when ``step()`` or ``reset()`` returned it.
        capture_us: The sender's clock when it was made, in microseconds, if it said.
        repeated: Whether it is the picture of the step before.
    """

    frame: VideoFrame | NDArray[np.uint8]
    arrival_ns: int
    capture_us: int | None
    repeated: bool


def can_show(env: gym.Env[Any, Any]) -> bool:
    """Tell whether :func:`look` finds pictures in an environment.

    Args:
        env: Any environment.
    """
    return hasattr(type(env.unwrapped), "frame") or env.render_mode == "rgb_array"


def look(env: gym.Env[Any, Any], info: Mapping[str, Any], now_ns: int | None = None) -> Sight:
    """Return what an environment shows after a reset or a step.

    A :class:`~reactor_env.env.ReactorEnv` shows the frame behind its observation at the model's
    own size, as it was received and not yet converted; another one is rendered.

    Args:
        env: An environment for which :func:`can_show` holds.
        info: What the reset or step returned.
        now_ns: When it returned, on :func:`time.monotonic_ns`; now by default.

    Raises:
        TypeError: If ``render()`` returns no picture.
    """
    repeated = bool(info.get("frame_repeated"))
    frame = _frame(env)
    if frame is not None:
        return Sight(frame, frame.arrival_ns, frame.capture_time_us or None, repeated)
    now_ns = time.monotonic_ns() if now_ns is None else now_ns
    picture: Any = env.render()
    if (
        not isinstance(picture, np.ndarray)
        or picture.dtype != np.uint8
        or picture.ndim != 3
        or picture.shape[2] != 3
    ):
        raise TypeError(
            f"`render()` must return a (H, W, 3) uint8 RGB picture, got {_told(picture)}"
        )
    return Sight(picture.copy(), now_ns, None, repeated)


def times(env: gym.Env[Any, Any]) -> tuple[int, int | None]:
    """Return when the observation just returned came, and when it was made.

    Args:
        env: Any environment.

    Returns:
        ``arrival_ns`` and ``capture_us`` as in :class:`Sight`.
    """
    frame = _frame(env)
    if frame is None:
        return time.monotonic_ns(), None
    return frame.arrival_ns, frame.capture_time_us or None


def _frame(env: gym.Env[Any, Any]) -> VideoFrame | None:
    frame = getattr(env.unwrapped, "frame", None)
    return frame if isinstance(frame, VideoFrame) else None


def _told(picture: Any) -> str:
    if isinstance(picture, np.ndarray):
        return f"an array of dtype {picture.dtype}, shape {picture.shape}"
    return type(picture).__name__
