"""What happened in a training so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

RECENT = 100
"""Episodes of which the mean return is told."""


@dataclass
class TrainingLog:
    """Counts what the steps of a training tell.

    Attributes:
        steps: Steps that were learned from, of all slots together.
        seconds: They took, learning included.
        returns: Of the episodes that were played to their end, in the order in which they ended.
        ended_at: The step at which each did.
        sessions_lost: Sessions that were lost; their episodes count as cut short for the agent,
            and are not in ``returns``.
        deadlines_missed: Steps that began too late for their tick; ``None`` without a clock.
        frames_skipped: Frames that nobody saw because newer ones had come.
    """

    steps: int = 0
    seconds: float = 0.0
    returns: list[float] = field(default_factory=list)
    ended_at: list[int] = field(default_factory=list)
    sessions_lost: int = 0
    deadlines_missed: int | None = None
    frames_skipped: int = 0

    def add(self, steps: int, infos: Sequence[Mapping[str, Any]]) -> None:
        """Note a step of all slots.

        Args:
            steps: How many there are with it.
            infos: Of each slot.
        """
        self.steps = steps
        for info in infos:
            self.frames_skipped += int(info.get("frames_skipped") or 0)
            if (missed := info.get("deadline_missed")) is not None:
                self.deadlines_missed = (self.deadlines_missed or 0) + bool(missed)
            if "session_lost" in info:
                self.sessions_lost += 1
            elif (episode := info.get("episode")) is not None:
                self.returns.append(round(float(episode["r"]), 6))
                self.ended_at.append(steps)

    def cut(self, steps: int) -> None:
        """Forget the steps after so many, but not what was lost in them."""
        self.steps = steps
        kept = sum(ended <= steps for ended in self.ended_at)
        del self.returns[kept:], self.ended_at[kept:]

    @property
    def episodes(self) -> int:
        """How many episodes were played to their end."""
        return len(self.returns)

    @property
    def recent(self) -> float | None:
        """Mean return of the last hundred episodes; ``None`` before the first has ended."""
        last = self.returns[-RECENT:]
        return sum(last) / len(last) if last else None

    @property
    def steps_per_second(self) -> float | None:
        """Learning included; ``None`` before there was time to measure."""
        return self.steps / self.seconds if self.steps and self.seconds else None

    def document(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return {
            **asdict(self),
            "seconds": round(self.seconds, 3),
            "steps_per_second": self.steps_per_second,
            "episodes": self.episodes,
            "mean_return_of_last_100": self.recent,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> TrainingLog:
        """Return what :meth:`document` gave."""
        known = cls.__dataclass_fields__
        return cls(**{key: value for key, value in document.items() if key in known})


def check_same(before: Mapping[str, Any], now: Mapping[str, Any], free: Sequence[str] = ()) -> None:
    """Refuse to go on with a training by other arguments than it was begun with.

    Args:
        before: Those it was begun with, by their names, as JSON has them.
        now: Those of today.
        free: Names of arguments that may change.

    Raises:
        ValueError: If others have changed; names them as they are typed.
    """
    names = [name for name in dict.fromkeys((*before, *now)) if name not in free]
    changed = [
        f"--{name.replace('_', '-')} must be {before.get(name)}, got {now.get(name)}"
        for name in names
        if before.get(name) != now.get(name)
    ]
    if changed:
        raise ValueError(f"a training is resumed as it was begun: {'; '.join(changed)}")
