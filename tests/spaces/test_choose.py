from __future__ import annotations

import pytest

from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces import action_commands
from tests.spaces.models import axis, choice, command, flag, integer, keys, model, number, text


def test_act_is_the_action_wherever_there_is_one() -> None:
    assert action_commands(model(axis("yaw"), command("act", flag("a")))) == ("act",)


def test_setters_of_finite_and_bounded_parameters_are_controls_in_their_order() -> None:
    found = model(
        command("reset"),
        axis("yaw"),
        keys("w", "s"),
        command("set_gear", integer("gear", 0, 5)),
        command("set_walk", choice("walk", "idle", "forward"), flag("run")),
    )
    assert action_commands(found) == ("set_yaw", "set_key_state", "set_gear", "set_walk")


@pytest.mark.parametrize(
    "other",
    [
        command("start"),
        command("set_prompt", text("prompt")),
        command("set_seed", integer("seed", 0, 9)),
        command("set_paused", flag("paused")),
        command("set_mouse_x", number("mouse_x")),
        command("set_count", integer("count", 0)),
        command("mouse_move", number("x", -1, 1)),
        command("set_control", open=True),
        command("set_rotation_speed_deg", number("deg", 0, 30)),
        command("set_resolution", choice("resolution", "1080p", "2k")),
        command("set_nothing"),
    ],
    ids=lambda found: found.name,
)
def test_other_commands_are_not(other: object) -> None:
    assert action_commands(model(other, axis("yaw"))) == ("set_yaw",)  # type: ignore[arg-type]


def test_an_atomic_setter_replaces_those_of_its_parameters() -> None:
    pointer = command("set_pointer", number("x", 0, 1), number("y", 0, 1))
    single = command("set_pointer_x", number("pointer_x", 0, 1))
    camera = command("set_camera", number("yaw", -1, 1), number("pitch", -1, 1))
    found = model(single, pointer, camera, axis("yaw"), axis("roll"))
    assert action_commands(found) == ("set_pointer", "set_camera", "set_roll")


def test_a_model_without_controls_says_why_each_command_is_none() -> None:
    found = model(command("set_prompt", text("prompt")), command("start"))
    with pytest.raises(
        UnsupportedModelError,
        match=r"name those .* as `action_commands` \(set_prompt: parameter 'prompt' is a text "
        r"without choices; start: its name does not begin with set_\)",
    ):
        action_commands(found)
