"""Models that were never seen before, through their profiles: twins of published ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.client.errors import CommandRefusedError, StepFailedError
from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces.controls import Keys
from reactor_env.uploads import png
from tests.compliance.rows import ROW, row
from tests.integration.conftest import MakeEnv
from tests.twins.controls import LAYOUTS
from tests.twins.fixtures import TwinRuntime
from tests.twins.fixtures import twin_runtime as twin_runtime
from tests.twins.images import IMAGE
from tests.twins.picture import Axis, Digest, Mark, Picture, digest, read


def mostly_slow(names: Iterable[str], *fast: str) -> list[Any]:
    """Run every name in make test-all, and only some of them each time."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


STEPPED = {
    "diamond_csgo_world_model": {},
    "open_dreamer": {},
    "open_oasis": {},
    "waypoint": {"image": IMAGE},
    "matrix_game_2": {"image": IMAGE},
    "lingbot_world_v2": {"image": IMAGE},
    "alayaworld": {"image": IMAGE},
}
"""The twins that can be stepped, and what each needs to begin."""

BEGIN = {"image": IMAGE, "prompt": "a quiet room"}


@pytest.fixture(autouse=True)
def _no_process_left() -> None:
    """Let a twin's runtime live until the last test of this module."""


@pytest.fixture
def make_twin(
    make_env: MakeEnv,
    twin_runtime: TwinRuntime,
    record_property: Callable[[str, object], None],
) -> Any:
    """Make an environment of a twin; options of the twin go into ``options``."""

    def make(name: str, options: dict[str, Any] | None = None, **kwargs: Any) -> ReactorEnv:
        # For the table of tests/compliance/table.py.
        record_property(ROW, row(name, kwargs.get("mode", "streamed")))
        runtime = twin_runtime(name, **(options or {}))
        return make_env(model=name, local=True, api_url=runtime.url, **kwargs)

    return make


def seen(name: str, observation: Any) -> Picture:
    found = read(observation, LAYOUTS[name])
    assert found is not None, "the frame shows no picture"
    return found


def shown(name: str, picture: Picture, env: ReactorEnv, values: Any) -> None:
    """Check that a picture was made with the values of an action."""
    layout = LAYOUTS[name].fields
    for part, value in zip(env.action_map.controls, values, strict=True):
        if isinstance(part, Keys) and part.down_field:
            assert {key for key in picture.pressed if key in part.keys} == value
        elif isinstance(part, Keys):
            text = part.join.join(sorted(value))
            assert picture.controls[part.key_field] == digest(text)
        else:
            for control, wanted in value.items():
                field = layout[control]
                got = picture.controls[control]
                if isinstance(field, Axis):
                    step = field.limit / (2 ** (field.bits - 1) - 1)
                    assert got == pytest.approx(wanted, abs=0.6 * step), control
                elif isinstance(field, Digest):
                    assert got == digest(wanted), control
                else:
                    assert got == wanted, control


@pytest.mark.parametrize("name", mostly_slow(STEPPED, "diamond_csgo_world_model", "matrix_game_2"))
def test_a_stepped_frame_shows_the_action_and_a_reset_begins_a_neutral_run(
    make_twin: Any, name: str
) -> None:
    env = make_twin(name, mode="stepped")
    assert env.profile.name == name
    observation, info = env.reset(seed=3, options=STEPPED[name])
    before = seen(name, observation).run
    env.action_space.seed(5)
    for _ in range(4):
        action = env.action_space.sample()
        observation, reward, terminated, truncated, info = env.step(action)
        picture = seen(name, observation)
        assert picture.run == before
        shown(name, picture, env, env.action_map.values(action))
        assert (reward, terminated, truncated, info["end"]) == (0.0, False, False, None)
        assert info["action_to_frame_ms"] > 0
    observation, _ = env.reset()
    picture = seen(name, observation)
    assert picture.run > before
    shown(name, picture, env, env.action_map.neutral)


