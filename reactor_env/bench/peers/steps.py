"""This package as a Gymnasium environment: frames come by ``step()``, commands go by it."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np

from reactor_env.bench.peers.base import Peer
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.trace import Integers
from reactor_env.client.errors import ReactorClientError
from reactor_env.env import ReactorEnv
from reactor_env.observations import Observation


class Steps(Peer):
    """An agent that steps all the time, ``pacing="next"``, and acts anew when told.

    A new action waits for the step before it to return, as an agent's does. Every step sends a
    command, with a number of the environment's own. Small observations are not made: the size of
    an environment's observations is fixed.
    """

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._env = ReactorEnv(
            model="probe",
            local=True,
            api_url=url,
            mode="streamed",
            pacing="next",
            observation=Observation(size=None),
        )
        self._agent = threading.Thread(target=self._play, name="bench-agent", daemon=True)
        self._wanted = (0, -1)
        self._begun: list[tuple[int, int]] = []
        self._closing = False

    async def connect(self) -> dict[str, float]:
        """Reset, which connects and waits for the episode's first frame."""
        observation, _ = await asyncio.to_thread(self._env.reset, seed=1)
        self.recorder.frame(observation)
        self._agent.start()
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Have the next step take another action."""
        self._wanted = (action, sequence)

    async def close(self) -> None:
        """Stop the agent, then close the environment."""
        self._closing = True
        if self._agent.ident is not None:
            await asyncio.to_thread(self._agent.join, 5.0)
        await asyncio.to_thread(self._env.close)

    def actions(self, shown: Integers) -> Integers:
        """Return the commands' numbers instead of those of the steps that took them."""
        steps = np.array([step for step, _ in self._begun], np.int64)
        sequences = np.array([-1, *(sequence for _, sequence in self._begun)], np.int64)
        found: Integers = sequences[np.searchsorted(steps, shown, side="right")]
        return found

    def _play(self) -> None:
        step, last = 0, -1
        while not self._closing:
            action, sequence = self._wanted
            # A session counts its actions from 1.
            step += 1
            if sequence != last:
                self._begun.append((step, sequence))
                last = sequence
            try:
                observation, *_ = self._env.step(np.int64(action))
            except ReactorClientError:
                return
            self.recorder.frame(observation)
            time.sleep(self.pause_s)
