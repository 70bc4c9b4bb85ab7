"""Holds actions back, as a slow network or a slow agent would."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import gymnasium as gym

DELAY = "injected_delay_ms"
"""The key of ``info``: how old the action in force was when the step began, in milliseconds;
``None`` while the first one is still held because of the delay."""

_DEFAULT_RATE = 30.0


class ActionDelay(gym.Wrapper[Any, Any, Any, Any]):
    """Sends each action later than it was chosen; until then the one before it is held.

    In a streamed session an action is sent when it is as many real milliseconds old, within a step
    or several steps later. In a stepped session, and in any other environment, time is counted in
    steps, so that the delay is rounded to whole ones of the world's rate; ``info`` tells which it
    became. The first action of an episode is sent at once and held: worlds that wait for the first
    action begin with it, delayed or not. Where two actions come due between two steps, only the
    newer one is sent.

    Args:
        env: The environment.
        delay_ms: The delay; may be set anew between episodes.
        rate: Steps per second; by default what the environment says.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(
        self, env: gym.Env[Any, Any], delay_ms: float = 0.0, rate: float | None = None
    ) -> None:
        super().__init__(env)
        if rate is not None and not 0 < rate < float("inf"):
            raise ValueError(f"`rate` must be positive, got {rate!r}")
        self._rate = rate
        self._queue: deque[tuple[float, Any]] = deque()
        self._held: tuple[float, Any] | None = None
        self._first: tuple[float, Any] | None = None
        self._step = 0
        self.delay_ms = delay_ms

    @property
    def delay_ms(self) -> float:
        """The delay, in milliseconds."""
        return self._delay_ms

    @delay_ms.setter
    def delay_ms(self, delay_ms: float) -> None:
        if not 0 <= delay_ms < float("inf"):
            raise ValueError(f"`delay_ms` must not be negative, got {delay_ms!r}")
        self._delay_ms = float(delay_ms)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode with no action on its way."""
        self._queue.clear()
        self._held = None
        self._step = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step with the newest action that is due."""
        streamed = getattr(self.unwrapped, "generation", None) == "streamed"
        period_ms = 1e3 / self._steps_per_second()
        now = _now_ms() if streamed else self._step * period_ms
        self._queue.append((now, action))
        if self._held is None:
            self._held = self._first = self._queue.popleft()
        # Times of steps are rounded sums; half a step is what rounding to whole ones means.
        sent = self._due(now if streamed else now + period_ms / 2 - 1e-6)
        if streamed and self._queue and self._delay_ms:
            wait_ms = self._queue[0][0] + self._delay_ms - _now_ms()
            if 0 < wait_ms < period_ms:
                time.sleep(wait_ms / 1e3)
                sent = self._due(_now_ms())
        chosen_ms, held = sent
        age_ms = (_now_ms() if streamed else now) - chosen_ms
        waits = self._delay_ms > 0 and sent is self._first
        self._step += 1
        observation, reward, terminated, truncated, info = self.env.step(held)
        return (
            observation,
            reward,
            terminated,
            truncated,
            {**info, DELAY: None if waits else age_ms},
        )

    def _due(self, now: float) -> tuple[float, Any]:
        assert self._held is not None
        while self._queue and self._queue[0][0] + self._delay_ms <= now:
            self._held = self._queue.popleft()
        return self._held

    def _steps_per_second(self) -> float:
        return float(self._rate or self.metadata.get("render_fps") or _DEFAULT_RATE)


def _now_ms() -> float:
    return time.monotonic_ns() / 1e6