def test_a_stepped_model_that_must_begin_from_a_picture_says_so(make_twin: Any) -> None:
    env = make_twin("matrix_game_2", mode="stepped")
    env.reset(options={"session": "new", "random_image": True})
    env.close()
    env = make_twin("matrix_game_2", mode="stepped")
    with pytest.raises(StepFailedError, match="image_required"):
        env.reset()


def test_a_mouse_movement_counts_once_and_a_key_until_it_is_released(make_twin: Any) -> None:
    env = make_twin("open_oasis", mode="stepped", action_form="presets")
    names = list(env.profile.presets)
    assert env.action_space == gym.spaces.Discrete(len(names))
    env.reset(seed=1)
    observation, *_ = env.step(names.index("turn_left"))
    assert seen("open_oasis", observation).controls["camera_x"] < 0
    observation, *_ = env.step(names.index("forward"))
    picture = seen("open_oasis", observation)
    assert picture.controls["camera_x"] == 0
    assert picture.pressed == {"w"}
    observation, *_ = env.step(names.index("nothing"))
    assert not seen("open_oasis", observation).pressed


def test_equal_seeds_begin_equal_worlds(make_twin: Any) -> None:
    env = make_twin("open_dreamer", mode="stepped")
    seeds = []
    for seed in (5, 6, 5):
        observation, _ = env.reset(seed=seed, options={"demo": "demo_1"})
        seeds.append(seen("open_dreamer", observation).seed)
    assert seeds[0] == seeds[2] != seeds[1]


def test_a_flat_action_drives_a_model_with_a_dict(make_twin: Any) -> None:
    env = make_twin("diamond_csgo_world_model", mode="stepped", action_form="flat")
    assert isinstance(env.action_space, gym.spaces.Box)
    env.reset()
    env.action_space.seed(2)
    action = env.action_space.sample()
    observation, *_ = env.step(action)
    picture = seen("diamond_csgo_world_model", observation)
    shown("diamond_csgo_world_model", picture, env, env.action_map.values(action))


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
def test_the_models_run_limit_truncates_the_episode(make_twin: Any, mode: str) -> None:
    env = make_twin("matrix_game_2", {"run_limit": 12}, mode=mode, frames_per_step=4)
    env.reset(options={"image": IMAGE})
    still = env.action_map.action(env.action_map.neutral)
    for _ in range(20):
        _, _, terminated, truncated, info = env.step(still)
        if terminated or truncated:
            break
    assert (terminated, truncated) == (False, True)
    assert "rollout_limit_reached" in info["end"] or "refused" in info["end"]
    with pytest.raises(gym.error.ResetNeeded, match="episode is over"):
        env.step(still)
    _, _ = env.reset()
    assert not env.step(still)[3]


def test_a_model_that_only_refuses_at_its_limit_is_truncated_too(make_twin: Any) -> None:
    env = make_twin("lingbot_world_v2", {"run_limit": 3}, mode="stepped")
    env.reset(options={"image": IMAGE})
    ends = []
    for _ in range(4):
        _, _, _, truncated, info = env.step(env.action_space.sample())
        ends.append(info["end"])
        if truncated:
            break
    assert truncated
    assert "refused" in ends[-1]


def test_a_model_that_restarts_by_itself_is_truncated_before_that(make_twin: Any) -> None:
    env = make_twin("alayaworld", {"run_limit": 3}, mode="stepped")
    env.reset(options={"image": IMAGE})
    ends = [env.step(np.zeros(6, np.float32))[4]["end"] for _ in range(2)]
    assert ends == [None, "message rollout_reset_queued"]


def test_a_horizon_truncates(make_twin: Any) -> None:
    env = make_twin("open_oasis", mode="stepped", horizon=2, action_form="presets")
    env.reset()
    assert env.step(0)[3] is False
    *_, truncated, info = env.step(0)
    assert truncated
    assert info["end"] == "horizon of 2 steps"


