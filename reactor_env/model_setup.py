"""What an environment knows about its model once it has the model's schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactor_env.client.schema import ModelSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.profiles import (
    RESET_COMMAND,
    Profile,
    bundled_profiles,
    check_profile,
    derived_profile,
    find_profile,
)
from reactor_env.profiles.recipe import SEED_OPTION, Recipe
from reactor_env.spaces import (
    ACTION_COMMAND,
    SEQUENCE_FIELD,
    ActionMap,
    ActionSpec,
    Form,
    Presets,
    action_map,
)

WORLD_PROFILE = "world"
"""The profile of the worlds that this package starts itself."""


@dataclass(frozen=True, slots=True)
class ModelSetup:
    """A model as an environment.

    Attributes:
        schema: Its schema.
        profile: Its profile.
        actions: How actions become commands.
        recipe: How options become the commands that begin an episode.
        size: (height, width) of its frames, ``None`` where only a frame tells.
        fps: Frames a second, ``None`` where nothing tells.
    """

    schema: ModelSchema
    profile: Profile
    actions: ActionMap
    recipe: Recipe
    size: tuple[int, int] | None
    fps: float | None


def set_up(
    name: str,
    schema: ModelSchema,
    *,
    profile: Profile | None = None,
    commands: Sequence[ActionSpec] = (),
    form: Form = "auto",
    presets: Presets | None = None,
) -> ModelSetup:
    """Make an environment's model of a schema.

    Args:
        name: The model, for people and to find its profile by.
        schema: Its schema.
        profile: Its profile; the one that ships with the package, or one made of the schema, by
            default.
        commands: The commands of an action, instead of the profile's. What the profile says about
            one of them counts where nothing else is said.
        form: As for :func:`~reactor_env.spaces.action_map`.
        presets: Named actions, instead of the profile's.

    Raises:
        UnsupportedModelError: If the model cannot be an environment, or lacks what the profile or
            the commands speak of.
        ValueError: If a preset does not fit.
    """
    profile = profile or choose_profile(name, schema)
    refuse_unusable(name, profile)
    check_profile(profile, schema)
    known = {spec.command: spec for spec in profile.actions}
    specs = [
        known.get(spec.command, spec) if spec == ActionSpec(command=spec.command) else spec
        for spec in commands
    ]
    actions = action_map(
        schema,
        specs or profile.actions,
        form=form,
        presets=presets if presets is not None else profile.presets,
        release=profile.release,
    )
    told = _told_by_reset(schema)
    size = (int(told["height"]), int(told["width"])) if {"height", "width"} <= told.keys() else None
    return ModelSetup(
        schema=schema,
        profile=profile,
        actions=actions,
        recipe=Recipe(name, profile, schema, [part.command for part in actions.controls]),
        size=size or profile.size,
        fps=told.get("fps", profile.fps),
    )


def choose_profile(name: str, schema: ModelSchema) -> Profile:
    """Return the profile of a model that none was given for.

    Args:
        name: What the user calls the model.
        schema: Its schema.
    """
    act, reset = schema.commands.get(ACTION_COMMAND), schema.commands.get(RESET_COMMAND)
    if act and reset and SEQUENCE_FIELD in act.fields and SEED_OPTION in reset.fields:
        return bundled_profiles()[WORLD_PROFILE]
    return find_profile(name, schema.name) or derived_profile(schema)


def refuse_unusable(name: str, profile: Profile | None) -> None:
    """Refuse a model whose profile says that it cannot be an environment.

    Raises:
        UnsupportedModelError: With the reason.
    """
    if profile is not None and profile.refused:
        raise UnsupportedModelError(f"{name} cannot be an environment: {profile.refused}")


def _told_by_reset(schema: ModelSchema) -> dict[str, float]:
    """Return the defaults of the reply to reset: what a bundled world says about its frames."""
    reset = schema.commands.get(RESET_COMMAND)
    reply = reset.reply if reset is not None else {}
    return {name: float(field.default) for name, field in reply.items() if _told(field.default)}


def _told(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
