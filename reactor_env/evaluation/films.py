"""Films of the first episodes of every agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.evaluation.episodes import Film, Job
from reactor_env.video_writer import VideoWriter

MAX_PICTURES = 900
"""A film ends after that many, however long the episode is."""

_DEFAULT_FPS = 30.0
_SMALL_PX = 256
"""Smaller pictures are enlarged by a whole number, since few players do it without blurring."""


class Films:
    """Films the first episodes, not the best ones; one mp4 file each.

    Args:
        folder: Where to; it is made.
        episodes: How many of each agent's.
        fps: Pictures per second when played; by default what the environment says.
        agents: The agents' names: files have their numbers in this order.
    """

    def __init__(self, folder: Path, episodes: int, agents: list[str], fps: float | None) -> None:
        self._folder = folder
        self._episodes = episodes
        self._agents = agents
        self._fps = fps

    def path(self, job: Job) -> Path:
        """Return the file of an episode's film."""
        return self._folder / f"agent-{self._agents.index(job.agent)}-episode-{job.number}.mp4"

    @contextmanager
    def film(self, job: Job) -> Iterator[Film | None]:
        """Film an attempt at an episode, or give nothing where it is not one of the first."""
        if job.number >= self._episodes:
            yield None
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        writer: VideoWriter | None = None
        count = 0

        def add(env: gym.Env[Any, Any]) -> None:
            nonlocal writer, count
            count += 1
            if count > MAX_PICTURES:
                return
            picture = env.render()
            assert isinstance(picture, np.ndarray), "films need `render_mode` rgb_array"
            if writer is None:  # only now may the environment know its rate
                fps = self._fps or float(env.metadata.get("render_fps") or _DEFAULT_FPS)
                writer = VideoWriter(self.path(job), fps)
            times = max(_SMALL_PX // max(picture.shape[:2]), 1)
            writer.write(picture.repeat(times, axis=0).repeat(times, axis=1))

        try:
            yield add
        except BaseException:
            if writer is not None:
                writer.discard()
            raise
        if writer is not None:
            writer.close()
