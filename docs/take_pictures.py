"""Takes the pictures of docs/worlds.md: each world is played for a while through a real runtime.

    python docs/take_pictures.py

writes ``docs/pictures/<name>.png``. Worlds are seeded and stepped, so that the pictures are the
same each time, but for the clock in the probe's. Needs
``pip install "reactor-env[local,native,sim]"``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import tyro
from PIL import Image

import reactor_env  # noqa: F401 - registers the environment

FOLDER = Path(__file__).parent / "pictures"
HEIGHT = 160
"""Pixels down a picture."""

COLOURS = 96
"""Of a picture; with all of them photographs take 80 kB."""


@dataclass
class Shot:
    """How one picture comes about.

    Attributes:
        world: The world.
        actions: What is done over and over; ``None`` for random actions.
        steps: After how many steps the picture is taken.
        seed: Of the episode.
        kwargs: Options of the world.
    """

    world: str
    actions: list[Any] | None = None
    steps: int = 0
    seed: int = 1
    kwargs: dict[str, Any] = field(default_factory=dict)


SHOTS = {
    "catch": Shot("catch", [0], 8),
    "cartpole": Shot("gym:CartPole-v1", [1, 0, 1], 12),
    "car-racing": Shot("gym:CarRacing-v3", [3], 70, kwargs={"continuous": False}),
    "minigrid": Shot("gym:minigrid:MiniGrid-DoorKey-8x8-v0", [1, 2], 6, seed=3),
    "probe": Shot("probe", None, 10),
    "room": Shot("room", None, 12),
    "dream-cartpole": Shot("dream-cartpole", [1, 0, 1], 12),
    "dream-takecover": Shot("dream-takecover", [2] * 10 + [0] * 10, 66),
}


def take(shot: Shot) -> Image.Image:
    """Play a world and return its picture."""
    env = gym.make(
        "reactor_env/World-v0",
        world=shot.world,
        world_kwargs=shot.kwargs,
        mode="stepped",
        render_mode="rgb_array",
    )
    try:
        env.action_space.seed(shot.seed)
        env.reset(seed=shot.seed)
        for step in range(shot.steps):
            chosen = shot.actions and shot.actions[step % len(shot.actions)]
            action = env.action_space.sample() if chosen is None else chosen
            _, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                raise RuntimeError(f"{shot.world} ended after {step + 1} steps: {info['end']}")
        picture: Any = env.render()
    finally:
        env.close()
    height, width, _ = picture.shape
    if HEIGHT % height == 0:  # what is small is enlarged without a blur
        factor = HEIGHT // height
        return Image.fromarray(np.repeat(np.repeat(picture, factor, 0), factor, 1))
    resampling = Image.Resampling.NEAREST if height < HEIGHT else Image.Resampling.LANCZOS
    return Image.fromarray(picture).resize((HEIGHT * width // height, HEIGHT), resampling)


def main(names: tyro.conf.Positional[tuple[str, ...]] = tuple(SHOTS)) -> None:
    """Take the pictures.

    Args:
        names: Of the pictures.
    """
    FOLDER.mkdir(exist_ok=True)
    for name in names:
        path = FOLDER / f"{name}.png"
        take(SHOTS[name]).quantize(COLOURS).save(path, optimize=True)
        print(f"{path.relative_to(FOLDER.parent.parent)}: {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    tyro.cli(main)
