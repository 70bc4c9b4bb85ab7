"""What actions with a usual name should do to the picture, and what undoes them. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from reactor_env.probes.motion import Motion

Direction = Literal["right", "down", "apart"]


@dataclass(frozen=True, slots=True)
class Expected:
    """How the picture should move.

    Attributes:
        direction: The part of a :class:`~reactor_env.probes.motion.Motion`.
        sign: 1 or -1.
    """

    direction: Direction
    sign: int

    def of(self, motion: Motion) -> float:
        """Return how much of a motion is as expected; negative where it is the other way."""
        return self.sign * float(getattr(motion, self.direction))


EXPECTED = {
    "forward": Expected("apart", 1),
    "back": Expected("apart", -1),
    "strafe_left": Expected("right", 1),
    "strafe_right": Expected("right", -1),
    "left": Expected("right", 1),
    "right": Expected("right", -1),
    "turn_left": Expected("right", 1),
    "turn_right": Expected("right", -1),
    "look_up": Expected("down", 1),
    "look_down": Expected("down", -1),
}
"""What is seen when the camera does as the preset's name says."""

_OPPOSITES = (
    ("forward", "back"),
    ("strafe_left", "strafe_right"),
    ("left", "right"),
    ("turn_left", "turn_right"),
    ("look_up", "look_down"),
)

NEUTRAL = ("idle", "nothing")
"""What the preset is called that does nothing."""


def opposites(presets: Collection[str]) -> list[tuple[str, str]]:
    """Return the pairs of presets that undo each other."""
    return [pair for pair in _OPPOSITES if pair[0] in presets and pair[1] in presets]


def turns(presets: Collection[str]) -> list[str]:
    """Return the presets that turn the camera, which come round in the end."""
    return [name for name in ("turn_left", "turn_right") if name in presets]
