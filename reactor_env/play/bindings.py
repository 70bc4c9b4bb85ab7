"""Which keys do what: from the keys that are down to an action. Pure.

A key stands for what a preset of the profile sets, for one value of a ``Discrete`` space, or for
the end of an axis. Keys that are down at the same time are combined. Keys are called as pygame
calls them: ``"w"``, ``"left"``, ``"space"``, ``"left shift"``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np

from reactor_env.profiles import Profile
from reactor_env.spaces import ActionMap
from reactor_env.spaces.controls import Control, Keys

CONVENTION = {
    "w": ("forward",),
    "s": ("back",),
    "a": ("left", "strafe_left"),
    "d": ("right", "strafe_right"),
    "left": ("turn_left",),
    "right": ("turn_right",),
    "up": ("look_up",),
    "down": ("look_down",),
    "space": ("jump",),
    "f": ("fire", "attack"),
    "e": ("use",),
    "q": ("reload",),
}
"""The keys of presets with a usual name, where a profile binds no other."""

RESERVED = ("escape", "p", ".", "tab", "backspace")
"""Keys that are the window's own; see :mod:`reactor_env.play.window`."""

_SINGLE = ("up", "down", "space", "left shift")
_PAIRS = (("left", "right"), ("down", "up"), ("a", "d"), ("s", "w"), ("q", "e"), ("z", "c"))
_CAMERA = (("s", "w"), ("a", "d"), ("q", "e"), ("down", "up"), ("left", "right"), ("z", "c"))
"""The order in which models name the axes of a camera: forward, sideways, up; pitch, yaw, roll."""


class UnboundError(ValueError):
    """No key does anything in this model; the text says what to do."""


class KeyMap(Protocol):
    """Turns the keys that are down into actions."""

    @property
    def bound(self) -> Mapping[str, str]:
        """What each key does, in words."""
        ...

    def action(self, down: Collection[str]) -> Any:
        """Return the action of the keys that are down; any others are ignored."""
        ...


def key_map(actions: ActionMap, profile: Profile) -> KeyMap:
    """Bind keys to a model's actions.

    The profile's table ``keyboard`` comes first, then the presets with a usual name
    (:data:`CONVENTION`), and where there is neither the keys are chosen by the space: arrows and
    digits for a ``Discrete``, pairs of keys for the axes of a ``Box``, and for keys that the model
    takes by name these keys.

    Args:
        actions: The model's actions.
        profile: Its profile.

    Raises:
        UnboundError: If no key would do anything.
        ValueError: If the profile binds a key that is the window's own, or to what the model does
            not have.
    """
    bodies = _bodies(profile)
    if bodies:
        return _Presets(actions, bodies)
    space = actions.space
    if len(actions.controls) == 1 and isinstance(space, gym.spaces.Discrete):
        return _Discrete(space)
    if len(actions.controls) == 1 and isinstance(space, gym.spaces.Box) and len(space.shape) == 1:
        return _Axes(space)
    bodies = {**_axes(actions.controls), **_own_keys(actions.controls)}
    if not bodies:
        raise UnboundError(
            f"no key does anything in {space}: give the profile a table `keyboard`, for example "
            '`w = "forward"` with a preset of that name'
        )
    return _Presets(actions, bodies)


def _bodies(profile: Profile) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return what each key sets, with its name in words."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for key, given in profile.keyboard.items():
        if key in RESERVED:
            raise ValueError(
                f"profile {profile.name}: `keyboard` must leave {', '.join(RESERVED)} to the "
                f"window, got {key!r}"
            )
        if isinstance(given, str):
            if given not in profile.presets:
                raise ValueError(
                    f"profile {profile.name}: `keyboard.{key}` must be a preset, one of "
                    f"{', '.join(profile.presets) or 'none'}, or a table, got {given!r}"
                )
            found[key] = (given, profile.presets[given])
        else:
            found[key] = (_words(given), given)
    bound = {name for name, _ in found.values()}
    for key, names in CONVENTION.items():
        usual = next((name for name in names if name in profile.presets), None)
        if usual is not None and usual not in bound and key not in found:
            found[key] = (usual, profile.presets[usual])
    return found


def _words(body: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in body.items())


