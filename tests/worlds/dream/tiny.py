"""A model too small to have learned anything, in a moment."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.export import arrays_of, export
from reactor_env.worlds.dream.memory import Memory
from reactor_env.worlds.dream.numpy_model import SIDE, Config, DreamModel, State
from reactor_env.worlds.dream.tasks import TASKS
from reactor_env.worlds.dream.vision import Vision

TASK = replace(
    TASKS["cartpole"],
    channels=(2, 4, 4, 8),
    latent=3,
    hidden=8,
    mixtures=2,
    frames=60,
    vision_steps=6,
    memory_steps=6,
)
OPENINGS = 4
STARTS = 6


def networks(seed: int = 0) -> tuple[Vision, Memory]:
    """Make networks whose weights are 16-bit numbers, so that a file holds them exactly."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        vision = Vision(TASK.channels, TASK.latent)
        memory = Memory(TASK.latent, TASK.actions, TASK.hidden, TASK.mixtures)
    with torch.no_grad():
        for parameter in [*vision.parameters(), *memory.parameters()]:
            parameter.copy_((3 * parameter).half().float())
        # Torch adds these two, which 16 bits may not hold the sum of.
        nn.init.zeros_(memory.get_parameter("recurrent.bias_hh_l0"))
    return vision, memory


def config(max_steps: int = 500) -> Config:
    return Config(
        task="cartpole",
        actions=TASK.actions,
        fps=50,
        max_steps=max_steps,
        enlarge=(2, 3),
        latent=TASK.latent,
        hidden=TASK.hidden,
        mixtures=TASK.mixtures,
        openings=OPENINGS,
    )


def write(path: Path, seed: int = 0, max_steps: int = 500) -> DreamModel:
    rng = np.random.default_rng(seed)
    shapes = [(STARTS, TASK.latent), (STARTS, TASK.hidden), (STARTS, TASK.hidden)]
    begin = State(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))
    training: dict[str, object] = {
        "runs": [{"command": "none", "seconds": {"play": 1.0}}],
        "frames": 60,
        "episodes": 2,
        "further": 0,
    }
    return export(
        path,
        config(max_steps),
        arrays_of(*networks(seed), begin),
        training | {"torch": "none", "threads": 1},
    )


def episode(steps: int, seed: int = 0, *, terminated: bool = True) -> Episode:
    rng = np.random.default_rng(seed)
    return Episode(
        rng.integers(256, size=(steps + 1, SIDE, SIDE, 3), dtype=np.uint8),
        rng.integers(TASK.actions, size=steps),
        np.ones(steps, np.float32),
        terminated,
    )
