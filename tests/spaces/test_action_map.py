from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.client.schema import FieldSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.validation import validate_command
from reactor_env.codegen.compact import read_compact
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces import ActionMap, ActionSpec, Form, action_map
from tests.spaces.models import (
    array,
    axis,
    choice,
    command,
    flag,
    integer,
    keys,
    model,
    number,
    text,
)

SCHEMAS = sorted((Path(__file__).parents[2] / "reactor_env/models/schemas").glob("*.toml"))
MOUSE = command("mouse_move", number("dx", -200, 200), number("dy", -200, 200))
MOUSE_EVENT = ActionSpec(command="mouse_move", kind="event")


def names(commands: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(found.name, dict(found.data)) for found in commands]


def play(mapped: ActionMap, *actions: Any) -> list[list[tuple[str, dict[str, Any]]]]:
    """What each of several actions sends, after a release."""
    since, sent = mapped.neutral, []
    for index, action in enumerate(actions):
        values = mapped.values(action)
        sent.append(names(mapped.commands(values, since, index + 1)))
        since = values
    return sent


# -- what is sent -------------------------------------------------------------------------------


def test_held_controls_are_sent_when_they_change() -> None:
    mapped = action_map(model(axis("yaw"), axis("pitch")))
    one, two, three = play(
        mapped, np.array([1, 0], "f4"), np.array([1, 0.5], "f4"), np.array([1, 0.5], "f4")
    )
    assert one == [("set_yaw", {"yaw": 1.0})]
    assert two == [("set_pitch", {"pitch": 0.5})]
    assert three == []


def test_everything_is_sent_while_nothing_is_known() -> None:
    mapped = action_map(model(axis("yaw"), keys("w", "s")))
    sent = names(mapped.commands(mapped.neutral, None, 1))
    assert sent == [
        ("set_yaw", {"yaw": 0.0}),
        ("set_key_state", {"key": "w", "pressed": False}),
        ("set_key_state", {"key": "s", "pressed": False}),
    ]


def test_a_key_is_released_before_another_is_pressed() -> None:
    mapped = action_map(model(keys("w", "s", "d")))
    assert mapped.space == gym.spaces.MultiBinary(3)
    one, two = play(mapped, np.array([0, 1, 1], np.int8), np.array([1, 0, 1], np.int8))
    assert one == [
        ("set_key_state", {"key": "s", "pressed": True}),
        ("set_key_state", {"key": "d", "pressed": True}),
    ]
    assert two == [
        ("set_key_state", {"key": "s", "pressed": False}),
        ("set_key_state", {"key": "w", "pressed": True}),
    ]


def test_an_event_is_sent_each_time_it_is_asked_for_and_never_otherwise() -> None:
    mapped = action_map(model(MOUSE), [MOUSE_EVENT])
    move, still = np.array([5, 0], "f4"), np.zeros(2, "f4")
    data = {"dx": 5.0, "dy": 0.0}
    assert play(mapped, move, move, still) == [[("mouse_move", data)], [("mouse_move", data)], []]


def test_a_command_without_parameters_is_an_event() -> None:
    mapped = action_map(model(command("jump")), [ActionSpec(command="jump")])
    assert mapped.space == gym.spaces.Discrete(2)
    assert play(mapped, 0, 1, 1) == [[], [("jump", {})], [("jump", {})]]


def test_a_command_of_unknown_kind_is_always_sent() -> None:
    mapped = action_map(model(MOUSE), [ActionSpec(command="mouse_move")])
    still = np.zeros(2, "f4")
    assert play(mapped, still, still) == [[("mouse_move", {"dx": 0.0, "dy": 0.0})]] * 2


def test_an_atomic_setter_sends_all_its_parameters_at_once() -> None:
    camera = command("set_camera", number("yaw", -1, 1), number("pitch", -1, 1))
    mapped = action_map(model(camera, axis("yaw"), axis("pitch")))
    assert play(mapped, np.array([1, 0.5], "f4")) == [[("set_camera", {"yaw": 1.0, "pitch": 0.5})]]


def test_a_text_of_keys_is_one_command() -> None:
    spec = ActionSpec(command="set_keys", keys=("w", "shift"), join=",")
    mapped = action_map(model(command("set_keys", text("keys"))), [spec])
    assert mapped.space == gym.spaces.MultiBinary(2)
    both, none = play(mapped, np.array([1, 1], np.int8), np.array([0, 0], np.int8))
    assert both == [("set_keys", {"keys": "w,shift"})]
    assert none == [("set_keys", {"keys": ""})]


def test_prompts_to_choose_from_are_discrete() -> None:
    spec = ActionSpec(command="set_prompt", choices=("calm", "storm"))
    mapped = action_map(model(command("set_prompt", text("prompt"))), [spec])
    assert mapped.space == gym.spaces.Discrete(2)
    assert play(mapped, 0, 1) == [[], [("set_prompt", {"prompt": "storm"})]]


