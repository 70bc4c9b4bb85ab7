"""Episodes on disk, exactly as they were played, until they are in a dataset.

An episode is a folder: the observations one after another as raw bytes, which are read through a
memory map, and a pickle for each step. It is written and read by this package alone, within one
run.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.datasets.columns import Value

_PIXELS, _STEPS, _EPISODE = "observations.raw", "steps.pickle", "episode.pickle"


@dataclass(frozen=True)
class Header:
    """What is the same for every episode of a dataset.

    Attributes:
        observation_space: Of uint8 images.
        action_space: Of the environment.
        fps: Steps per second of the model's time, where every step takes as long.
        streamed: Whether the world ran on in real time, so that the times of arrival differ.
        task: What the agent was to do, in words.
        policy: What chose the actions.
        description: What the dataset is, in words.
        env_kwargs: The arguments of ``gymnasium.make("reactor_env/World-v0")``; values that JSON
            has.
    """

    observation_space: gym.spaces.Box
    action_space: gym.Space[Any]
    fps: int
    streamed: bool
    task: str
    policy: str
    description: str
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it to a file."""
        path.write_bytes(pickle.dumps(self))

    @staticmethod
    def load(path: Path) -> Header:
        """Read what :meth:`save` wrote."""
        header: Header = pickle.loads(path.read_bytes())
        return header


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        action: As it was given to ``step()``.
        reward: What it returned.
        terminated: The same.
        truncated: The same.
    """

    action: Any
    reward: float
    terminated: bool
    truncated: bool


class SpoolWriter:
    """Writes an episode while it is played.

    Args:
        folder: Made for it.
        seed: What the episode was reset with.
    """

    def __init__(self, folder: Path, seed: int | None) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._seed = seed
        self._pixels = (folder / _PIXELS).open("wb")
        self._steps = (folder / _STEPS).open("wb")
        self._shape: tuple[int, ...] | None = None

    def add(
        self, observation: NDArray[np.uint8], row: Mapping[str, Value], step: Step | None
    ) -> None:
        """Append an observation.

        Args:
            observation: (H, W, 3) uint8, every one of the same shape.
            row: What is known of it (:func:`~reactor_env.datasets.columns.observed`).
            step: The step that returned it; ``None`` for the first one of the episode.

        Raises:
            OSError: If the disk is full.
        """
        self._shape = observation.shape
        self._pixels.write(np.ascontiguousarray(observation).data)
        pickle.dump((dict(row), step), self._steps)

    def finish(self) -> None:
        """Write what is left; :class:`SpooledEpisode` reads the folder now.

        Raises:
            OSError: If the disk is full.
        """
        self.close()
        episode = {"seed": self._seed, "shape": self._shape}
        (self.folder / _EPISODE).write_bytes(pickle.dumps(episode))

    def close(self) -> None:
        """Close the files. Safe to call twice."""
        self._pixels.close()
        self._steps.close()


class SpooledEpisode:
    """An episode as :class:`SpoolWriter` wrote it.

    Args:
        folder: Where it is.

    Attributes:
        seed: What it was reset with.
        observations: (N + 1, H, W, 3) uint8, mapped from disk.
        rows: What is known of each observation, N + 1.
        steps: The N steps.
    """

    def __init__(self, folder: Path) -> None:
        facts = pickle.loads((folder / _EPISODE).read_bytes())
        entries: list[tuple[dict[str, Value], Step | None]] = []
        with (folder / _STEPS).open("rb") as file:
            while True:
                try:
                    entries.append(pickle.load(file))
                except EOFError:
                    break
        self.seed: int | None = facts["seed"]
        self.rows = [row for row, _ in entries]
        self.steps = [step for _, step in entries if step is not None]
        self.observations: NDArray[np.uint8] = np.memmap(
            folder / _PIXELS, np.uint8, "r", shape=(len(entries), *facts["shape"])
        )
