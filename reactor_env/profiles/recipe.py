"""From the options of a reset to the commands that begin an episode. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reactor_env.client.schema import CommandSchema, ModelSchema
from reactor_env.client.wire.messages import Command
from reactor_env.profiles.derived import RESET_COMMAND
from reactor_env.profiles.profile import OTHERS, Profile

SEED_OPTION = "seed"
"""The option that :meth:`gymnasium.Env.reset`'s seed is."""

Given = dict[str, dict[str, Any]]
"""Parameters by command."""


class Recipe:
    """Begins the episodes of one model, and remembers what it was told.

    Args:
        name: The model, for messages.
        profile: Its profile.
        schema: Its schema.
        actions: The commands of an action, which are no options.
    """

    def __init__(
        self, name: str, profile: Profile, schema: ModelSchema, actions: Iterable[str] = ()
    ) -> None:
        self._name = name
        self._reset = profile.reset
        self._commands = schema.commands
        self._options = _options(profile, schema)
        actions = set(actions)
        self._others = [
            command
            for command in schema.commands
            if command not in actions and command not in self._reset.recipe
        ]
        self._remembered: Given = {}

    @property
    def options(self) -> Mapping[str, str]:
        """The options by name, and the ``command.parameter`` each fills."""
        return self._options

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that are options too: their parameters by name, or the only one's value."""
        return tuple(self._others)

    def plan(
        self, seed: int | None, options: Mapping[str, Any], *, fresh: bool
    ) -> tuple[Command, ...]:
        """Return the commands that begin an episode, in order.

        Files are in them as they were given. What the options gave is remembered: it is given
        again to a fresh session, and with every reset to a model that forgets it.

        Args:
            seed: The seed; left out where the model takes none.
            options: What the episode is to be.
            fresh: Whether the session has had no reset yet.

        Raises:
            ValueError: If an option is unknown or does not fit, or one that is needed was never
                given.
        """
        given = self._resolved(options)
        if seed is not None and SEED_OPTION in self._options:
            command, _, parameter = self._options[SEED_OPTION].partition(".")
            given.setdefault(command, {})[parameter] = seed
        known = _merged(self._remembered, given)
        for option in self._reset.required:
            command, _, parameter = self._options[option].partition(".")
            if parameter not in known.get(command, {}):
                raise ValueError(
                    f"`options` must give {option!r}, without which {self._name} cannot begin "
                    f"(it fills {self._options[option]}), got {sorted(options) or 'none'}"
                )
        wanted = known if self._reset.forgets or fresh else given
        others = [name for name in wanted if name not in self._reset.recipe]
        order: list[str] = []
        for step in self._reset.recipe:
            order += others if step == OTHERS else [step]
        planned = [
            Command(name, wanted.get(name, {}))
            for name in order
            if name in wanted or not name.startswith("set_")
        ]
        for found in planned:
            self._check_complete(found)
        self._remember(given)
        return tuple(planned)

    def _resolved(self, options: Mapping[str, Any]) -> Given:
        given: Given = {}
        unknown = []
        for option, value in options.items():
            if option in self._options:
                command, _, parameter = self._options[option].partition(".")
                given.setdefault(command, {})[parameter] = value
            elif option in self._others:
                given.setdefault(option, {}).update(_parameters(self._commands[option], value))
            else:
                unknown.append(option)
        if unknown:
            known = ", ".join([*self._options, *self._others]) or "none"
            raise ValueError(
                f"`options` must be what {self._name} can begin with, one of {known}, got "
                f"{sorted(unknown)}"
            )
        return given

    def _check_complete(self, command: Command) -> None:
        fields = self._commands[command.name].fields.values()
        missing = [f.name for f in fields if f.required and f.name not in command.data]
        if missing:
            raise ValueError(
                f"`options` must give {', '.join(missing)} of command {command.name!r} of "
                f"{self._name}, got {sorted(command.data) or 'nothing'} for it"
            )

    def _remember(self, given: Given) -> None:
        seed = self._options.get(SEED_OPTION, "")
        for command, data in given.items():
            kept = {n: value for n, value in data.items() if f"{command}.{n}" != seed}
            if kept:
                self._remembered.setdefault(command, {}).update(kept)


def _options(profile: Profile, schema: ModelSchema) -> dict[str, str]:
    """Return the profile's options, and the parameters of reset that it does not name."""
    reset = schema.commands.get(RESET_COMMAND)
    options = dict(profile.reset.options)
    if RESET_COMMAND in profile.reset.recipe and reset is not None:
        named = set(options.values())
        for parameter in reset.fields:
            if f"{RESET_COMMAND}.{parameter}" not in named:
                options.setdefault(parameter, f"{RESET_COMMAND}.{parameter}")
    return options


def _merged(*tables: Given) -> Given:
    merged: Given = {}
    for table in tables:
        for command, data in table.items():
            merged[command] = {**merged.get(command, {}), **data}
    return merged


def _parameters(command: CommandSchema, value: Any) -> dict[str, Any]:
    """Return the parameters of a command given as an option."""
    if isinstance(value, Mapping):
        return dict(value)
    names: Iterable[str] = command.fields
    if not command.fields and (value is None or value is True):
        return {}
    if len(command.fields) == 1:
        return {next(iter(names)): value}
    raise ValueError(
        f"option {command.name!r} must be "
        + (f"a mapping with {', '.join(names)}" if command.fields else "True or {}")
        + f", got {value!r}"
    )
