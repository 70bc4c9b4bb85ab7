"""A profile held against the schema of the model it is used with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reactor_env.client.schema import MessageSchema, ModelSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.profiles.profile import OTHERS, Profile


def check_profile(profile: Profile, schema: ModelSchema) -> None:
    """Check that a model has what its profile speaks of.

    Args:
        profile: The profile.
        schema: The model's schema. Where it names no messages at all, those are not checked.

    Raises:
        UnsupportedModelError: If it lacks a command, a parameter, a message or a field; names the
            key and what the model has.
    """
    for key, command, parameter in _commands(profile):
        found = schema.commands.get(command)
        if found is None:
            raise _lacks(profile, key, "command", command, schema.name, schema.commands)
        if parameter and parameter not in found.fields and not found.open:
            where = f"{schema.name}.{command}"
            raise _lacks(profile, key, "parameter", parameter, where, found.fields)
    if not schema.messages:
        return
    for key, message, field in _messages(profile):
        told = schema.messages.get(message)
        if told is None:
            raise _lacks(profile, key, "message", message, schema.name, schema.messages)
        if field and told.fields and field not in told.fields:
            where = f"{schema.name}.{message}"
            raise _lacks(profile, key, "field", field, where, told.fields)


def _commands(profile: Profile) -> Iterator[tuple[str, str, str]]:
    for spec in profile.actions:
        yield f"actions.{spec.command}", spec.command, ""
    if profile.release:
        yield "release", profile.release, ""
    for command in profile.reset.recipe:
        if command != OTHERS:
            yield "reset.recipe", command, ""
    for option, target in profile.reset.options.items():
        command, _, parameter = target.partition(".")
        yield f"reset.options.{option}", command, parameter


def _messages(profile: Profile) -> Iterator[tuple[str, str, str]]:
    if profile.reset.began:
        yield "reset.began", profile.reset.began, ""
    for key, rules in (
        ("terminated", profile.ends.terminated),
        ("truncated", profile.ends.truncated),
    ):
        for rule in rules:
            yield f"ends.{key}", rule.message, rule.field
    if profile.confirm is not None:
        confirm = profile.confirm
        if confirm.message:
            yield "confirm.message", confirm.message, confirm.chunk
        if confirm.done:
            yield "confirm.done", confirm.done, confirm.number


def _lacks(
    profile: Profile,
    key: str,
    kind: str,
    name: str,
    where: str,
    known: Mapping[str, object] | Mapping[str, MessageSchema],
) -> UnsupportedModelError:
    return UnsupportedModelError(
        f"profile {profile.name} does not fit this model: `{key}` must be a {kind} of {where}, "
        f"one of {', '.join(sorted(known)) or 'none'}, got {name!r}"
    )
