"""What the window says over the picture. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

_KEPT = 120


class Overlay:
    """Keeps the last seconds' measurements and puts them in words."""

    def __init__(self) -> None:
        self._shown_ns: deque[int] = deque(maxlen=_KEPT)
        self._times: dict[str, deque[float]] = {}
        self._return = 0.0
        self._steps = 0
        self._episode = 1
        self._end = ""
        self._missed: int | None = None

    def begin(self) -> None:
        """Note that another episode began."""
        if self._steps:
            self._episode += 1
        self._return, self._steps, self._end = 0.0, 0, ""

    def step(self, reward: float, info: Mapping[str, Any], now_ns: int) -> None:
        """Note a step.

        Args:
            reward: Its reward.
            info: What the environment says about it.
            now_ns: When it returned, on :func:`time.monotonic_ns`.
        """
        self._return += reward
        self._steps += 1
        self._end = str(info.get("session_lost") or info.get("end") or "")
        self._missed = info.get("deadlines_missed")
        if not info.get("frame_repeated"):
            self._shown_ns.append(now_ns)
        for key in ("frame_age_ms", "action_to_frame_ms", "step_ms"):
            value = info.get(key)
            if value is not None:
                self._times.setdefault(key, deque(maxlen=_KEPT)).append(float(value))

    @property
    def fps(self) -> float | None:
        """New frames per second; ``None`` before there are two."""
        if len(self._shown_ns) < 2:
            return None
        seconds = (self._shown_ns[-1] - self._shown_ns[0]) / 1e9
        return (len(self._shown_ns) - 1) / seconds if seconds > 0 else None

    def lines(self, *, paused: bool, player: str = "") -> list[str]:
        """Return the text.

        Args:
            paused: Whether the game stands still.
            player: Who plays, in words; nothing is said of it by default.
        """
        lines = [f"episode {self._episode}   step {self._steps}   return {self._return:g}"]
        if player:
            lines.append(player)
        parts = [f"{self.fps:.0f} fps"] if self.fps is not None else []
        names = {
            "action_to_frame_ms": "action to frame",
            "frame_age_ms": "frame age",
            "step_ms": "step",
        }
        for key, name in names.items():
            if key in self._times:
                parts.append(f"{name} {np.median(self._times[key]):.0f} ms")
        if self._missed:
            parts.append(f"{self._missed} deadlines missed")
        if parts:
            lines.append("   ".join(parts))
        if self._end:
            lines.append(f"over: {self._end.splitlines()[0]}")
        if paused:
            lines.append("paused   (p goes on, . makes one step)")
        return lines
