"""The profiles that ship with the package, against the schemas that do."""

from __future__ import annotations

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import reactor_env.models
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.validation import validate_command
from reactor_env.codegen.compact import read_compact
from reactor_env.errors import UnsupportedModelError
from reactor_env.profiles import (
    Profile,
    ProfileError,
    bundled_profiles,
    check_profile,
    derived_profile,
    find_profile,
    get_profile,
    read_profile,
)
from reactor_env.profiles.recipe import Recipe
from reactor_env.spaces import ActionMap, action_map
from reactor_env.world_catalog import WORLDS
from tests.spaces.models import axis, command, integer, model, text

SCHEMAS = Path(reactor_env.models.__file__).parent / "schemas"
WITH_SCHEMA = [
    name
    for name, found in bundled_profiles().items()
    if found.models and not found.refused and name not in WORLDS
]


def schema_for(name: str) -> ModelSchema:
    return parse_schema(read_compact((SCHEMAS / f"{name}.toml").read_text()))


def actions_of(profile: Profile, **options: object) -> ActionMap:
    return action_map(
        schema_for(profile.name),
        profile.actions,
        release=profile.release,
        presets=profile.presets,
        **options,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("name", WITH_SCHEMA)
def test_a_profile_fits_the_published_schema(name: str) -> None:
    check_profile(bundled_profiles()[name], schema_for(name))
    assert find_profile(schema_for(name).name) is bundled_profiles()[name]


@pytest.mark.parametrize("name", WITH_SCHEMA)
def test_its_actions_and_its_release_are_commands_the_model_takes(name: str) -> None:
    profile, schema = bundled_profiles()[name], schema_for(name)
    for form in ("auto", "flat", *(["presets"] if profile.presets else [])):
        mapped = actions_of(profile, form=form)
        mapped.space.seed(3)
        sent = mapped.release(None)
        for _ in range(10):
            sent += mapped.commands(mapped.values(mapped.space.sample()), None, 1)
        for found in sent:
            validate_command(schema, found.name, dict(found.data))


@pytest.mark.parametrize("name", [name for name in WITH_SCHEMA if bundled_profiles()[name].presets])
def test_the_first_preset_does_nothing(name: str) -> None:
    mapped = actions_of(bundled_profiles()[name], form="presets")
    assert mapped.values(np.int64(0)) == mapped.neutral


@pytest.mark.parametrize("name", WITH_SCHEMA)
def test_an_episode_begins_with_what_its_options_say(name: str) -> None:
    profile, schema = bundled_profiles()[name], schema_for(name)
    recipe = Recipe(name, profile, schema)
    given = {"prompt": "A room.", "image": b"png", "video": b"mp4", "demo": "demo_1"}
    planned = recipe.plan(
        5, {option: given[option] for option in recipe.options if option != "seed"}, fresh=True
    )
    filled = {f"{c.name}.{key}" for c in planned for key in c.data}
    assert filled == set(recipe.options.values())
    expected = [step for step in profile.reset.recipe if step != "*"]
    assert [c.name for c in planned] == expected


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("lingbot", gym.spaces.MultiDiscrete([5, 3, 3])),
        ("lingbot_world_2", gym.spaces.MultiDiscrete([3, 3, 3, 3])),
        ("helios", gym.spaces.Discrete(5)),
        ("alayaworld", gym.spaces.Box(-1, 1, (6,), np.float32)),
        ("lingbot_world_v2", gym.spaces.Box(-1, 1, (6,), np.float32)),
        (
            "open_oasis",
            gym.spaces.Dict(
                keys=gym.spaces.MultiBinary(21), mouse=gym.spaces.Box(-1, 1, (2,), np.float32)
            ),
        ),
        (
            "diamond_csgo_world_model",
            gym.spaces.Dict(
                keys=gym.spaces.MultiBinary(11),
                buttons=gym.spaces.MultiBinary(2),
                mouse=gym.spaces.Box(
                    np.array([-1000, -200], "f4"), np.array([1000, 200], "f4"), dtype=np.float32
                ),
            ),
        ),
    ],
)
def test_spaces_are_those_of_the_models_controls(name: str, space: gym.Space[object]) -> None:
    assert actions_of(bundled_profiles()[name]).space == space


