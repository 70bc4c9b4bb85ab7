"""Vector: several sessions stepped together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from reactor_env.testing.base import Compliance, describe, open_session, pixels
from reactor_env.testing.verdict import require

_SEE = "`num_envs` and `api_url` of make_vector_env(): a local runtime has one session at a time"

Vector = VectorEnv[Any, Any, Any]


class VectorCompliance(Compliance):
    """Slots are stepped together, each in a session of its own. A session for each slot."""

    @pytest.fixture(scope="class")
    @classmethod
    def envs(cls) -> Iterator[Vector]:
        """The vector that the checks of a class share; closed after the last of them."""
        envs = cls().make_vector_env()
        if envs is None:
            pytest.skip("make_vector_env() is not overridden: one session at a time")
        try:
            yield envs
        finally:
            envs.close()

    def test_a_vector_resets_and_steps_every_slot(self, envs: Vector) -> None:
        """Observations, rewards and ends come as batches, one entry for each slot."""
        count = envs.num_envs
        require(count >= 2, expected="a vector has two slots or more", got=count, see=_SEE)
        observations, _ = self._begin(envs)
        self._check_batch(envs, observations, "the reset")
        for number in range(1, self.steps + 1):
            observations, rewards, terminations, truncations, _ = envs.step(
                envs.action_space.sample()
            )
            self._check_batch(envs, observations, f"step {number}")
            for name, batch, dtype in (
                ("rewards", rewards, np.float64),
                ("terminations", terminations, np.bool_),
                ("truncations", truncations, np.bool_),
            ):
                require(
                    isinstance(batch, np.ndarray)
                    and (batch.shape, batch.dtype) == ((count,), dtype),
                    expected=f"`{name}` is an array of shape ({count},), {np.dtype(dtype)}",
                    got=describe(batch),
                    see="the wrappers around the vector environment",
                )

    def test_every_slot_gets_frames_of_its_own_session(self, envs: Vector) -> None:
        """Every step gives every slot a newer frame, each from another session."""
        _, infos = self._begin(envs)
        sessions = [open_session(env) for env in getattr(envs.unwrapped, "envs", ())]
        require(
            len({id(session) for session in sessions}) == len(sessions) and None not in sessions,
            expected=f"{envs.num_envs} slots have {envs.num_envs} sessions",
            got=f"{len({id(session) for session in sessions})} sessions",
            see=_SEE,
        )
        last = np.array(infos["frame_id"])
        for number in range(1, self.steps + 1):
            *_, terminations, truncations, infos = envs.step(envs.action_space.sample())
            if (terminations | truncations).any():
                break
            frames = np.array(infos["frame_id"])
            require(
                bool((frames > last).all()),
                expected=f"step {number} gives every slot a newer frame than {last.tolist()}",
                got=frames.tolist(),
                see=_SEE,
            )
            last = frames

    def _begin(self, envs: Vector) -> tuple[Any, dict[str, Any]]:
        envs.action_space.seed(1)
        return envs.reset(seed=3, options=dict(self.reset_options) or None)

    def _check_batch(self, envs: Vector, observations: Any, where: str) -> None:
        require(
            envs.observation_space.contains(pixels(observations)),
            expected=f"the observations after {where} are in {envs.observation_space}",
            got=describe(observations),
            see="the `observation` argument of the environment",
        )
