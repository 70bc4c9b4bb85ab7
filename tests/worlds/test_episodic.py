from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from numpy.typing import NDArray
from reactor_runtime import ReactorApp
from reactor_runtime.interface.model import ModelContract

from reactor_env.client.schema import ModelSchema, TrackSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.spaces import action_map
from reactor_env.worlds.catch import CatchEnv
from reactor_env.worlds.episodic import MAX_SEED, build_world

SPACES: list[gym.Space[Any]] = [
    gym.spaces.Discrete(3),
    gym.spaces.Discrete(5, start=-2),
    gym.spaces.MultiDiscrete([2, 3], start=[4, -1]),
    gym.spaces.MultiBinary(3),
    gym.spaces.Box(-1.5, 0.25, (2,), np.float32),
    gym.spaces.Box(-np.inf, np.inf, (2,), np.float32),
    gym.spaces.Box(np.array([0, -np.inf], np.float32), np.array([np.inf, 1], np.float32)),
]


class Still(gym.Env[NDArray[np.uint8], Any]):
    """An environment that does nothing, with the action space and the frame it is given."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}  # noqa: RUF012 - as Gymnasium does

    def __init__(self, space: gym.Space[Any], frame: Any = None) -> None:
        self.action_space = space
        self.frame = np.zeros((4, 6, 3), np.uint8) if frame is None else frame
        self.closed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed, options=options)
        return self.frame, {}

    def render(self) -> Any:
        return self.frame

    def close(self) -> None:
        self.closed = True


def schema_of(world: type[ReactorApp]) -> ModelSchema:
    document = ModelContract.of(world).render_schema("v1.0.0", "m").to_openapi()
    return parse_schema(document)


def catch(**kwargs: Any) -> ModelSchema:
    return schema_of(build_world(lambda: CatchEnv("rgb_array"), **kwargs))


# -- what a world publishes ---------------------------------------------------------------------


def test_a_world_has_two_commands_and_one_output_track() -> None:
    schema = catch()
    assert set(schema.commands) == {"reset", "act"}
    assert schema.tracks == (TrackSchema("main_video", "video", "recvonly"),)


def test_an_action_is_required_and_bounded() -> None:
    field = catch().commands["act"].fields["action"]
    assert (field.type, field.required, field.minimum, field.maximum) == ("integer", True, 0, 2)


@pytest.mark.parametrize(
    ("per_action", "said"), [(False, "held until the next one"), (True, "Take one step with this")]
)
def test_the_schema_says_what_an_action_is_good_for(per_action: bool, said: str) -> None:
    assert said in (catch(frame_per_action=per_action).commands["act"].description or "")


def test_the_number_of_an_action_may_be_left_out() -> None:
    field = catch().commands["act"].fields["action_seq"]
    assert (field.type, field.required, field.default, field.minimum) == ("integer", False, -1, -1)


def test_a_seed_may_be_left_out_and_is_exact_as_a_double() -> None:
    field = catch().commands["reset"].fields["seed"]
    assert (field.required, field.default, field.minimum) == (False, -1, -1)
    assert field.maximum == MAX_SEED
    assert int(float(MAX_SEED)) == MAX_SEED


def test_the_reply_to_a_reset_tells_size_and_rate_beforehand() -> None:
    reply = schema_of(build_world(lambda: Still(SPACES[0]), fps=12)).commands["reset"].reply
    assert {name: reply[name].default for name in ("width", "height", "fps")} == {
        "width": 6,
        "height": 4,
        "fps": 12.0,
    }


@pytest.mark.parametrize(
    ("fps", "expected"), [(None, 15.0), (7.5, 7.5)], ids=["the game's own", "given"]
)
def test_the_rate_is_the_environments_unless_given(fps: float | None, expected: float) -> None:
    assert catch(fps=fps).commands["reset"].reply["fps"].default == expected


def test_an_environment_without_a_rate_plays_thirty_steps_a_second() -> None:
    reply = schema_of(build_world(lambda: Still(SPACES[0]))).commands["reset"].reply
    assert reply["fps"].default == 30.0


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_client_derives_the_worlds_action_space_from_its_real_schema(
    space: gym.Space[Any],
) -> None:
    mapped = action_map(schema_of(build_world(lambda: Still(space))))
    assert mapped.space == space
    assert mapped.sequenced


def test_a_second_world_does_not_change_the_first() -> None:
    first = build_world(lambda: Still(SPACES[0]))
    build_world(lambda: Still(SPACES[3]))
    assert action_map(schema_of(first)).space == SPACES[0]


def test_the_environment_that_was_looked_at_is_closed() -> None:
    made: list[Still] = []

    def make() -> Still:
        made.append(Still(SPACES[0]))
        return made[-1]

    build_world(make)
    assert [env.closed for env in made] == [True]


# -- what cannot be a world ---------------------------------------------------------------------


@pytest.mark.parametrize("space", [gym.spaces.Text(5), gym.spaces.Dict({})], ids=str)
def test_an_action_space_without_a_command_form_is_refused_and_the_environment_closed(
    space: gym.Space[Any],
) -> None:
    env = Still(space)
    with pytest.raises(TypeError, match="expected a Discrete, MultiDiscrete, MultiBinary or Box"):
        build_world(lambda: env)
    assert env.closed


@pytest.mark.parametrize(
    ("frame", "got"),
    [
        pytest.param(np.zeros((4, 6), np.uint8), r"uint8 \(4, 6\)", id="gray"),
        pytest.param(np.zeros((4, 6, 4), np.uint8), r"uint8 \(4, 6, 4\)", id="with alpha"),
        pytest.param(np.zeros((4, 6, 3), np.float32), r"float32 \(4, 6, 3\)", id="floats"),
        pytest.param("| o |", r"'\| o \|'", id="text"),
        pytest.param([np.zeros((4, 6, 3), np.uint8)], "array", id="a list of frames"),
    ],
)
def test_an_environment_that_renders_no_rgb_frames_is_refused(frame: Any, got: str) -> None:
    with pytest.raises(TypeError, match=rf'(?s)needs render_mode="rgb_array" .*got .*{got}'):
        build_world(lambda: Still(SPACES[0], frame))


@pytest.mark.filterwarnings("ignore:.*render method without:UserWarning")
def test_an_environment_made_without_a_render_mode_is_refused() -> None:
    with pytest.raises(TypeError, match='needs render_mode="rgb_array"'):
        build_world(lambda: gym.make("CartPole-v1"))


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan])
def test_a_rate_that_is_not_positive_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be positive, got"):
        build_world(lambda: Still(SPACES[0]), fps=fps)


@pytest.mark.parametrize("value", [1, None, "yes"])
def test_a_frame_per_action_that_is_no_truth_value_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="`frame_per_action` must be True or False, got"):
        build_world(lambda: Still(SPACES[0]), frame_per_action=value)
