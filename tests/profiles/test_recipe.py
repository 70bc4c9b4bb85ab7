from __future__ import annotations

from typing import Any

import pytest

from reactor_env.client.schema import FieldSchema
from reactor_env.profiles import read_profile
from reactor_env.profiles.recipe import Recipe
from tests.spaces.models import axis, command, integer, model, number, text

HOSTED = model(
    command("set_prompt", text("prompt")),
    command("set_image", FieldSchema("image", "upload", True)),
    command("set_seed", FieldSchema("seed", "integer", False, 42)),
    command("set_speed", number("speed")),
    command("set_both", number("a"), number("b")),
    command("clear"),
    axis("yaw"),
    command("start"),
    command("reset"),
)
TABLE: dict[str, Any] = {
    "actions": {"set_yaw": {}},
    "reset": {
        "recipe": ["reset", "set_image", "set_prompt", "set_seed", "*", "start"],
        "options": {
            "seed": "set_seed.seed",
            "prompt": "set_prompt.prompt",
            "image": "set_image.image",
        },
        "required": ["prompt"],
        "forgets": True,
    },
}


def recipe(**reset: Any) -> Recipe:
    table = {**TABLE, "reset": {**TABLE["reset"], **reset}}
    return Recipe("m", read_profile("p", table), HOSTED, ["set_yaw"])


def plan(made: Recipe, seed: int | None = None, fresh: bool = False, **options: Any) -> list[Any]:
    return [(c.name, dict(c.data)) for c in made.plan(seed, options, fresh=fresh)]


def test_commands_come_in_the_order_of_the_recipe() -> None:
    assert plan(recipe(), 7, prompt="a", image="b.png", set_speed=2.0) == [
        ("reset", {}),
        ("set_image", {"image": "b.png"}),
        ("set_prompt", {"prompt": "a"}),
        ("set_seed", {"seed": 7}),
        ("set_speed", {"speed": 2.0}),
        ("start", {}),
    ]


def test_a_setter_that_no_option_fills_is_left_out() -> None:
    names = [name for name, _ in plan(recipe(), prompt="a")]
    assert names == ["reset", "set_prompt", "start"]


def test_what_the_model_forgets_is_given_again_but_for_the_seed() -> None:
    made = recipe()
    plan(made, 7, prompt="a", image="b.png")
    assert plan(made) == [
        ("reset", {}),
        ("set_image", {"image": "b.png"}),
        ("set_prompt", {"prompt": "a"}),
        ("start", {}),
    ]
    assert plan(made, prompt="c")[2] == ("set_prompt", {"prompt": "c"})


def test_a_model_that_remembers_is_told_once_and_a_fresh_session_again() -> None:
    made = recipe(forgets=False)
    plan(made, 7, prompt="a")
    assert plan(made) == [("reset", {}), ("start", {})]
    assert ("set_prompt", {"prompt": "a"}) in plan(made, fresh=True)


def test_a_command_is_an_option_with_its_parameters_or_its_only_one() -> None:
    made = recipe()
    assert ("set_speed", {"speed": 2.0}) in plan(made, prompt="a", set_speed=2.0)
    assert ("set_both", {"a": 1, "b": 2}) in plan(made, set_both={"a": 1, "b": 2})
    assert ("clear", {}) in plan(made, clear=True)
    assert ("clear", {}) not in plan(made)


def test_a_required_option_that_was_never_given_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"must give 'prompt', without which m cannot begin .*none"
    ):
        plan(recipe())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": 1}, r"one of seed, prompt, image, set_speed, set_both, clear, got \['color'\]"),
        ({"set_yaw": 1}, r"got \['set_yaw'\]"),
        ({"start": True}, r"got \['start'\]"),
        ({"set_both": 1}, "option 'set_both' must be a mapping with a, b, got 1"),
        ({"set_both": {"a": 1}}, "must give b of command 'set_both'"),
        ({"clear": 3}, r"option 'clear' must be True or \{\}, got 3"),
    ],
)
def test_an_option_that_does_not_fit_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(recipe(), prompt="a", **options)


def test_a_failed_plan_is_not_remembered() -> None:
    made = recipe(forgets=False)
    with pytest.raises(ValueError, match="color"):
        plan(made, prompt="a", color=1)
    with pytest.raises(ValueError, match="'prompt'"):
        plan(made)


def test_a_seed_goes_nowhere_on_a_model_without_one() -> None:
    made = Recipe("m", read_profile("p", {}), model(axis("yaw")))
    assert plan(made, 7) == []


def test_parameters_of_reset_are_options_without_being_named() -> None:
    found = model(command("reset", integer("seed"), FieldSchema("level", "integer", False)))
    made = Recipe("m", read_profile("p", {"reset": {"recipe": ["*", "reset"]}}), found)
    assert plan(made, 3, level=2) == [("reset", {"seed": 3, "level": 2})]
