"""Profiles of models that have none: from the schema alone."""

from __future__ import annotations

from reactor_env.client.schema import ModelSchema
from reactor_env.profiles.profile import OTHERS, Profile, ResetRecipe

RESET_COMMAND = "reset"
"""The command that starts an episode, where a model has one."""

START_COMMAND = "start"
"""The command that starts a run, where a model waits for its conditions first."""

_OPTIONS = {
    "seed": ("set_seed",),
    "prompt": ("set_prompt", "set_shot"),
    "image": ("set_image", "set_reference_image", "set_spawn_image", "set_conditioning_image"),
    "video": ("set_video", "set_reference_video"),
}
"""The commands an option goes to, if they have a parameter that ends like it."""


def derived_profile(schema: ModelSchema) -> Profile:
    """Guess the profile of a model.

    Every parameter of ``reset`` is an option, and so is what ``set_seed``, ``set_prompt``,
    ``set_image`` and ``set_video`` take. A model with ``start`` is reset, given its options and
    started, and taken to forget the options; another is given its options and reset.

    Args:
        schema: The model's schema.
    """
    reset = schema.commands.get(RESET_COMMAND)
    options = {name: f"{RESET_COMMAND}.{name}" for name in (reset.fields if reset else ())}
    conditions = []
    for option, commands in _OPTIONS.items():
        for command in commands:
            fields = schema.commands[command].fields if command in schema.commands else {}
            parameter = next((name for name in fields if name.endswith(option)), None)
            if parameter is not None and option not in options:
                options[option] = f"{command}.{parameter}"
                conditions.append(command)
    begins = [RESET_COMMAND] if reset is not None else []
    if START_COMMAND in schema.commands:
        recipe = [*begins, *conditions, OTHERS, START_COMMAND]
    else:
        recipe = [*conditions, OTHERS, *begins]
    return Profile(
        name="",
        models=(schema.name,),
        summary="Made from the model's schema alone.",
        reset=ResetRecipe(
            recipe=tuple(recipe),
            options=options,
            forgets=START_COMMAND in schema.commands,
            stops=START_COMMAND in schema.commands,
        ),
    )
