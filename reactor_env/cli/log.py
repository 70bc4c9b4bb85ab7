"""What a rollout measured, step by step. Pure bookkeeping, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reactor_env.latency import Summary, summarize


@dataclass(frozen=True, slots=True)
class Metric:
    """One of the measured times.

    Attributes:
        key: Its key in ``info``; in milliseconds.
        label: Its name for people.
    """

    key: str
    label: str


METRICS = (
    Metric("step_ms", "step time"),
    Metric("frame_age_ms", "frame age"),
    Metric("action_to_frame_ms", "action to frame"),
    Metric("ack_ms", "action to ack"),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture the rollout showed: the first of an episode, or the answer to a step.

    Attributes:
        time_s: Seconds since the rollout began.
        step: Steps made in the rollout so far.
        total: The episode's return so far.
        action_to_frame_ms: Of this step, where known.
    """

    time_s: float
    step: int
    total: float
    action_to_frame_ms: float | None


@dataclass
class RolloutLog:
    """Collects the steps of a rollout.

    Attributes:
        times_ms: For every metric its value at each step; ``None`` where a step has none.
        pictures: What there was to see, in order.
        episode_starts: The number of steps made before each episode.
        returns: The return of every episode that ended; not of those a lost session cut off.
        total: The return of the running episode so far.
        running: Whether an episode is running.
        elapsed_s: Seconds from the first observation to the last one.
        frames_skipped: Frames of the model that no step returned.
        frames_repeated: Steps that returned the frame of the step before.
        deadlines_missed: Steps that missed theirs; ``None`` where none has one.
        sessions_lost: Why each lost session was lost.
    """

    times_ms: dict[str, list[float | None]] = field(
        default_factory=lambda: {metric.key: [] for metric in METRICS}
    )
    pictures: list[Picture] = field(default_factory=list)
    episode_starts: list[int] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    total: float = 0.0
    running: bool = False
    elapsed_s: float = 0.0
    frames_skipped: int = 0
    frames_repeated: int = 0
    deadlines_missed: int | None = None
    sessions_lost: list[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps made."""
        return len(self.times_ms["step_ms"])

    @property
    def episode(self) -> int:
        """The number of the running or last episode, from 1; 0 before the first."""
        return len(self.episode_starts)

    @property
    def mean_return(self) -> float | None:
        """Mean over the episodes that ended; ``None`` before the first end."""
        return sum(self.returns) / len(self.returns) if self.returns else None

    @property
    def steps_per_s(self) -> float | None:
        """Steps per second of the whole loop, with policy, resets and video."""
        return self.steps / self.elapsed_s if self.steps and self.elapsed_s > 0 else None

    def begin_episode(self, time_s: float) -> None:
        """Note that an episode began.

        Args:
            time_s: Seconds since the rollout began.
        """
        self.episode_starts.append(self.steps)
        self.total = 0.0
        self.running = True
        self._show(time_s, None)

    def add(self, time_s: float, reward: float, over: bool, info: Mapping[str, Any]) -> None:
        """Note one step.

        Args:
            time_s: Seconds since the rollout began.
            reward: As ``step()`` returned it.
            over: Whether the episode ended with this step.
            info: As ``step()`` returned it.
        """
        for key, values in self.times_ms.items():
            values.append(info.get(key))
        self.total += reward
        self.frames_skipped += int(info.get("frames_skipped") or 0)
        self.frames_repeated += bool(info.get("frame_repeated"))
        if info.get("deadline_missed") is not None:
            self.deadlines_missed = (self.deadlines_missed or 0) + bool(info["deadline_missed"])
        if over:
            self.running = False
        if "session_lost" in info:
            self.sessions_lost.append(str(info["session_lost"]))
        elif over:
            self.returns.append(self.total)
        self._show(time_s, info.get("action_to_frame_ms"))

    def summary(self, key: str) -> Summary | None:
        """Summarize a metric.

        Args:
            key: One of the keys in :data:`METRICS`.

        Returns:
            Its percentiles in milliseconds, ``None`` where no step had a value.
        """
        return summarize(self.times_ms[key])

    def _show(self, time_s: float, action_to_frame_ms: float | None) -> None:
        self.elapsed_s = time_s
        self.pictures.append(Picture(time_s, self.steps, self.total, action_to_frame_ms))
