"""The probes: each does things in a world several times and says what came of it.

===============  ================================================================================
``responds``     each named action moves the picture as its name says, and after how long
``holds_still``  nothing moves while nothing is done; contrast stays
``comes_back``   an action and the one that undoes it come to where they began; for turns also from
                 so far away that what is seen must be remembered
``comes_round``  turning on shows the start again
``repeats``      equal seeds and equal actions give equal pictures; streamed, equal beginnings
``keeps_pace``   frames a second as announced, as emitted, as delivered
===============  ================================================================================

Likeness is the structural similarity of gray pictures. A world in which nothing moves would come
back and round perfectly: it is flagged ``no_motion`` and scores 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from reactor_env.likeness import ssim
from reactor_env.probes.directions import EXPECTED, Expected, opposites, turns
from reactor_env.probes.findings import NO_MOTION, WRONG_WAY, Finding, mean_curve, returned
from reactor_env.probes.motion import Luma, change, motion
from reactor_env.probes.player import Player, Seen

LEAST_MOTION = 0.002
"""Of the picture's width in a frame: less is no motion."""

LEAST_CHANGE = 0.1
"""How much less like the start a picture must be for something to have moved."""

_ONSET_FACTOR, _ONSET_FLOOR = 2.0, 0.5
_ABOUT = 0.8
"""How much of the way back to the start counts as having come round at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the probes play; counts are of steps.

    Attributes:
        repeats: How often each is played, with another seed each time.
        rest: Of doing nothing before and after.
        hold: Of holding an action.
        near: Of going away before coming back.
        far: Of turning away so far that nothing of the start is seen.
        still: Of holding still.
        turn: Of turning until the start should have come round.
        seed: Of the first repeat.
        options: Of every reset.

    Raises:
        ValueError: If a count is not positive.
    """

    repeats: int = 5
    rest: int = 6
    hold: int = 8
    near: int = 4
    far: int = 12
    still: int = 60
    turn: int = 80
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("repeats", "rest", "hold", "near", "far", "still", "turn"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"`seed` must not be negative, got {self.seed}")


def probe(
    player: Player,
    settings: Settings | None = None,
    *,
    names: Sequence[str] = (),
    on_finding: Callable[[Finding], None] = lambda _: None,
) -> list[Finding]:
    """Play probes.

    Args:
        player: Plays the world.
        settings: How.
        names: Which probes, of :data:`PROBES`; all by default.
        on_finding: Called with everything that was found.

    Raises:
        ValueError: If there is no such probe.
    """
    settings = settings or Settings()
    for name in names:
        if name not in PROBES:
            raise ValueError(f"a probe must be one of {', '.join(PROBES)}, got {name!r}")
    findings: list[Finding] = []
    for name in names or PROBES:
        for finding in PROBES[name](player, settings):
            findings.append(finding)
            on_finding(finding)
    return findings


def responds(player: Player, settings: Settings) -> Iterator[Finding]:
    """Hold each action that should move the picture in a known way."""
    for name in player.presets:
        expected = EXPECTED.get(name)
        if expected is None:
            continue
        scores: list[float] = []
        onsets: list[float] = []
        flags: Counter[str] = Counter()
        for start in _starts(player, settings):
            rest = [start, *_pictures(player.hold(player.neutral, settings.rest))]
            seen = player.hold(name, settings.hold)
            score, flag = _response(rest, seen, expected)
            scores.append(score)
            flags.update([flag] if flag else [])
            onset = _onset(rest, seen)
            if onset is not None:
                onsets.append(seen[onset].after_ms if player.streamed else onset)
        yield Finding("responds", name, tuple(scores), flags=flags)
        yield Finding(
            "responds",
            f"{name}, onset",
            tuple(onsets),
            "ms" if player.streamed else "frames",
            "lower",
            missing=settings.repeats - len(onsets),
        )


