"""Small environments whose every step is known, some of which wait to be told to go on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym

from reactor_env.vector import ThreadVectorEnv

WAIT_S = 10.0


class Counter(gym.Env[Any, Any]):
    """Observes the number of steps of the episode; the reward is the action."""

    metadata: dict[str, Any] = {"render_modes": ["ansi"]}  # noqa: RUF012

    def __init__(self, length: int = 3) -> None:
        self.observation_space = gym.spaces.Discrete(100)
        self.action_space = gym.spaces.Discrete(5)
        self.length = length
        self.count = 0
        self.resets: list[tuple[int | None, dict[str, Any] | None]] = []
        self.closed = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.resets.append((seed, options))
        self.count = 0
        return 0, {"begun": len(self.resets)}

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        if action not in self.action_space:
            raise ValueError(f"`action` must be in {self.action_space}, got {action!r}")
        self.count += 1
        return self.count, float(action), self.count == self.length, False, {"count": self.count}

    def render(self) -> Any:
        return f"{self.count} of {self.length}"

    def close(self) -> None:
        self.closed += 1


class Gated(Counter):
    """Waits in ``reset`` and ``step`` until its gate is open."""

    def __init__(self, length: int = 100) -> None:
        super().__init__(length)
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)

    def _wait(self) -> None:
        self.entered.release()
        assert self.gate.wait(WAIT_S), "nobody opened the gate"

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        self._wait()
        return super().reset(seed=seed, options=options)

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self._wait()
        return super().step(action)


class Losing(Counter):
    """Loses its session when told to, as ReactorEnv reports it."""

    lose = False

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        if not self.lose:
            return super().step(action)
        self.lose = False
        return self.count, 0.0, False, True, {"session_lost": "the cable was cut"}


@contextmanager
def vector(*makers: Callable[[], gym.Env[Any, Any]], **kwargs: Any) -> Iterator[ThreadVectorEnv]:
    """Make a vector that is closed in the end."""
    envs = ThreadVectorEnv(makers, **kwargs)
    try:
        yield envs
    finally:
        envs.close()
