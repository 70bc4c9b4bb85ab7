"""Actions into commands: what one action sends, and what sets everything neutral."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np

from reactor_env.client.schema import ModelSchema
from reactor_env.client.wire.messages import Command
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces.build import control
from reactor_env.spaces.choose import action_commands
from reactor_env.spaces.controls import Control, Keys, Setter
from reactor_env.spaces.joined import Joined, by_name, flat, joined
from reactor_env.spaces.spec import ActionSpec

Form = Literal["auto", "dict", "flat", "presets"]
FORMS: tuple[Form, ...] = get_args(Form)

Presets = Mapping[str, Mapping[str, Any]]
"""Named actions: for each what it sets, by the name of the control; the rest is neutral."""

Values = tuple[Any, ...]
"""The values of all controls, in order."""

_NUMBERS = (int, np.int64)


@dataclass(frozen=True)
class ActionMap:
    """Turns actions into commands. Knows nothing of a session: what was sent last is passed in.

    Attributes:
        space: The actions.
        controls: The parts of an action.
        presets: The values of each action of a ``Discrete`` of presets by name; else empty.
        release_command: A command that sets everything neutral at once; ``""`` where none does.
    """

    space: gym.Space[Any]
    controls: tuple[Control, ...]
    presets: Mapping[str, Values]
    release_command: str
    _joined: Joined | None = None
    _known: dict[int, Values] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def sequenced(self) -> bool:
        """Whether a command takes the action's number."""
        return any(isinstance(part, Setter) and part.sequenced for part in self.controls)

    @property
    def neutral(self) -> Values:
        """The values of doing nothing."""
        return tuple(control.neutral for control in self.controls)

    def values(self, action: Any) -> Values:
        """Return what an action sets.

        Args:
            action: An action of :attr:`space`.

        Raises:
            ValueError: If the action is not in the space.
        """
        number = action if type(action) in _NUMBERS else None
        if number is not None and (known := self._known.get(number)) is not None:
            return known
        if not self.space.contains(action):
            got = f"{action!r} of type {type(action).__name__}"
            if isinstance(action, np.ndarray):
                got += f", dtype {action.dtype}, shape {action.shape}"
            raise ValueError(f"`action` must be in {self.space}, got {got}")
        if self._joined is None:
            found = list(self.presets.values())[int(action)]
        else:
            shares = self._joined.split(action)
            found = tuple(
                control.value(share) for control, share in zip(self.controls, shares, strict=True)
            )
        if number is not None:  # the space is a Discrete, which has few; asked for in every step
            self._known[int(number)] = found
        return found

    def action(self, values: Values) -> Any:
        """Return the action that sets these values.

        Args:
            values: One value for each control.

        Raises:
            ValueError: If no preset sets them.
        """
        if self._joined is None:
            for index, found in enumerate(self.presets.values()):
                if found == values:
                    return np.int64(index)
            raise ValueError(f"no preset sets {values!r}")
        return self._joined.join(
            [control.action(value) for control, value in zip(self.controls, values, strict=True)]
        )

    def commands(self, values: Values, since: Values | None, sequence: int) -> list[Command]:
        """Return what is to be sent for an action.

        Args:
            values: What it sets.
            since: What was set last; ``None`` where it is not known. Held controls that have not
                changed are left out.
            sequence: The action's number, for a command that takes it.
        """
        before = since if since is not None else (None,) * len(self.controls)
        sent: list[Command] = []
        for part, value, last in zip(self.controls, values, before, strict=True):
            sent += part.commands(value, last, sequence)
        return sent

    def release(self, since: Values | None) -> list[Command]:
        """Return what sets every held control neutral.

        Args:
            since: What was set last; ``None`` where it is not known.
        """
        held = [part.kind == "held" for part in self.controls]
        if since is not None:
            pairs = zip(self.controls, since, held, strict=True)
            if all(value == part.neutral for part, value, lasts in pairs if lasts):
                return []
        if self.release_command:
            return [Command(self.release_command)]
        before = since if since is not None else (None,) * len(self.controls)
        sent: list[Command] = []
        for part, last, lasts in zip(self.controls, before, held, strict=True):
            if lasts:
                sent += part.commands(part.neutral, last, 0)
        return sent

    def after_reset(self, sent: Collection[str], released: bool) -> Values:
        """Return what is known to be set after a reset.

        Args:
            sent: The commands of the reset. What one of them set is not known.
            released: Whether every control was set neutral. In a fresh session that is known of
                keys alone.
        """
        return tuple(
            part.neutral
            if part.command not in sent and (released or isinstance(part, Keys))
            else None
            for part in self.controls
        )

    def describe(self) -> list[dict[str, Any]]:
        """Describe each control in values that JSON has.

        Returns:
            For each ``name``, ``command``, ``kind``, ``space``, ``neutral`` and ``meaning``.
        """
        return [
            {
                "name": part.name,
                "command": part.command,
                "kind": part.kind,
                "space": str(part.space),
                "neutral": sorted(part.neutral)
                if isinstance(part.neutral, frozenset)
                else part.neutral,
                "meaning": list(part.meaning),
            }
            for part in self.controls
        ]


