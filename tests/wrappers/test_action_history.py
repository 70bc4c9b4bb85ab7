from __future__ import annotations

import json
import pickle
import warnings
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import DelayObservation, FlattenObservation, FrameStackObservation

from reactor_env.wrappers import ActionHistory
from tests.vector.envs import vector

CLOSED = spaces.Box(-1, 1, (2,), np.float32)


class Told(gym.Env[Any, Any]):
    """Has the spaces, and says the infos, that it is told; a pickle of it does the same."""

    def __init__(
        self,
        action_space: gym.Space[Any] | None = None,
        infos: tuple[dict[str, Any], ...] = (),
        observation_space: gym.Space[Any] | None = None,
        length: int = 100,
    ) -> None:
        self.action_space = action_space or spaces.Discrete(3)
        self.observation_space = observation_space or spaces.Box(0, 100, (2,), np.float32)
        self.infos = list(infos)
        self.length = length
        self.count = 0

    def _observation(self) -> Any:
        here = np.full(2, self.count, np.float32)
        return {"place": here} if isinstance(self.observation_space, spaces.Dict) else here

    def _info(self) -> dict[str, Any]:
        return self.infos.pop(0) if self.infos else {}

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return self._observation(), self._info()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if action not in self.action_space:
            raise ValueError(f"`action` must be in {self.action_space}, got {action!r}")
        self.count += 1
        return self._observation(), 1.0, self.count >= self.length, False, self._info()


gym.register(id="tests/Told-v0", entry_point="tests.wrappers.test_action_history:Told")


def rows(observation: Any) -> list[list[float]]:
    return [[round(float(value), 6) for value in row] for row in observation["actions"]]


# -- actions ------------------------------------------------------------------------------------


def test_the_last_actions_follow_the_observation_newest_last() -> None:
    env = ActionHistory(Told(), n=2)
    observation, _ = env.reset()
    assert rows(observation) == [[0, 0, 0], [0, 0, 0]]
    observation, *_ = env.step(2)
    assert rows(observation) == [[0, 0, 0], [0, 0, 1]]
    assert observation["observation"].tolist() == [1, 1]
    env.step(0)
    observation, *_ = env.step(1)
    assert rows(observation) == [[1, 0, 0], [0, 1, 0]]


def test_a_new_episode_begins_without_actions() -> None:
    env = ActionHistory(Told(), n=2)
    env.reset()
    env.step(1)
    observation, _ = env.reset()
    assert rows(observation) == [[0, 0, 0], [0, 0, 0]]


def test_a_padding_stands_for_the_actions_before_the_first() -> None:
    env = ActionHistory(Told(), n=2, padding=1)
    observation, _ = env.reset()
    assert rows(observation) == [[0, 1, 0], [0, 1, 0]]
    env.step(2)
    assert rows(env.reset()[0]) == [[0, 1, 0], [0, 1, 0]]