# -- streamed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", mostly_slow(["lingbot", "lingbot_world_2"], "lingbot_world_2"))
@pytest.mark.parametrize("backend", mostly_slow(["aiortc", "native"], "aiortc"))
def test_every_reset_of_a_hosted_kind_returns_a_frame_of_the_new_run(
    make_twin: Any, name: str, backend: str
) -> None:
    env = make_twin(name, backend=backend)
    runs = []
    for index in range(6):
        observation, _ = env.reset(seed=index, options=BEGIN if index == 0 else None)
        picture = seen(name, observation)
        runs.append(picture.run)
        assert picture.seed == index
        assert picture.controls["prompt"] == digest("a quiet room")
        assert picture.controls["image"] == digest(IMAGE)
        for _ in range(2):
            env.step(env.action_space.sample())
    assert runs == sorted(set(runs))


@pytest.mark.parametrize(
    "name", mostly_slow(["matrix_game_2", "open_oasis", "alayaworld"], "matrix_game_2")
)
def test_every_reset_of_a_model_that_goes_on_returns_a_frame_of_the_new_run(
    make_twin: Any, name: str
) -> None:
    env = make_twin(name, {"run_limit": 400} if name != "open_oasis" else {}, mode="streamed")
    last = 0
    for index in range(8):
        observation, _ = env.reset(options=STEPPED[name] if index == 0 else None)
        run = seen(name, observation).run
        assert run > last
        last = run
        for _ in range(2):
            observation, *_ = env.step(env.action_map.action(env.action_map.neutral))
            assert seen(name, observation).run == run


def test_applied_waits_for_the_message_that_confirms_the_action(make_twin: Any) -> None:
    env = make_twin("lingbot_world_2", {"run_limit": 400}, pacing="applied", delay=0.3)
    env.reset(options=BEGIN)
    for values in ([1, 0, 0, 0], [0, 2, 1, 0], [2, 1, 2, 2]):
        action = np.array(values)
        observation, _, _, _, info = env.step(action)
        picture = seen("lingbot_world_2", observation)
        shown("lingbot_world_2", picture, env, env.action_map.values(action))
        assert info["applied_by"] == "message"
        assert info["action_to_frame_ms"] > 300


def test_applied_waits_for_a_delay_where_nothing_confirms(make_twin: Any) -> None:
    env = make_twin("waypoint", mode="streamed", pacing="applied", delay=0.8)
    env.reset(options={"image": IMAGE})
    action = env.action_map.action(env.action_map.neutral)
    action["direction"] = np.int64(3)
    observation, _, _, _, info = env.step(action)
    assert seen("waypoint", observation).controls["action"] == "left"
    assert info["applied_by"] == "given delay"
    assert info["action_to_frame_ms"] >= 800


def test_applied_without_either_and_without_motion_is_refused(make_twin: Any) -> None:
    env = make_twin("waypoint", pacing="applied", step_timeout=2.0)
    with pytest.raises(UnsupportedModelError, match=r"Give the time .* as `delay`"):
        env.reset(options={"image": IMAGE})


def test_a_hosted_run_that_is_over_truncates_the_episode(make_twin: Any) -> None:
    env = make_twin("lingbot_world_2", {"run_limit": 3}, frames_per_step=6)
    env.reset(options=BEGIN)
    for _ in range(30):
        _, _, _, truncated, info = env.step(np.zeros(4, np.int64))
        if truncated:
            break
    assert info["end"] == "message generation_complete"


def test_prompts_are_actions_of_a_model_without_controls(make_twin: Any) -> None:
    env = make_twin("helios", pacing="applied", delay=1.0)
    observation, _ = env.reset(options={"prompt": "a harbour"})
    assert seen("helios", observation).controls["prompt"] == digest("a harbour")
    choices = env.profile.actions[0].choices
    for action in (0, 3):
        observation, *_ = env.step(action)
        assert seen("helios", observation).controls["prompt"] == digest(choices[action])