def holds_still(player: Player, settings: Settings) -> Iterator[Finding]:
    """Do nothing for a while."""
    scores, kept, curves = [], [], []
    for start in _starts(player, settings):
        pictures = _pictures(player.hold(player.neutral, settings.still))
        curve = [float(ssim(start, picture)) for picture in pictures]
        curves.append(curve)
        scores.append(max(float(np.mean(curve[-max(len(curve) // 4, 1) :])), 0.0))
        kept.append(float(pictures[-1].std() / max(start.std(), 1e-9)))
    yield Finding("holds_still", "likeness", tuple(scores), curve=mean_curve(curves))
    yield Finding("holds_still", "contrast kept", tuple(kept), "ratio", "neither")


def comes_back(player: Player, settings: Settings) -> Iterator[Finding]:
    """Do something and undo it."""
    turning = set(turns(player.presets))
    for there, back in opposites(player.presets):
        distances = {"": settings.near}
        if there in turning:
            distances[", far"] = settings.far
        for suffix, distance in distances.items():
            scores: list[float] = []
            flags: Counter[str] = Counter()
            for _ in _starts(player, settings):
                start = player.hold(player.neutral, settings.rest)[-1].luma
                player.hold(there, distance)
                like_away = float(ssim(start, player.hold(player.neutral, settings.rest)[-1].luma))
                # Who sends to a world that runs on cannot let go at a certain frame: the start
                # counts when it is passed, too.
                way = player.hold(back, distance + settings.rest)[distance // 2 :]
                if 1 - like_away < LEAST_CHANGE:
                    scores.append(0.0)
                    flags[NO_MOTION] += 1
                else:
                    like = max(float(ssim(start, picture)) for picture in _pictures(way))
                    scores.append(returned(like, like_away))
            yield Finding("comes_back", f"{there}, {back}{suffix}", tuple(scores), flags=flags)


def comes_round(player: Player, settings: Settings) -> Iterator[Finding]:
    """Turn on until the start is seen again."""
    for name in turns(player.presets):
        scores: list[float] = []
        periods: list[float] = []
        curves = []
        flags: Counter[str] = Counter()
        for start in _starts(player, settings):
            curve = [
                float(ssim(start, picture))
                for picture in _pictures(player.hold(name, settings.turn))
            ]
            curves.append(curve)
            found = _round(curve)
            if found is None:
                scores.append(0.0)
                flags[NO_MOTION] += 1
            else:
                scores.append(found[0])
                periods.append(float(found[1] + 1))
        yield Finding("comes_round", name, tuple(scores), flags=flags, curve=mean_curve(curves))
        yield Finding(
            "comes_round",
            f"{name}, frames to come round",
            tuple(periods),
            "frames",
            "neither",
            missing=settings.repeats - len(periods),
        )


def repeats(player: Player, settings: Settings) -> Iterator[Finding]:
    """Play the same twice."""
    scores, same = [], []
    for number in range(settings.repeats):
        seed = settings.seed + number
        first, second = (_tour(player, seed, settings) for _ in range(2))
        pairs = list(zip(first, second, strict=False))
        scores.append(max(float(np.mean([float(ssim(one, other)) for one, other in pairs])), 0.0))
        same.append(float(np.mean([bool((one == other).all()) for one, other in pairs])))
    yield Finding("repeats", "likeness", tuple(scores))
    yield Finding("repeats", "pictures that are equal", tuple(same), "ratio")


def keeps_pace(player: Player, settings: Settings) -> Iterator[Finding]:
    """Count frames while nothing is done."""
    delivered, emitted = [], []
    for _ in _starts(player, settings):
        seen = player.hold(player.neutral, settings.still)
        seconds = (seen[-1].after_ms - seen[0].after_ms) / 1e3
        if len(seen) < 2 or seconds <= 0:
            continue
        delivered.append((len(seen) - 1) / seconds)
        emitted.append((len(seen) - 1 + sum(one.skipped for one in seen[1:])) / seconds)
    missing = settings.repeats - len(delivered)
    if player.streamed:
        announced = (player.fps,) if player.fps is not None else ()
        yield Finding("keeps_pace", "announced", announced, "fps", "neither")
        yield Finding("keeps_pace", "emitted", tuple(emitted), "fps", "higher", missing=missing)
    yield Finding("keeps_pace", "delivered", tuple(delivered), "fps", "higher", missing=missing)


PROBES: dict[str, Callable[[Player, Settings], Iterator[Finding]]] = {
    "responds": responds,
    "holds_still": holds_still,
    "comes_back": comes_back,
    "comes_round": comes_round,
    "repeats": repeats,
    "keeps_pace": keeps_pace,
}
"""All probes by name."""


def _starts(player: Player, settings: Settings) -> Iterator[Luma]:
    """Begin an episode for each repeat."""
    for number in range(settings.repeats):
        yield player.begin(settings.seed + number, settings.options)


def _pictures(seen: Sequence[Seen]) -> list[Luma]:
    return [one.luma for one in seen]


def _tour(player: Player, seed: int, settings: Settings) -> list[Luma]:
    """Do a little of everything; nothing in a world that runs on.

    There nobody can act at the same frame twice.
    """
    pictures = [player.begin(seed, settings.options)]
    for name in (player.neutral,) if player.streamed else player.presets:
        pictures += _pictures(player.hold(name, settings.near))
    return pictures


def _response(
    rest: Sequence[Luma], seen: Sequence[Seen], expected: Expected
) -> tuple[float, str | None]:
    """Score one response: whether the picture moved the right way by more than it does at rest."""
    usual = max(abs(expected.of(motion(*pair))) for pair in pairwise(rest))
    pictures = [rest[-1], *_pictures(seen)]
    moved = float(np.mean([expected.of(motion(*pair)) for pair in pairwise(pictures)]))
    least = max(LEAST_MOTION, 2 * usual)
    if moved > least:
        return 1.0, None
    return 0.0, WRONG_WAY if moved < -least else NO_MOTION


def _onset(rest: Sequence[Luma], seen: Sequence[Seen]) -> int | None:
    """Return the first frame that differs from the one before by clearly more than is usual."""
    usual = max(change(*pair) for pair in pairwise(rest))
    pictures = [rest[-1], *_pictures(seen)]
    for index, pair in enumerate(pairwise(pictures)):
        if change(*pair) > _ONSET_FACTOR * usual + _ONSET_FLOOR:
            return index
    return None


def _round(curve: Sequence[float]) -> tuple[float, int] | None:
    """Find where a course of likeness to the start comes back to it.

    Returns:
        A score from 0 (never more like the start than usual on the way) to 1, and the index; or
        ``None`` where it never left.
    """
    usual = float(np.median(curve))
    if 1 - usual < LEAST_CHANGE:
        return None
    left = next(index for index, like in enumerate(curve) if like <= usual)
    best = left + int(np.argmax(curve[left:]))
    # It may come round more than once; the first time counts, if it is about as good.
    enough = usual + _ABOUT * (curve[best] - usual)
    first = next(index for index in range(left, len(curve)) if curve[index] >= enough)
    while first + 1 < len(curve) and curve[first + 1] > curve[first]:
        first += 1
    return returned(curve[first], usual), first