def test_an_action_that_the_environment_refuses_was_not_taken() -> None:
    env = ActionHistory(Told(), n=1)
    env.reset()
    env.step(1)
    with pytest.raises(ValueError, match="`action` must be in"):
        env.step(7)
    assert rows(env.step(2)[0]) == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("space", "action", "row"),
    [
        (spaces.Discrete(3, start=4), 5, [0, 1, 0]),
        (spaces.MultiDiscrete([3, 2]), np.array([2, 0]), [0, 0, 1, 1, 0]),
        (spaces.MultiBinary(2), np.array([1, 0], np.int8), [1, 0]),
        (CLOSED, np.array([0.5, -1], np.float32), [0.5, -1]),
        (spaces.Box(1.0, 3.0, (2,), np.float64), np.array([1.1, 3.0]), [1.1, 3]),
        (
            spaces.Dict(keys=spaces.Discrete(2), mouse=CLOSED),
            {"keys": 1, "mouse": np.array([0.25, 0], np.float32)},
            [0, 1, 0.25, 0],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_action_space_is_written_as_a_row(
    space: gym.Space[Any], action: Any, row: list[float]
) -> None:
    env = ActionHistory(Told(space), n=3)
    observation, _ = env.reset()
    assert observation in env.observation_space
    for _ in range(4):
        observation, *_ = env.step(action)
        assert observation in env.observation_space
    assert rows(observation) == [row] * 3


def test_an_observation_is_not_changed_by_the_next_step() -> None:
    env = ActionHistory(Told(infos=({}, {"action_to_frame_ms": 9.0})), n=2)
    first, _ = env.reset()
    env.step(1)
    assert rows(first) == [[0, 0, 0], [0, 0, 0]]
    assert first["delay_ms"].tolist() == [0]


def test_a_dict_of_observations_gets_the_keys_added() -> None:
    space = spaces.Dict(place=spaces.Box(0, 100, (2,), np.float32))
    env = ActionHistory(Told(observation_space=space), n=1)
    observation, _ = env.reset()
    assert set(observation) == {"place", "actions", "delay_ms"}
    assert observation in env.observation_space


def test_a_flat_observation_is_one_vector_in_the_order_of_the_keys() -> None:
    env = ActionHistory(Told(infos=({}, {"action_to_frame_ms": 30.0})), n=2, flatten=True)
    assert env.observation_space.shape == (9,)
    env.reset()
    observation, *_ = env.step(2)
    assert observation in env.observation_space
    assert observation.dtype == np.float32
    assert observation.tolist() == [0, 0, 0, 0, 0, 1, 30, 1, 1]


# -- the delay ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("infos", "delays"),
    [
        ([{}, {}], [0, 0]),
        ([{"delay_ms": 250.0}, {"delay_ms": 250.0}], [250, 250]),
        ([{"delay_ms": None}, {"delay_ms": None}], [0, 0]),
        ([{"action_to_frame_ms": None}, {"action_to_frame_ms": 40.0}], [0, 40]),
        ([{"action_to_frame_ms": 40.0}, {"action_to_frame_ms": None}], [40, 40]),
        ([{"delay_ms": 250.0}, {"delay_ms": 250.0, "action_to_frame_ms": 40.0}], [250, 40]),
        ([{"action_to_frame_ms": 1e9}, {"action_to_frame_ms": -1.0}], [10_000, 0]),
    ],
)
def test_the_delay_is_the_newest_one_measured_or_else_the_one_assumed(
    infos: list[dict[str, Any]], delays: list[float]
) -> None:
    env = ActionHistory(Told(infos=tuple(infos)), n=1)
    first, _ = env.reset()
    second, *_ = env.step(0)
    assert [first["delay_ms"].tolist(), second["delay_ms"].tolist()] == [[one] for one in delays]
    assert first in env.observation_space
    assert second in env.observation_space


def test_a_delay_outlives_its_episode() -> None:
    env = ActionHistory(Told(infos=({}, {"action_to_frame_ms": 40.0})), n=1)
    env.reset()
    env.step(0)
    assert env.reset()[0]["delay_ms"].tolist() == [40]


def test_the_delay_can_be_left_out() -> None:
    env = ActionHistory(Told(), n=1, delay=False)
    assert set(env.reset()[0]) == {"observation", "actions"}


# -- beside Gymnasium ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"flatten": True}, {"padding": 1, "delay": False}])
def test_gymnasiums_checker_finds_nothing(options: dict[str, Any]) -> None:
    env = ActionHistory(gym.make("CartPole-v1"), n=3, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # CartPole's own velocities have no bounds.
        warnings.filterwarnings("ignore", message=".*[Bb]ox.*infinity.*")
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version.*")
        check_env(env, skip_render_check=True)


def test_a_spec_makes_the_same_wrapper_again_also_by_way_of_json() -> None:
    env = ActionHistory(gym.make("tests/Told-v0"), n=3, delay=False, padding=2)
    assert env.spec is not None
    again: Any = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert isinstance(again, ActionHistory)
    assert again.observation_space == env.observation_space
    assert rows(again.reset()[0]) == [[0, 0, 1]] * 3
    assert json.loads(env.spec.to_json())["additional_wrappers"][0]["kwargs"]["n"] == 3


def test_a_pickled_wrapper_goes_on_where_it_was() -> None:
    env = ActionHistory(Told(), n=2)
    env.reset()
    env.step(2)
    again = pickle.loads(pickle.dumps(env))
    assert rows(again.step(1)[0]) == [[0, 0, 1], [0, 1, 0]]
    assert rows(env.step(0)[0]) == [[0, 0, 1], [1, 0, 0]]


def test_frames_can_be_stacked_over_and_under_it() -> None:
    over = FrameStackObservation(ActionHistory(Told(), n=2), 4)
    over.reset()
    observation, *_ = over.step(2)
    assert observation in over.observation_space
    assert observation["actions"].shape == (4, 2, 3)
    assert observation["actions"][-1, -1].tolist() == [0, 0, 1]
    under = ActionHistory(FrameStackObservation(Told(), 4), n=2)
    under.reset()
    observation, *_ = under.step(2)
    assert observation["observation"].shape == (4, 2)
    assert observation["actions"].shape == (2, 3)


def test_an_observation_that_is_late_comes_with_the_actions_it_does_not_show() -> None:
    env = ActionHistory(DelayObservation(Told(), delay=2), n=2)
    env.reset()
    for action in (0, 1, 2, 0):
        observation, *_ = env.step(action)
    # What is seen is the state two steps ago: the two actions since are the ones listed.
    assert observation["observation"].tolist() == [2, 2]
    assert rows(observation) == [[0, 0, 1], [1, 0, 0]]


def test_gymnasiums_own_flattening_gives_the_flat_form() -> None:
    flat = ActionHistory(Told(), n=2, flatten=True)
    other = FlattenObservation(ActionHistory(Told(), n=2))
    assert flat.observation_space == other.observation_space
    for env in (flat, other):
        env.reset()
    np.testing.assert_array_equal(flat.step(1)[0], other.step(1)[0])


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
def test_a_vector_puts_it_around_each_of_its_slots(mode: AutoresetMode) -> None:
    wrappers = [partial(ActionHistory, n=2)]
    makers = [partial(Told, length=length) for length in (2, 3)]
    with vector(*makers, autoreset_mode=mode, slot_wrappers=wrappers) as envs:
        observations, _ = envs.reset()
        assert observations in envs.observation_space
        assert observations["actions"].shape == (2, 2, 3)
        envs.step([1, 2])
        observations, _, terminations, *_, infos = envs.step([2, 2])
        assert terminations.tolist() == [True, False]
        assert observations["actions"][1].tolist() == [[0, 0, 1], [0, 0, 1]]
        final = infos["final_obs"][0] if mode is AutoresetMode.SAME_STEP else None
        last = final if final is not None else {"actions": observations["actions"][0]}
        assert last["actions"].tolist() == [[0, 1, 0], [0, 0, 1]]
        if mode is AutoresetMode.SAME_STEP:
            assert observations["actions"][0].tolist() == [[0, 0, 0], [0, 0, 0]]
        if mode is AutoresetMode.NEXT_STEP:
            observations, *_ = envs.step([1, 1])
            assert observations["actions"][0].tolist() == [[0, 0, 0], [0, 0, 0]]


# -- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "`n` must be a positive number of actions, got 0"),
        ({"n": 1.5}, "`n` must be a positive number of actions, got 1.5"),
        ({"n": 1, "padding": 9}, r"`padding` must be in Discrete\(3\), got 9"),
        ({"n": 1, "max_delay_ms": 0}, "`max_delay_ms` must be a positive time, got 0"),
    ],
)
def test_a_wrong_argument_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActionHistory(Told(), **options)


def test_actions_of_no_fixed_size_are_refused() -> None:
    with pytest.raises(ValueError, match="the action space must flatten to a fixed size, got Seq"):
        ActionHistory(Told(spaces.Sequence(spaces.Discrete(2))), n=1)


def test_a_key_that_is_taken_is_refused() -> None:
    taken = spaces.Dict(actions=spaces.Discrete(2))
    with pytest.raises(ValueError, match=r"must not have the keys \['actions'\]"):
        ActionHistory(Told(observation_space=taken), n=1)
