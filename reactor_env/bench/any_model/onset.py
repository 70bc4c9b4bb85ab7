"""The first frame that shows an action, from pixels alone. Pure.

Of each frame four numbers are taken: how the picture moved since the frame before, to the right,
down, and outwards (:mod:`reactor_env.probes.motion`), and the mean change of luma. While nothing is
done they have a distribution. A frame in which one of them is further from its median than
:data:`FACTOR` times the :data:`QUANTILE`-th percentile of that distance, and :data:`FLOORS` more,
has left it; the first such frame after an action is its onset.

What this cannot tell: an onset within a frame's interval, an action that changes less than the
threshold, and one whose beginning is slower than a frame. How often nothing at all passes for an
onset is counted by doing nothing and watching in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.probes.motion import Luma, change, motion

FEATURES = ("right", "down", "apart", "change")
"""The numbers of a frame: motions in parts of the picture's width, the change of luma, 0 to 255."""

FLOORS = np.array([0.001, 0.001, 0.001, 0.5])
"""What codecs and the sub-pixel peak alone may add: an eighth of a pixel of the small pictures, and
half a level of luma."""

FACTOR = 2.0
QUANTILE = 99.0

SIZE = (96, 128)
"""Height and width of the small gray pictures."""

LEAST_SHARE = 0.5
"""In fewer of the trials an onset was found by chance, or the action is not clearly seen."""

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]


def features(before: Luma, after: Luma) -> Floats:
    """Return the numbers of a frame.

    Args:
        before: The frame before it, (H, W) uint8.
        after: The frame.

    Returns:
        As named by :data:`FEATURES`, (4,).
    """
    moved = motion(before, after)
    return np.array([moved.right, moved.down, moved.apart, change(before, after)])


@dataclass(frozen=True, slots=True)
class Trial:
    """One time of doing something, or nothing, and watching.

    Attributes:
        acted: Whether something was done.
        sent_ns: When the command was given to the client, or would have been.
        rest: The numbers of the frames before, (frames, 4).
        arrival: When each frame after it arrived, ns.
        seen: Their numbers, (frames, 4).
        named_ns: When the first frame came whose metadata names the action; 0 where none does.
        ended: Whether the episode ended meanwhile.
    """

    acted: bool
    sent_ns: int
    rest: Floats
    arrival: Integers
    seen: Floats
    named_ns: int = 0
    ended: bool = False

    @property
    def named_ms(self) -> float | None:
        """From sending the command to the frame that names it, ``None`` where none does."""
        return (self.named_ns - self.sent_ns) / 1e6 if self.named_ns else None


@dataclass(frozen=True, slots=True)
class Usual:
    """The distribution of the numbers of frames while nothing is done.

    Attributes:
        centre: Their medians, (4,).
        bound: How far from it is still usual, (4,).
        count: Of how many frames.
    """

    centre: Floats
    bound: Floats
    count: int

    @classmethod
    def of(cls, rest: Floats) -> Usual:
        """Learn it.

        Args:
            rest: The numbers of frames in which nothing was done, (frames, 4), at least one.

        Raises:
            ValueError: If there are none.
        """
        if not rest.size:
            raise ValueError("`rest` must have at least one frame, got none")
        centre = np.median(rest, axis=0)
        spread = np.percentile(np.abs(rest - centre), QUANTILE, axis=0)
        return cls(centre, FACTOR * spread + FLOORS, len(rest))

    def first(self, seen: Floats) -> int | None:
        """Return the first of some frames that is not usual."""
        unusual = self.excess(seen) > 1
        return int(unusual.argmax()) if unusual.any() else None

    def excess(self, seen: Floats) -> Floats:
        """Return how far each frame is from the median, in parts of what is usual; (frames,)."""
        return np.asarray((np.abs(seen - self.centre) / self.bound).max(axis=1, initial=0.0))

    def onset_ms(self, trial: Trial) -> float | None:
        """Return the time from sending to the first frame that is not usual."""
        index = self.first(trial.seen)
        return None if index is None else float(trial.arrival[index] - trial.sent_ns) / 1e6


@dataclass(frozen=True, slots=True)
class Onsets:
    """What the trials of a connection say together.

    Attributes:
        found_ms: The onset of each trial in which something was done, ``None`` where none was seen.
        named_ms: By the metadata of the frames, likewise.
        false: In how many trials an onset was seen though nothing was done.
        controls: Of how many.
        interval_ms: The median time between two frames, which is the resolution; ``None`` of no
            frames.
        usual: The distribution that an onset leaves; ``None`` without frames.
        ended: How many trials were left out since their episode ended before anything was seen.
    """

    found_ms: tuple[float | None, ...]
    named_ms: tuple[float | None, ...]
    false: int
    controls: int
    interval_ms: float | None
    usual: Usual | None
    ended: int

    @property
    def values(self) -> list[float]:
        """The onsets that were found, ms."""
        return [value for value in self.found_ms if value is not None]

    @property
    def clear(self) -> bool:
        """Whether the action is seen: in most trials, and twice as often as nothing is."""
        if not self.found_ms:
            return False
        share = len(self.values) / len(self.found_ms)
        by_chance = self.false / self.controls if self.controls else 0.0
        return share >= LEAST_SHARE and share >= 2 * by_chance

    @property
    def beyond_named_ms(self) -> list[float]:
        """By how much each onset is later than the frame that names the action."""
        pairs = zip(self.found_ms, self.named_ms, strict=True)
        return [found - named for found, named in pairs if found is not None and named is not None]


def onsets(trials: list[Trial]) -> Onsets:
    """Find the onset of each trial of one connection, by the rests of all of them."""
    if not trials:
        return Onsets((), (), 0, 0, None, None, 0)
    usual = Usual.of(np.concatenate([trial.rest for trial in trials]))
    pairs = [(trial, usual.onset_ms(trial)) for trial in trials]
    # An episode that ends after the onset has shown what it had to.
    whole = [(trial, found) for trial, found in pairs if found is not None or not trial.ended]
    acted = [(trial, found) for trial, found in whole if trial.acted]
    controls = [found for trial, found in whole if not trial.acted]
    gaps = np.concatenate([np.diff(trial.arrival) for trial in trials])
    return Onsets(
        found_ms=tuple(found for _, found in acted),
        named_ms=tuple(trial.named_ms for trial, _ in acted),
        false=sum(found is not None for found in controls),
        controls=len(controls),
        interval_ms=float(np.median(gaps)) / 1e6 if gaps.size else None,
        usual=usual,
        ended=len(trials) - len(whole),
    )
