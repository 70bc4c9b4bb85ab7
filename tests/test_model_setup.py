from __future__ import annotations

import gymnasium as gym
import pytest

from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.errors import UnsupportedModelError
from reactor_env.hosted_source import published_schema
from reactor_env.model_setup import set_up
from reactor_env.profiles import bundled_profiles, read_profile
from reactor_env.spaces import ActionSpec
from tests.spaces.models import axis, command, integer, model, number


def world(*told: FieldSchema) -> ModelSchema:
    sequence = FieldSchema("action_seq", "integer", False, -1)
    seed = FieldSchema("seed", "integer", False, -1)
    reset = CommandSchema("reset", "", {"seed": seed}, {field.name: field for field in told})
    act = command("act", integer("action", 0, 2), sequence)
    return ModelSchema("catch", {"act": act, "reset": reset}, ())


def told(name: str, default: float | None) -> FieldSchema:
    return FieldSchema(name, "integer", False, default)


def test_a_bundled_world_has_its_profile_whatever_it_is_called() -> None:
    setup = set_up("lingbot", world(told("height", 64), told("width", 48), told("fps", 30)))
    assert setup.profile is bundled_profiles()["world"]
    assert (setup.size, setup.fps) == ((64, 48), 30)


def test_a_size_that_is_not_told_is_not_known() -> None:
    assert set_up("w", world()).size is None
    assert set_up("w", world(told("height", None), told("width", 48))).size is None


def test_a_published_model_has_its_profile_by_either_name() -> None:
    schema = published_schema("reactor/lingbot-world-2")
    assert schema is not None
    for name in ("reactor/lingbot-world-2", "my own name"):
        setup = set_up(name, schema)
        assert setup.profile.name == "lingbot_world_2"
        assert (setup.size, setup.fps) == ((960, 1664), 48)


def test_commands_may_be_named_and_keep_what_the_profile_says() -> None:
    found = model(axis("yaw"), command("move", number("dx", -1, 1)))
    profile = read_profile("p", {"actions": {"set_yaw": {}, "move": {"kind": "event"}}})
    setup = set_up("m", found, profile=profile, commands=[ActionSpec(command="move")])
    (control,) = setup.actions.controls
    assert control.kind == "event"
    other = ActionSpec(command="move", kind="held")
    (control,) = set_up("m", found, profile=profile, commands=[other]).actions.controls
    assert control.kind == "held"


def test_presets_are_the_profiles_unless_others_are_given() -> None:
    profile = read_profile("p", {"presets": {"left": {"set_yaw": -1.0}, "right": {"set_yaw": 1.0}}})
    found = model(axis("yaw"))
    assert set_up("m", found, profile=profile, form="presets").actions.space == gym.spaces.Discrete(
        2
    )
    own = set_up("m", found, profile=profile, form="presets", presets={"still": {}})
    assert list(own.actions.presets) == ["still"]


def test_a_command_that_is_an_action_is_no_option() -> None:
    found = model(axis("yaw"), axis("pitch"))
    recipe = set_up("m", found, commands=[ActionSpec(command="set_yaw")]).recipe
    assert recipe.commands == ("set_pitch",)


def test_an_unusable_model_is_refused() -> None:
    schema = published_schema("reactor/happy-oyster-director")
    assert schema is not None
    with pytest.raises(UnsupportedModelError, match="x cannot be an environment: its session only"):
        set_up("x", schema)


def test_published_schemas_are_found_by_their_whole_name() -> None:
    assert published_schema("xmax/x2") is not None
    assert published_schema("reactor/x2") is None
    assert published_schema("reactor/unknown") is None
