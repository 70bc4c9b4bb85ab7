"""The compliance suite on twins: what every one of them has in common."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import gymnasium as gym
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.env import Mode
from reactor_env.runtime import LocalRuntime
from reactor_env.spaces import Form
from reactor_env.testing import EnvironmentCompliance
from reactor_env.testing.base import pixels
from tests.compliance.rows import row
from tests.twins.controls import LAYOUTS
from tests.twins.fixtures import start_twin
from tests.twins.picture import Picture, read

FREE = "ready"
"""The state of a runtime's session when there is none."""

_TIMEOUT_S = 10.0


class TwinCompliance(EnvironmentCompliance):
    """Of a twin, in a runtime that runs before and after the environment; its pictures are read.

    Attributes:
        twin: Its name.
        mode: Of the environment.
        frames_per_step: How many frames the twin makes at a time, where not as many as the model.
        size: Of observations; where it must be said because a frame tells only after an image.
        form: The form of actions.
        run_limit: The length of a run in chunks; ``None`` for the twin's own.
        difficult: Whether the first frame of every run is black, and frames grow in the middle.
    """

    twin: ClassVar[str]
    mode: ClassVar[Mode]
    frames_per_step: ClassVar[int | None] = None
    size: ClassVar[tuple[int, int] | None] = None
    form: ClassVar[Form] = "auto"
    run_limit: ClassVar[int | None] = None
    difficult: ClassVar[bool] = True
    runtime: ClassVar[LocalRuntime]
    steps = 5
    longest_episode = 60

    @classmethod
    def row(cls) -> str:
        """Return the name of this row of the table."""
        return row(cls.twin, cls.mode)

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def serve(cls) -> Iterator[None]:
        switches: dict[str, Any] = {"black_first": True, "resize_at": 3} if cls.difficult else {}
        if cls.run_limit is not None:
            switches["run_limit"] = cls.run_limit
        with start_twin(cls.twin, **switches) as cls.runtime:
            yield

    def make_env(self) -> gym.Env[Any, Any]:
        return gym.make(
            "reactor_env/World-v0",
            model=self.twin,
            local=True,
            api_url=self.runtime.url,
            mode=self.mode,
            frames_per_step=self.frames_per_step,
            observation={"size": self.size},
            action_form=self.form,
            horizon=self.horizon,
            **self.more(),
        )

    def more(self) -> dict[str, Any]:
        """Return further arguments of the environment."""
        return {}

    def picture(self, observation: Any) -> Picture:
        """Read what a frame shows."""
        shown = read(pixels(observation), LAYOUTS[self.twin])
        assert shown is not None, "the frame shows no picture of the twin"
        return shown

    def episode_of(self, observation: Any, info: Mapping[str, Any]) -> int:
        return self.picture(observation).run

    def content(self, observation: Any) -> NDArray[Any]:
        shown = self.picture(observation)
        controls = (repr(shown.controls[name]) for name in sorted(shown.controls))
        return np.array([shown.seed, shown.chunk, shown.frame, *controls], dtype=object)

    def lose_session(self, env: gym.Env[Any, Any]) -> None:
        httpx.post(f"{self.runtime.url}/stop_session", trust_env=False).raise_for_status()
        assert not self._open_within(_TIMEOUT_S)

    def sessions_left(self) -> int:
        return int(self._open_within(_TIMEOUT_S))

    def _open_within(self, wait_s: float) -> bool:
        """Tell whether the runtime has a session still, once it has had time to end it."""
        deadline = time.monotonic() + wait_s
        while self._state() != FREE:
            if time.monotonic() >= deadline:
                return True
            time.sleep(0.05)
        return False

    def _state(self) -> str:
        answer = httpx.get(f"{self.runtime.url}/session", trust_env=False)
        return str(answer.json()["state"])
