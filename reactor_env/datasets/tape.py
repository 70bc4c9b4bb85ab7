"""Where the episodes of a dataset go while they are played."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym

from reactor_env.datasets.columns import observed
from reactor_env.datasets.exporter import Exporter
from reactor_env.datasets.spool import Header, SpoolWriter, Step
from reactor_env.recorder.sight import times


class DatasetTape:
    """Spools the episodes of one environment, and hands each over when it is finished.

    Args:
        env: The environment.
        exporter: Started already; adds finished episodes to the dataset.
        header: Makes the header, after the first reset.
    """

    def __init__(
        self, env: gym.Env[Any, Any], exporter: Exporter, header: Callable[[], Header]
    ) -> None:
        self._env = env
        self._exporter = exporter
        self._header: Callable[[], Header] | None = header
        self._spool: SpoolWriter | None = None
        # The wall clock is asked once, so that setting it in mid-recording bends no time.
        self._unix_offset_ns = time.time_ns() - time.monotonic_ns()

    def begin(self, observation: Any, info: Mapping[str, Any], seed: int | None) -> None:
        """Note what a reset returned.

        Args:
            observation: (H, W, 3) uint8.
            info: Beside it.
            seed: What was given to it.
        """
        self.discard()
        if self._header is not None:
            self._exporter.begin(self._header())
            self._header = None
        self._spool = SpoolWriter(self._exporter.spool_folder(), seed)
        self._add(observation, info, None)

    def step(self, observation: Any, info: Mapping[str, Any], step: Step) -> None:
        """Note what a step returned; the one that ends the episode hands it over."""
        self._add(observation, info, step)
        if step.terminated or step.truncated:
            spool, self._spool = self._spool, None
            assert spool is not None
            spool.finish()
            self._exporter.add(spool.folder)

    def discard(self) -> None:
        """Throw an unfinished episode away. Safe to call twice."""
        spool, self._spool = self._spool, None
        if spool is not None:
            with contextlib.suppress(OSError):
                spool.close()
            shutil.rmtree(spool.folder, ignore_errors=True)

    def _add(self, observation: Any, info: Mapping[str, Any], step: Step | None) -> None:
        assert self._spool is not None
        arrival_ns, capture_us = times(self._env)
        arrival_us = (arrival_ns + self._unix_offset_ns) // 1000
        self._spool.add(observation, observed(info, arrival_us, capture_us), step)
