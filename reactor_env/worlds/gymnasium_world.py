"""``gym:<id>``: any registered Gymnasium environment that renders ``rgb_array``."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from reactor_runtime import ReactorApp

from reactor_env.worlds.episodic import build_world


def build(
    env_id: str, *, fps: float | None = None, frame_per_action: bool = False, **env_kwargs: Any
) -> type[ReactorApp]:
    """Make the model class for an environment id.

    Args:
        env_id: As for :func:`gymnasium.make`.
        fps: Steps per second in a streamed session; the environment's own by default.
        frame_per_action: As for :func:`~reactor_env.worlds.episodic.build_world`.
        env_kwargs: Passed to :func:`gymnasium.make`.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.
    """

    def make() -> gym.Env[Any, Any]:
        return gym.make(env_id, render_mode="rgb_array", disable_env_checker=True, **env_kwargs)

    return build_world(make, fps=fps, frame_per_action=frame_per_action)


def build_catch(*, fps: float | None = None, frame_per_action: bool = False) -> type[ReactorApp]:
    """Make the model class of ``catch``; arguments as of :func:`build`."""
    return build("reactor_env/Catch-v0", fps=fps, frame_per_action=frame_per_action)