def test_an_array_gets_the_length_and_bounds_it_is_told() -> None:
    pose = command("set_camera_pose", array("camera_pose", number("")))
    spec = ActionSpec(command="set_camera_pose", length=3, low=-1, high=1)
    mapped = action_map(model(pose), [spec])
    assert mapped.space == gym.spaces.Box(-1, 1, (3,), np.float32)
    assert play(mapped, np.array([0, 1, 0], "f4")) == [
        [("set_camera_pose", {"camera_pose": [0.0, 1.0, 0.0]})]
    ]


def test_only_the_named_parameters_are_filled_beside_constants() -> None:
    pointer = command("set_pointer", number("x", 0, 1), number("y", 0, 1), flag("active"))
    spec = ActionSpec(command="set_pointer", fields=("x", "y"), constants={"active": True})
    mapped = action_map(model(pointer), [spec])
    assert mapped.space == gym.spaces.Box(0, 1, (2,), np.float32)
    assert play(mapped, np.array([1, 0], "f4")) == [
        [("set_pointer", {"active": True, "x": 1.0, "y": 0.0})]
    ]


def test_an_optional_parameter_that_fits_no_space_is_left_out() -> None:
    label = FieldSchema("label", "string", False)
    mapped = action_map(model(command("set_gear", integer("gear", 0, 3), label)))
    assert mapped.space == gym.spaces.Discrete(4)
    assert play(mapped, 2) == [[("set_gear", {"gear": 2})]]


def test_an_action_is_numbered_where_the_model_wants_it() -> None:
    sequence = FieldSchema("action_seq", "integer", False, -1, minimum=-1)
    mapped = action_map(model(command("act", integer("a", 0, 1), sequence)))
    assert mapped.sequenced
    assert play(mapped, 1, 1) == [
        [("act", {"a": 1, "action_seq": 1})],
        [("act", {"a": 1, "action_seq": 2})],
    ]
    assert mapped.release(None) == []


# -- release ------------------------------------------------------------------------------------


def test_release_sets_what_is_held_neutral_and_nothing_else() -> None:
    mapped = action_map(
        model(axis("yaw"), axis("pitch"), keys("w", "s"), MOUSE),
        [ActionSpec(command=name) for name in ("set_yaw", "set_pitch", "set_key_state")]
        + [MOUSE_EVENT],
    )
    action = {
        "set_yaw": np.ones(1, "f4"),
        "set_pitch": np.zeros(1, "f4"),
        "set_key_state": np.array([0, 1], np.int8),
        "mouse_move": np.ones(2, "f4"),
    }
    assert names(mapped.release(mapped.values(action))) == [
        ("set_yaw", {"yaw": 0.0}),
        ("set_key_state", {"key": "s", "pressed": False}),
    ]
    assert mapped.release(mapped.neutral) == []
    assert len(mapped.release(None)) == 4


def test_release_uses_the_models_own_command_where_it_has_one() -> None:
    mapped = action_map(model(axis("yaw"), command("release_controls")), release="release_controls")
    assert names(mapped.release(None)) == [("release_controls", {})]
    assert names(mapped.release(mapped.values(np.ones(1, "f4")))) == [("release_controls", {})]
    assert mapped.release(mapped.neutral) == []


def test_a_release_command_the_model_lacks_is_named() -> None:
    with pytest.raises(UnsupportedModelError, match="one of set_yaw, got 'let_go'"):
        action_map(model(axis("yaw")), release="let_go")


# -- forms --------------------------------------------------------------------------------------


def test_mixed_controls_are_a_dict_by_the_names_given() -> None:
    mapped = action_map(
        model(keys("w", "s"), MOUSE),
        [
            ActionSpec(command="set_key_state", name="keys"),
            ActionSpec(command="mouse_move", name="mouse", kind="event"),
        ],
    )
    assert mapped.space == gym.spaces.Dict(
        keys=gym.spaces.MultiBinary(2), mouse=gym.spaces.Box(-200, 200, (2,), np.float32)
    )


@pytest.mark.parametrize("form", ["auto", "dict", "flat"])
@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_actions_of_every_published_model_are_commands_it_takes(path: Path, form: Form) -> None:
    schema = parse_schema(read_compact(path.read_text()))
    try:
        mapped = action_map(schema, form=form)
    except UnsupportedModelError:
        return
    mapped.space.seed(1)
    for _ in range(5):
        values = mapped.values(mapped.space.sample())
        assert mapped.values(mapped.action(values)) == values
        for found in mapped.commands(values, None, 1):
            validate_command(schema, found.name, dict(found.data))
    for found in mapped.release(None):
        validate_command(schema, found.name, dict(found.data))


