"""An environment built from functions: good as it is, broken by overriding one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from reactor_env.client.schema import ModelSchema
from reactor_env.spaces import ActionMap, action_map
from reactor_env.testing import EnvironmentCompliance
from tests.spaces.models import command, integer, model

SCHEMA = model(command("act", integer("action", 0, 2)))
LENGTH = 6
"""Steps of an episode; the frame's upper row shows the step, its lower rows the seed."""


class FakeSession:
    """A session that can be lost."""

    lost = ""

    def lose(self, reason: str) -> None:
        self.lost = reason


class FakeEnv(gym.Env[Any, Any]):
    """What a :class:`~reactor_env.env.ReactorEnv` is to the compliance suite, without a model.

    Attributes:
        opened: How many sessions were ever opened, by all of them.
        open: How many are open.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012
    opened: ClassVar[int] = 0
    open: ClassVar[int] = 0

    def __init__(self) -> None:
        self.action_space: gym.Space[Any] = gym.spaces.Discrete(3)
        self.observation_space: gym.Space[Any] = gym.spaces.Box(0, 255, (4, 4, 3), np.uint8)
        self.schema: ModelSchema = SCHEMA
        self.action_map: ActionMap = action_map(SCHEMA)
        self.reset_options: tuple[str, ...] = ("seed", "prompt", "session")
        self.horizon = LENGTH
        self._session: FakeSession | None = None
        self._needs_reset = "it was never reset"
        self._prompt = ""
        self._frame_id = self._episode = self._step = self._seed = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        given = dict(options or {})
        super().reset(seed=seed)
        if seed is not None and seed >= 2**53:
            raise ValueError(f"`seed` must be 0 to 2**53 - 1, got {seed}")
        unknown = sorted(set(given) - set(self.reset_options))
        if unknown:
            raise ValueError(f"`options` must be one of {self.reset_options}, got {unknown}")
        wanted = given.get("session")
        if wanted not in (None, "new"):
            raise ValueError(f'`options["session"]` must be "new", got {wanted!r}')
        self._prompt = given.get("prompt", self._prompt)
        if not self._prompt:
            raise ValueError("`options` must give 'prompt', got none")
        if wanted == "new" or (self._session is not None and self._session.lost):
            self.end_session()
        if self._session is None:
            self._session = self.open_session()
        self._seed = seed if seed is not None else self._seed + 1
        self._needs_reset = ""
        self._episode += 1
        self._step = 0
        return self.draw(), self.info()

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        if self._needs_reset:
            raise gym.error.ResetNeeded(f"cannot step this environment: {self._needs_reset}")
        if not self.action_space.contains(action):
            raise ValueError(f"`action` must be in {self.action_space}, got {action!r}")
        assert self._session is not None
        if self._session.lost:
            info = self.info() | {"end": "session lost", "session_lost": self._session.lost}
            self._needs_reset = "its session was lost"
            self.end_session()
            return self.draw(), 0.0, False, True, info
        self._step += 1
        over = self._step >= self.horizon
        if over:
            self._needs_reset = "the episode is over"
        info = self.info() | {"end": f"horizon of {self.horizon} steps" if over else None}
        return self.draw(), 1.0, False, over, info

    def close(self) -> None:
        self._needs_reset = "it was closed"
        self.end_session()

    def open_session(self) -> FakeSession:
        type(self).opened += 1
        type(self).open += 1
        return FakeSession()

    def end_session(self) -> None:
        if self._session is not None:
            type(self).open -= 1
        self._session = None

    def draw(self) -> Any:
        frame = np.full((4, 4, 3), 40 + self._seed % 100, np.uint8)
        frame[0] = 40 + self._step
        return frame

    def info(self) -> dict[str, Any]:
        self._frame_id += 1
        return {
            "frame_id": self._frame_id,
            "frames_skipped": 0,
            "frame_repeated": False,
            "frame_age_ms": None,
            "action_to_frame_ms": 2.5,
            "ack_ms": None,
            "applied_by": None,
            "wait_ms": 1.0,
            "convert_ms": 0.1,
            "step_ms": 1.2,
            "metadata": {"episode": self._episode, "step": self._step},
            "messages": [],
        }


class FakeCompliance(EnvironmentCompliance):
    """The suite on a fake that claims everything."""

    reset_options: ClassVar[dict[str, Any]] = {"prompt": "a room"}
    fake: ClassVar[Callable[[], FakeEnv]] = FakeEnv
    steps = 5
    deterministic = seeded_resets = ends = True
    horizon = LENGTH
    other_size: ClassVar[dict[str, Any]] = {"prompt": "a wide room"}
    settle_s = 0.3

    def make_env(self) -> gym.Env[Any, Any]:
        return type(self).fake()

    def make_vector_env(self) -> Any:
        return SyncVectorEnv([self.make_env] * 2, autoreset_mode=AutoresetMode.NEXT_STEP)

    def sessions_left(self) -> int:
        return FakeEnv.open


def checks() -> Iterator[str]:
    """Yield the names of the suite's checks."""
    for name in dir(EnvironmentCompliance):
        if name.startswith("test_"):
            yield name