def _axes(controls: Sequence[Control]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Bind a pair of keys to each control that is one number on both sides of 0."""
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    pairs = iter(_CAMERA)
    for control in controls:
        space = control.space
        if not isinstance(space, gym.spaces.Box) or space.shape not in ((), (1,)):
            continue
        low, high = float(np.ravel(space.low)[0]), float(np.ravel(space.high)[0])
        if not (np.isfinite([low, high]).all() and low < 0 < high):
            continue
        pair = next(pairs, None)
        if pair is None:
            break
        for key, end in zip(pair, (low, high), strict=True):
            found[key] = (f"{control.name} {end:g}", {control.name: end})
    return found


def _own_keys(controls: Sequence[Control]) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Bind the keys that a model takes by name to themselves."""
    return {
        key: (f"{control.name} {key}", {control.name: [key]})
        for control in controls
        if isinstance(control, Keys)
        for key in control.keys
        if key not in RESERVED
    }


class _Presets:
    """Keys that each set a part of the controls; what no key sets is neutral."""

    def __init__(
        self, actions: ActionMap, bodies: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> None:
        self._actions = actions
        self._bodies = {key: body for key, (_, body) in bodies.items()}
        self.bound = {key: name for key, (name, _) in bodies.items()}
        names = [part.name for part in actions.controls]
        for key, body in self._bodies.items():
            if unknown := sorted(set(body) - set(names)):
                raise ValueError(
                    f"the key {key!r} may set {', '.join(names)}, got {', '.join(unknown)}"
                )
            self.action({key})  # a value that does not fit is refused now, not in mid-game

    def action(self, down: Collection[str]) -> Any:
        given: dict[str, Any] = {}
        for key, body in self._bodies.items():
            if key in down:
                for name, value in body.items():
                    given[name] = _combined(given.get(name), value)
        return self._actions.action(
            tuple(
                part.read(given[part.name]) if part.name in given else part.neutral
                for part in self._actions.controls
            )
        )


def _combined(before: Any, value: Any) -> Any:
    """Return what two keys set together: parameters and held keys add up, otherwise one wins."""
    if isinstance(before, Mapping) and isinstance(value, Mapping):
        return {**before, **value}
    if isinstance(before, list | tuple) and isinstance(value, list | tuple):
        return [*before, *value]
    return value


@dataclass
class _Discrete:
    """Arrows for the first and the last of two or three values, digits for each of up to ten.

    With three values the one in the middle is doing nothing; with two the last one stays.
    """

    space: gym.spaces.Discrete

    def __post_init__(self) -> None:
        start, count = int(self.space.start), int(self.space.n)
        self._keys = {str(index): start + index for index in range(min(count, 10))}
        if count in (2, 3):
            self._keys |= {"left": start, "right": start + count - 1}
        self._last = start + (1 if count == 3 else 0)
        self._holds = count != 3

    @property
    def bound(self) -> Mapping[str, str]:
        return {key: f"action {value}" for key, value in self._keys.items()}

    def action(self, down: Collection[str]) -> np.int64:
        chosen = next((value for key, value in self._keys.items() if key in down), None)
        if chosen is not None and self._holds:
            self._last = chosen
        return np.int64(chosen if chosen is not None else self._last)


@dataclass
class _Axes:
    """A pair of keys for each axis on both sides of 0, one key for an axis from 0 on."""

    space: gym.spaces.Box

    def __post_init__(self) -> None:
        pairs, single = iter(_PAIRS), iter(_SINGLE)
        used: set[str] = set()
        self._keys: dict[str, tuple[int, float]] = {}
        for index, (low, high) in enumerate(zip(self.space.low, self.space.high, strict=True)):
            ends = (max(float(low), -1.0), min(float(high), 1.0))
            if low < 0 < high:
                keys = next((pair for pair in pairs if not used.intersection(pair)), None)
                bound = zip(keys, ends, strict=True) if keys is not None else ()
            else:
                key = next((key for key in single if key not in used), None)
                bound = [(key, ends[1])] if key is not None else []  # type: ignore[assignment]
            for key, end in bound:
                used.add(key)
                self._keys[key] = (index, end)

    @property
    def bound(self) -> Mapping[str, str]:
        return {key: f"axis {index} to {end:g}" for key, (index, end) in self._keys.items()}

    def action(self, down: Collection[str]) -> Any:
        found = np.clip(np.zeros(self.space.shape), self.space.low, self.space.high)
        for key, (index, end) in self._keys.items():
            if key in down:
                found[index] = end
        return found.astype(self.space.dtype)