def test_most_published_models_have_actions_of_their_own() -> None:
    found = 0
    for path in SCHEMAS:
        try:
            action_map(parse_schema(read_compact(path.read_text())))
        except UnsupportedModelError:
            continue
        found += 1
    assert (len(SCHEMAS), found) == (35, 20)


def test_presets_are_named_actions_and_the_rest_is_neutral() -> None:
    mapped = action_map(
        model(command("set_walk", choice("walk", "idle", "on")), axis("yaw"), keys("w", "s")),
        form="presets",
        presets={
            "nothing": {},
            "ahead": {"set_walk": "on", "set_key_state": ["w"]},
            "turn": {"set_yaw": {"yaw": 0.5}},
        },
    )
    assert mapped.space == gym.spaces.Discrete(3)
    assert play(mapped, 0, 1, 2) == [
        [],
        [("set_walk", {"walk": "on"}), ("set_key_state", {"key": "w", "pressed": True})],
        [
            ("set_walk", {"walk": "idle"}),
            ("set_yaw", {"yaw": 0.5}),
            ("set_key_state", {"key": "w", "pressed": False}),
        ],
    ]
    assert mapped.action(mapped.neutral) == 0


@pytest.mark.parametrize(
    ("preset", "message"),
    [
        ({"set_jaw": 1}, "preset 'p' may set set_yaw, set_key_state, got set_jaw"),
        ({"set_yaw": 2}, "preset 'p': 'set_yaw' must be in Box"),
        ({"set_yaw": {"pitch": 1}}, "preset 'p': 'set_yaw' has the parameters yaw"),
        ({"set_key_state": ["w", "x"]}, "must be a list of the keys w, s, got"),
    ],
)
def test_a_preset_that_does_not_fit_is_named(preset: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action_map(model(axis("yaw"), keys("w", "s")), form="presets", presets={"p": preset})


def test_presets_without_any_are_refused() -> None:
    with pytest.raises(ValueError, match="needs presets, got none"):
        action_map(model(axis("yaw")), form="presets")


# -- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (ActionSpec(command="jump"), "one of set_keys, set_yaw, got 'jump'"),
        (ActionSpec(command="set_yaw", fields=("jaw",)), "has the parameters yaw, got 'jaw'"),
        (ActionSpec(command="set_yaw", constants={"jaw": 1}), "has the parameters yaw, got 'jaw'"),
        (ActionSpec(command="set_yaw", neutral={"yaw": 4}), "neutral value does not fit"),
        (ActionSpec(command="set_yaw", neutral=("w",)), "must name its parameters"),
        (ActionSpec(command="set_keys", join=","), "expected one text parameter and a list"),
        (ActionSpec(command="set_keys"), "'keys' is a text without choices"),
    ],
)
def test_what_is_said_about_a_command_must_fit_the_model(spec: ActionSpec, message: str) -> None:
    found = model(axis("yaw"), command("set_keys", text("keys")))
    with pytest.raises(UnsupportedModelError, match=message):
        action_map(found, [spec])


def test_keys_the_model_does_not_know_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match=r"must be among w, s, got \['x'\]"):
        action_map(model(keys("w", "s")), [ActionSpec(command="set_key_state", keys=("w", "x"))])


def test_an_unknown_form_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="`form` must be one of auto, dict, flat, presets"):
        action_map(model(axis("yaw")), form="tree")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameter", "action", "got"),
    [
        (integer("a", 0, 2), 3, "Discrete.*got 3 of type int"),
        (integer("a", 0, 2), np.int64(-1), "of type int64"),
        (integer("a", 0, 2), 1.0, r"got 1\.0 of type float"),
        (array("a", number("", -1, 1), 2), np.zeros(3, np.float32), r"shape \(3,\)"),
        (array("a", number("", -1, 1), 2), np.zeros(2, np.float64), "dtype float64"),
        (array("a", number("", -1, 1), 2), np.full(2, 1.1, np.float32), "dtype float32"),
        (array("a", number("", -1, 1), 2), np.full(2, np.nan, np.float32), "nan"),
        (array("a", flag(""), 2), np.array([0, 2]), "dtype int64"),
    ],
)
def test_an_action_outside_the_space_is_named(
    parameter: FieldSchema, action: Any, got: str
) -> None:
    mapped = action_map(model(command("set_a", parameter)), [ActionSpec(command="set_a")])
    with pytest.raises(ValueError, match=rf"(?s)`action` must be in .*{got}"):
        mapped.values(action)


def test_a_description_holds_only_what_json_has() -> None:
    import json

    mapped = action_map(model(axis("yaw"), keys("w", "s")))
    described = mapped.describe()
    assert json.loads(json.dumps(described)) == described
    assert [found["neutral"] for found in described] == [{"yaw": 0.0}, []]
    assert described[1]["meaning"] == ["down: w, s"]