def action_map(
    schema: ModelSchema,
    specs: Sequence[ActionSpec] = (),
    *,
    form: Form = "auto",
    presets: Presets | None = None,
    release: str = "",
) -> ActionMap:
    """Derive the actions of a model from its schema.

    Args:
        schema: The model's schema.
        specs: The commands of an action, in order; chosen by
            :func:`~reactor_env.spaces.choose.action_commands` where none is given.
        form: ``"auto"`` for the plainest space (:func:`~reactor_env.spaces.joined.joined`),
            ``"dict"`` for a ``Dict`` by name, ``"flat"`` for one vector, ``"presets"`` for a
            ``Discrete`` over ``presets``.
        presets: Named actions, for ``form="presets"``.
        release: A command that sets everything neutral at once.

    Raises:
        UnsupportedModelError: If the model has no such command, or one that fits no space.
        ValueError: If there is no such form, or a preset does not fit.
    """
    if form not in FORMS:
        raise ValueError(f"`form` must be one of {', '.join(FORMS)}, got {form!r}")
    if not specs:
        specs = [ActionSpec(command=name) for name in action_commands(schema)]
    controls = tuple(control(schema, spec) for spec in specs)
    names = [part.name for part in controls]
    if len(set(names)) < len(names):
        raise ValueError(f"the controls of an action must have different names, got {names}")
    if release and release not in schema.commands:
        raise UnsupportedModelError(
            f"the release command must be a command of model {schema.name!r}, one of "
            f"{', '.join(sorted(schema.commands))}, got {release!r}"
        )
    if form == "presets":
        read = read_presets(controls, presets or {})
        return ActionMap(gym.spaces.Discrete(len(read)), controls, read, release)
    parts = {part.name: part.space for part in controls}
    whole = {"auto": joined, "dict": by_name, "flat": flat}[form](parts)
    return ActionMap(whole.space, controls, {}, release, whole)


def read_presets(controls: Sequence[Control], presets: Presets) -> dict[str, Values]:
    """Return the values of named actions.

    Args:
        controls: The parts of an action.
        presets: What each sets, by the name of the control.

    Raises:
        ValueError: If there are none, or one does not fit; says which.
    """
    if not presets:
        raise ValueError('`form` "presets" needs presets, got none')
    names = [part.name for part in controls]
    read = {}
    for title, given in presets.items():
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise ValueError(
                f"preset {title!r} may set {', '.join(names)}, got {', '.join(unknown)}"
            )
        try:
            read[title] = tuple(
                part.read(given[part.name]) if part.name in given else part.neutral
                for part in controls
            )
        except ValueError as error:
            raise ValueError(f"preset {title!r}: {error}") from None
    return read
