"""The environments that world models are learned from, and how large their models are."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from reactor_env.errors import MissingDependencyError


@dataclass(frozen=True, slots=True)
class Task:
    """One environment to learn.

    Attributes:
        env_id: As for :func:`gymnasium.make`.
        actions: How many actions there are.
        fps: Steps per second in real time.
        max_steps: Steps after which an episode is truncated.
        enlarge: Rows and columns of the shown picture for one of the model's, which undo the
            distortion of the 64x64 picture.
        channels: Of the four convolutions of the encoder; the decoder has them in reverse.
        latent: Numbers that describe a picture.
        hidden: Units of the recurrent network.
        mixtures: Normal distributions that a change of one number is drawn from.
        frames: Collected from random play.
        vision_steps: Gradient steps of the picture model.
        memory_steps: Gradient steps of the recurrent network.
        vision_batch: Pictures in one gradient step of theirs.
        memory_batch: Windows in one of the recurrent network's.
        window: Steps of a window; what is longer ago has little effect.
        bfloat16: Whether the recurrent network is trained with 16-bit floats: twice as fast, less
            exact.
        module: Imported first, where it registers the environment.
        package: What to install for it.
        hold: Steps for which random play keeps an action, at most.
        last_picture: Whether there is a picture of what ended an episode. Otherwise the one before
            stands for it, and what ends must be known from the past alone.
        make_kwargs: Passed to :func:`gymnasium.make`.
    """

    env_id: str
    actions: int
    fps: float
    max_steps: int
    enlarge: tuple[int, int]
    channels: tuple[int, int, int, int]
    latent: int
    hidden: int
    mixtures: int
    frames: int
    vision_steps: int
    memory_steps: int
    vision_batch: int = 128
    memory_batch: int = 64
    window: int = 32
    bfloat16: bool = False
    module: str = ""
    package: str = "reactor-env[worlds]"
    hold: int = 1
    last_picture: bool = True
    make_kwargs: tuple[tuple[str, Any], ...] = ()

    def make(self) -> gym.Env[Any, Any]:
        """Make the real environment, rendering ``rgb_array``.

        Raises:
            MissingDependencyError: If its package is not installed.
        """
        # Pictures need no window; without it SDL looks for one, and complains on standard error.
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        try:
            if self.module:
                importlib.import_module(self.module)
            return gym.make(
                self.env_id,
                render_mode="rgb_array",
                max_episode_steps=self.max_steps,
                **dict(self.make_kwargs),
            )
        except (ImportError, gym.error.DependencyNotInstalled) as error:
            raise MissingDependencyError(
                f"{self.env_id} is not installed: pip install '{self.package}'"
            ) from error


TASKS: Mapping[str, Task] = {
    "cartpole": Task(
        env_id="CartPole-v1",
        actions=2,
        fps=50,
        max_steps=500,
        enlarge=(4, 6),  # of 400x600
        channels=(16, 32, 64, 128),
        latent=8,
        hidden=256,
        mixtures=3,
        frames=40_000,
        vision_steps=1500,
        memory_steps=3000,
    ),
    "takecover": Task(
        env_id="VizdoomTakeCover-v1",
        actions=3,
        fps=17.5,
        max_steps=1050,
        enlarge=(6, 8),  # of 240x320
        channels=(24, 48, 96, 192),
        latent=64,
        hidden=512,
        mixtures=5,
        frames=200_000,
        vision_steps=5000,
        memory_steps=1800,
        vision_batch=64,
        memory_batch=24,
        window=96,  # what hurts adds up until it ends the episode
        bfloat16=True,
        module="vizdoom.gymnasium_wrapper",
        package="vizdoom",
        hold=8,  # changing every 2/35 s, it would hardly leave the middle
        last_picture=False,
        make_kwargs=(("frame_skip", 2),),
    ),
}
"""By the name of ``--env``; ``dream-<name>`` is the world."""