def test_happy_oyster_is_refused_with_the_reason() -> None:
    for name in ("reactor/happy-oyster-adventure", "reactor/happy-oyster-director"):
        found = find_profile(name)
        assert found is not None
        assert "not over Reactor" in found.refused


def test_a_model_is_found_by_any_of_its_names() -> None:
    wanted = bundled_profiles()["lingbot_world_2"]
    for name in ("reactor/lingbot-world-2", "lingbot-world-2", "lingbot_world_2"):
        assert find_profile(name) is wanted
    assert find_profile("unknown", "xmax/x2") is bundled_profiles()["x2"]
    assert find_profile("lingbot-world") is None


def test_a_profile_is_got_by_name_file_or_table(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "Mine."')
    assert get_profile(path).name == "mine"
    assert get_profile(str(path)).summary == "Mine."
    assert get_profile({"summary": "Mine."}).summary == "Mine."
    assert get_profile("x2") is bundled_profiles()["x2"]
    assert get_profile(bundled_profiles()["x2"]).name == "x2"


def test_an_unknown_profile_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"got 'lingbod': did you mean 'lingbot'\? It may be"):
        get_profile("lingbod")


# -- against a schema ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"actions": {"set_jaw": {}}}, "`actions.set_jaw` must be a command of m, one of reset, s"),
        ({"release": "let_go"}, "`release` must be a command of m"),
        ({"reset": {"recipe": ["*", "start"]}}, "`reset.recipe` must be a command of m"),
        (
            {"reset": {"options": {"seed": "reset.seed"}}},
            "`reset.options.seed` must be a parameter of m.reset, one of none, got 'seed'",
        ),
    ],
)
def test_a_profile_that_does_not_fit_says_what_the_model_has(
    table: dict[str, object], message: str
) -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        check_profile(read_profile("mine", table), model(axis("yaw"), command("reset")))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"reset": {"began": "began"}}, "`reset.began` must be a message of reactor/lingbot, one"),
        ({"ends": {"truncated": ["over"]}}, "`ends.truncated` must be a message"),
        (
            {"ends": {"truncated": [{"message": "chunk_complete", "field": "x", "equals": 1}]}},
            "must be a field of reactor/lingbot.chunk_complete, one of chunk_index, got",
        ),
        ({"confirm": {"done": "over"}}, "`confirm.done` must be a message"),
    ],
)
def test_messages_are_checked_where_the_schema_names_any(
    table: dict[str, object], message: str
) -> None:
    with pytest.raises(UnsupportedModelError) as caught:
        check_profile(read_profile("mine", table), schema_for("lingbot"))
    assert message in str(caught.value)
    check_profile(read_profile("mine", table), model())


# -- derived ------------------------------------------------------------------------------------


def test_a_model_that_must_be_started_is_given_its_conditions_first() -> None:
    found = model(
        command("set_prompt", text("prompt")),
        command("set_seed", integer("seed")),
        command("start"),
        command("reset"),
    )
    profile = derived_profile(found)
    assert profile.reset.recipe == ("reset", "set_seed", "set_prompt", "*", "start")
    assert profile.reset.options == {"seed": "set_seed.seed", "prompt": "set_prompt.prompt"}
    assert profile.reset.forgets


def test_another_model_is_reset_last_with_its_own_seed() -> None:
    profile = derived_profile(model(command("reset", integer("seed")), command("set_seed")))
    assert profile.reset.recipe == ("*", "reset")
    assert profile.reset.options == {"seed": "reset.seed"}


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_published_model_has_a_derived_profile_that_fits_it(path: Path) -> None:
    schema = schema_for(path.stem)
    check_profile(derived_profile(schema), schema)
