"""Minari datasets, by Minari's own writer. Lossless: pictures are stored as they were observed."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import minari
from minari.data_collector import EpisodeBuffer

import reactor_env  # noqa: F401 - registers the environment
from reactor_env.datasets.actions import stacked
from reactor_env.datasets.columns import arrays
from reactor_env.datasets.spool import Header, SpooledEpisode

_HOME = "MINARI_DATASETS_PATH"


class MinariWriter:
    """Writes a Minari dataset, which is whole after every episode.

    Infos are the columns of :data:`~reactor_env.datasets.columns.COLUMNS`, one value for each of
    the N + 1 observations. ``recover_environment()`` makes the environment that was played.

    Args:
        home: A folder of Minari datasets.
        dataset: The dataset's id, with a version.
        header: What is the same for all episodes.
    """

    def __init__(self, home: Path, dataset: str, header: Header) -> None:
        self._home = home
        self._id = dataset
        self._header = header
        self._dataset: Any = None

    def add(self, episode: SpooledEpisode) -> int:
        """Append an episode; its pictures are read through the memory map."""
        buffer = EpisodeBuffer(
            seed=episode.seed,
            observations=episode.observations,
            actions=stacked(self._header.action_space, [step.action for step in episode.steps]),
            rewards=[step.reward for step in episode.steps],
            terminations=[step.terminated for step in episode.steps],
            truncations=[step.truncated for step in episode.steps],
            infos=arrays(episode.rows),
        )
        if self._dataset is None:
            self._dataset = self._create(buffer)
        else:
            self._dataset.update_dataset_from_buffer([buffer])
        return len(episode.steps)

    def finish(self) -> None:
        """Do nothing: it is whole."""

    def _create(self, buffer: EpisodeBuffer) -> Any:
        # Where datasets are is told to Minari by the environment alone.
        os.environ[_HOME] = str(self._home)
        spec = gym.spec("reactor_env/World-v0")
        spec.kwargs = dict(self._header.env_kwargs)
        # Gymnasium's checker asks for the spaces, for which a world would be started.
        spec.disable_env_checker = True
        with warnings.catch_warnings():
            # That there is no author, no link to code and no other environment to evaluate in.
            warnings.simplefilter("ignore", UserWarning)
            return minari.create_dataset_from_buffers(
                self._id,
                [buffer],
                env=spec,
                observation_space=self._header.observation_space,
                action_space=self._header.action_space,
                algorithm_name=self._header.policy,
                description=self._header.description,
                requirements=["reactor-env"],
                jpeg_encoding=False,
            )
