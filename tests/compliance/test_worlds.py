"""The compliance suite on the bundled worlds, each in a runtime that the environment starts."""

from __future__ import annotations

import os
import signal
from typing import Any, ClassVar

import gymnasium as gym
import pytest
from gymnasium.vector import VectorEnv

from reactor_env.source import WorldSource
from reactor_env.testing import EnvironmentCompliance
from reactor_env.testing.base import world_of
from tests.compliance.rows import row


class WorldCompliance(EnvironmentCompliance):
    """Of a bundled world; a session is lost with the runtime's process.

    Attributes:
        arguments: Of the environment.
    """

    arguments: ClassVar[dict[str, Any]]
    ends = True

    @classmethod
    def row(cls) -> str:
        """Return the name of this row of the table."""
        arguments = cls.arguments
        return row(arguments["world"], arguments["mode"], arguments.get("pacing", ""))

    def make_env(self) -> gym.Env[Any, Any]:
        return gym.make("reactor_env/World-v0", **self.arguments)

    def lose_session(self, env: gym.Env[Any, Any]) -> None:
        source = world_of(env)._source
        assert isinstance(source, WorldSource)
        assert source.runtime.pid is not None
        os.kill(source.runtime.pid, signal.SIGKILL)


class TestCatchStepped(WorldCompliance):
    arguments: ClassVar[dict[str, Any]] = {"world": "catch", "mode": "stepped"}
    deterministic = seeded_resets = True

    def make_vector_env(self) -> VectorEnv[Any, Any, Any]:
        return gym.make_vec("reactor_env/World-v0", num_envs=2, **self.arguments)


class TestCatchStreamed(WorldCompliance):
    arguments: ClassVar[dict[str, Any]] = {"world": "catch", "mode": "streamed", "fps": 60}


@pytest.mark.slow
class TestCartPoleStepped(WorldCompliance):
    horizon = 5
    arguments: ClassVar[dict[str, Any]] = {
        "world": "gym:CartPole-v1",
        "mode": "stepped",
        "horizon": horizon,
        "observation": {"size": (84, 84), "gray": True},
    }
    deterministic = seeded_resets = True

    def make_vector_env(self) -> VectorEnv[Any, Any, Any]:
        return gym.make_vec("reactor_env/World-v0", num_envs=2, **self.arguments)


@pytest.mark.slow
class TestCartPoleStreamed(WorldCompliance):
    arguments: ClassVar[dict[str, Any]] = {
        "world": "gym:CartPole-v1",
        "mode": "streamed",
        "pacing": "latest",
        "observation": {"channels_first": True, "tensor": "torch"},
    }

    def make_vector_env(self) -> VectorEnv[Any, Any, Any]:
        arguments = {**self.arguments, "pacing": "next"}
        return gym.make_vec("reactor_env/World-v0", num_envs=2, **arguments)


@pytest.mark.slow
class TestCatchApplied(WorldCompliance):
    horizon = 4
    arguments: ClassVar[dict[str, Any]] = {
        "world": "catch",
        "mode": "streamed",
        "pacing": "applied",
        "fps": 30,
        "horizon": horizon,
    }


@pytest.mark.slow
class TestProbeStepped(WorldCompliance):
    ends = False
    arguments: ClassVar[dict[str, Any]] = {
        "world": "probe",
        "mode": "stepped",
        "world_kwargs": {"width": 64, "height": 64},
    }


@pytest.mark.slow
class TestProbeStreamed(WorldCompliance):
    ends = False
    arguments: ClassVar[dict[str, Any]] = {
        "world": "probe",
        "mode": "streamed",
        "fps": 60,
        "world_kwargs": {"width": 64, "height": 64},
    }


@pytest.mark.slow
class TestRoomStepped(WorldCompliance):
    ends = False
    arguments: ClassVar[dict[str, Any]] = {"world": "room", "mode": "stepped"}
    deterministic = seeded_resets = True


@pytest.mark.slow
class TestRoomStreamed(WorldCompliance):
    ends = False
    arguments: ClassVar[dict[str, Any]] = {"world": "room", "mode": "streamed", "fps": 30}


class DreamCartPole(WorldCompliance):
    """A learned world; episodes are short, and pictures the model's own."""

    horizon = 5


class TestDreamCartPoleStepped(DreamCartPole):
    arguments: ClassVar[dict[str, Any]] = {
        "world": "dream-cartpole",
        "mode": "stepped",
        "horizon": DreamCartPole.horizon,
        "world_kwargs": {"enlarge": False},
    }
    deterministic = seeded_resets = True


@pytest.mark.slow
class TestDreamCartPoleStreamed(DreamCartPole):
    arguments: ClassVar[dict[str, Any]] = {
        "world": "dream-cartpole",
        "mode": "streamed",
        "horizon": DreamCartPole.horizon,
        "world_kwargs": {"enlarge": False},
    }
