"""How one model is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often, and how long.

    Attributes:
        rounds: Connections that are measured, one after another.
        warm_up: Whether a connection before them is thrown away.
        settle_s: Seconds after the first picture in which nothing counts.
        seconds: Seconds in which frames are counted and nothing is done.
        repeats: How often an action is done and watched, and how often nothing is; 0 for neither.
        rest_s: Seconds of doing nothing before each.
        longest_s: An action that shows later than that is not waited for.
        preset: What to do: the name of a preset.
        controls: Instead of it, values by the name of a control. By default the first of some
            actions that moves the picture.
        options: Of the reset that begins an episode.
        seed: Of the episode, and of the moments at which actions come.

    Raises:
        ValueError: If one is out of range.
    """

    rounds: int = 1
    warm_up: bool = False
    settle_s: float = 1.0
    seconds: float = 10.0
    repeats: int = 10
    rest_s: float = 0.7
    longest_s: float = 5.0
    preset: str = ""
    controls: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1

    def __post_init__(self) -> None:
        """Check the values."""
        if self.rounds < 1:
            raise ValueError(f"`rounds` must be at least 1, got {self.rounds}")
        if self.repeats < 0:
            raise ValueError(f"`repeats` must not be negative, got {self.repeats}")
        if self.seed < 0:
            raise ValueError(f"`seed` must not be negative, got {self.seed}")
        for name in ("seconds", "rest_s", "longest_s"):
            if not 0 < getattr(self, name) <= 600:
                raise ValueError(f"`{name}` must be up to 600, and positive: {getattr(self, name)}")
        if not 0 <= self.settle_s <= 600:
            raise ValueError(f"`settle_s` must be 0 to 600, got {self.settle_s}")
