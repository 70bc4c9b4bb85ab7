"""The parts of an action: each turns its share of an action into commands.

A part's *value* is its share in the model's own terms: parameters by name, the keys that are down,
or whether a thing without parameters happens. Values compare by equality, which is how a part
knows what has changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.client.wire.messages import Command
from reactor_env.spaces.fields import Leaf
from reactor_env.spaces.spec import Kind

SEQUENCE_FIELD = "action_seq"
"""The parameter a world echoes in its frames' metadata; never part of the action."""


@dataclass(frozen=True, kw_only=True)
class Control(ABC):
    """One part of an action.

    Attributes:
        name: What it is called in a ``Dict`` action.
        command: The command it sends.
        kind: ``"held"``, ``"event"`` or ``"always"``; see
            :class:`~reactor_env.spaces.spec.ActionSpec`.
        space: Its share of the action.
        neutral: The value of doing nothing.
        meaning: What each component of its share stands for.
        constants: Parameters that are the same in every action.
    """

    name: str
    command: str
    kind: Kind
    space: gym.Space[Any]
    neutral: Any
    meaning: tuple[str, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)

    @abstractmethod
    def value(self, action: Any) -> Any:
        """Return the value of a share of an action."""

    @abstractmethod
    def action(self, value: Any) -> Any:
        """Return the share of an action that has a value."""

    @abstractmethod
    def commands(self, value: Any, since: Any | None, sequence: int) -> list[Command]:
        """Return what is to be sent for a value.

        Args:
            value: The value.
            since: The value before; ``None`` where it is not known.
            sequence: The action's number.
        """

    @abstractmethod
    def read(self, given: Any) -> Any:
        """Return the value that a person wrote down, completed from the neutral one.

        Args:
            given: Parameters by name, the only parameter's value, a list of keys, or whether it
                happens.

        Raises:
            ValueError: If it has no such value; says what was expected.
        """


@dataclass(frozen=True, kw_only=True)
class Setter(Control):
    """A command with parameters; a value is the parameters by name.

    Attributes:
        leaf: From actions to parameters and back.
        sequenced: Whether the command takes the action's number.
    """

    leaf: Leaf
    sequenced: bool = False

    def value(self, action: Any) -> dict[str, Any]:
        """Return the parameters."""
        return self.leaf.to_data(action)

    def action(self, value: Any) -> Any:
        """Return the action with these parameters."""
        return self.leaf.to_action(value)

    def commands(self, value: Any, since: Any | None, sequence: int) -> list[Command]:
        """Return the command, or none where it need not be sent."""
        if self.kind == "held" and value == since:
            return []
        if self.kind == "event" and value == self.neutral:
            return []
        data = {**self.constants, **value} if self.constants else value
        return [
            Command(self.command, {**data, SEQUENCE_FIELD: sequence} if self.sequenced else data)
        ]

    def read(self, given: Any) -> dict[str, Any]:
        """Return parameters: all by name, or the only one."""
        if not isinstance(given, Mapping):
            if len(self.neutral) != 1:
                raise ValueError(
                    f"{self.command!r} needs its parameters {', '.join(self.neutral)} by name, "
                    f"got {given!r}"
                )
            given = {next(iter(self.neutral)): given}
        unknown = sorted(set(given) - set(self.neutral))
        if unknown:
            raise ValueError(
                f"{self.command!r} has the parameters {', '.join(self.neutral)} in an action, "
                f"got {unknown}"
            )
        value = {**self.neutral, **given}
        try:
            action = self.action(value)
            fits = self.space.contains(action) and self.value(action).keys() == value.keys()
        except (ValueError, TypeError, OverflowError):
            fits = False
        if not fits:
            raise ValueError(f"{self.command!r} must be in {self.space}, got {given!r}")
        return self.value(action)


@dataclass(frozen=True, kw_only=True)
class Keys(Control):
    """Keys that are held down; a value is the keys that are down.

    Attributes:
        keys: All keys, in the order of the action.
        key_field: The parameter that takes a key, or the text of keys.
        down_field: The parameter that says whether the key is down; ``""`` for a text of keys.
        join: What stands between the keys of a text.
    """

    keys: tuple[str, ...]
    key_field: str
    down_field: str = ""
    join: str = ""

    def value(self, action: Any) -> frozenset[str]:
        """Return the keys that are down."""
        return frozenset(key for key, down in zip(self.keys, action, strict=True) if down)

    def action(self, value: Any) -> Any:
        """Return the action with these keys down."""
        return np.array([key in value for key in self.keys], np.int8)

    def commands(self, value: Any, since: Any | None, sequence: int) -> list[Command]:
        """Return a command for each key that changes, releases first; one for a text of keys."""
        if value == since:
            return []
        if not self.down_field:
            text = self.join.join(key for key in self.keys if key in value)
            return [Command(self.command, {**self.constants, self.key_field: text})]
        changed = [key for key in self.keys if since is None or (key in since) != (key in value)]
        return [
            Command(self.command, {**self.constants, self.key_field: key, self.down_field: down})
            for down in (False, True)
            for key in changed
            if (key in value) == down
        ]

    def read(self, given: Any) -> frozenset[str]:
        """Return the keys of a list."""
        named = (
            {given}
            if isinstance(given, str)
            else set(given)
            if isinstance(given, (list, tuple))
            else None
        )
        if named is None or not named <= set(self.keys):
            raise ValueError(
                f"{self.command!r} must be a list of the keys {', '.join(self.keys)}, got {given!r}"
            )
        return frozenset(named)


@dataclass(frozen=True, kw_only=True)
class Trigger(Control):
    """A command without parameters; a value is whether it is sent."""

    def value(self, action: Any) -> bool:
        """Return whether it is sent."""
        return bool(action)

    def action(self, value: Any) -> Any:
        """Return 1 to send it, 0 otherwise."""
        return np.int64(value)

    def commands(self, value: Any, since: Any | None, sequence: int) -> list[Command]:
        """Return the command when it is asked for."""
        return [Command(self.command, dict(self.constants))] if value else []

    def read(self, given: Any) -> bool:
        """Return whether it happens."""
        if not isinstance(given, bool):
            raise ValueError(f"{self.command!r} must be true or false, got {given!r}")
        return given