def test_a_source_video_is_fed_to_a_model_that_edits_one(make_twin: Any) -> None:
    source = np.full((96, 144, 3), (40, 160, 90), np.uint8)
    env = make_twin("x2", inputs={"source": source}, pacing="applied", delay=0.5)
    runs = []
    for index in range(3):
        observation, _ = env.reset(options={"prompt": "an oil painting"} if not index else None)
        assert observation.shape == (96, 144, 3)
        picture = seen("x2", observation)
        runs.append(picture.run)
        assert picture.controls["prompt"] == digest("an oil painting")
        assert picture.background == pytest.approx((40, 160, 90), abs=24)
        x, y = np.array([0.25], "f4"), np.array([0.75], "f4")
        observation, *_ = env.step({"x": x, "y": y, "active": 1})
        controls = seen("x2", observation).controls
        assert controls["pointer_active"]
        assert controls["pointer_x"] == pytest.approx(0.25, abs=0.01)
        assert controls["pointer_y"] == pytest.approx(0.75, abs=0.01)
    assert runs == sorted(set(runs))


def test_a_wrong_input_leaves_no_session(make_twin: Any) -> None:
    env = make_twin("x2", inputs={"source": "missing.mp4"})
    with pytest.raises(FileNotFoundError, match=r"must be a file, got 'missing\.mp4'"):
        env.reset(options={"prompt": "a"})
    env = make_twin("x2", inputs={"camera": np.zeros((8, 8, 3), np.uint8)})
    with pytest.raises(ValueError, match="camera"):
        env.reset(options={"prompt": "a"})


def test_a_picture_may_be_a_path_bytes_or_an_array(make_twin: Any, tmp_path: Any) -> None:
    path = tmp_path / "room.png"
    path.write_bytes(IMAGE)
    env = make_twin("matrix_game_2", mode="stepped")
    for given in (path, str(path), IMAGE):
        observation, _ = env.reset(options={"image": given})
        assert seen("matrix_game_2", observation).controls["image"] == digest(IMAGE)
    picture = np.full((24, 32, 3), 200, np.uint8)
    observation, _ = env.reset(options={"image": picture})
    assert seen("matrix_game_2", observation).controls["image"] == digest(png(picture))


def test_any_command_is_an_option_and_another_session_is_told_everything(make_twin: Any) -> None:
    env = make_twin("lingbot_world_2")
    options = {**BEGIN, "set_rotation_speed_deg": 15.0}
    observation, _ = env.reset(options=options)
    assert seen("lingbot_world_2", observation).controls["rotation_speed_deg"] == pytest.approx(
        15, abs=0.2
    )
    session = env._session
    observation, _ = env.reset(options={"session": "new"})
    assert env._session is not session
    picture = seen("lingbot_world_2", observation)
    assert picture.controls["rotation_speed_deg"] == pytest.approx(15, abs=0.2)
    assert picture.run == 1


def test_what_a_model_cannot_begin_without_is_named(make_twin: Any) -> None:
    env = make_twin("lingbot_world_2")
    with pytest.raises(ValueError, match=r"`options` must give 'image', without which .* got \['p"):
        env.reset(options={"prompt": "a room"})
    with pytest.raises(ValueError, match=r"`options` must be what .* one of seed, prompt, image"):
        env.reset(options={**BEGIN, "colour": 1})


def test_a_refusal_that_is_broadcast_is_raised(make_twin: Any) -> None:
    env = make_twin("lingbot_world_2")
    with pytest.raises(CommandRefusedError, match=r"set_image.*not an image"):
        env.reset(options={"prompt": "a room", "image": b"no picture"})


def test_an_unknown_model_works_from_its_schema_alone(make_twin: Any) -> None:
    env = make_twin("matrix_game_2", mode="stepped", profile={})
    assert env.action_space["set_yaw"].shape == (1,)
    env.reset(options={"random_image": True})
    env.reset(options={"reset": True})
    picture = seen("matrix_game_2", env.step(env.action_space.sample())[0])
    assert picture.mark is Mark.NONE


def test_another_profile_is_taken_from_a_file(make_twin: Any, tmp_path: Any) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[actions.set_yaw]\n[reset]\nrecipe = ["set_picture", "*"]\n')
    env = make_twin("matrix_game_2", mode="stepped", profile=path)
    with pytest.raises(UnsupportedModelError, match=r"profile mine does not fit .*set_picture"):
        env.reset()
    path.write_text("[actions.set_yaw]\n")
    env = make_twin("matrix_game_2", mode="stepped", profile=str(path))
    assert env.action_space == gym.spaces.Box(-1, 1, (1,), np.float32)
