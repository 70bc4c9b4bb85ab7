from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TimeLimit
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from reactor_env.training.vec_env import SB3VecEnv, of_slot
from reactor_env.vector import ThreadVectorEnv
from reactor_env.vector.batching import batch_infos
from reactor_env.worlds.catch import CatchEnv
from reactor_env.wrappers import ActionHistory
from tests.training.worlds import Guess, Losing, vector

SEED = 5


def cut_catch() -> gym.Env[Any, Any]:
    return TimeLimit(CatchEnv("rgb_array"), 9)


def remembering() -> gym.Env[Any, Any]:
    return ActionHistory(CatchEnv("rgb_array"), n=2, delay=False)


def assert_same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_same(ours[key], theirs[key])
    else:
        np.testing.assert_array_equal(ours, theirs)
        assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)


@pytest.mark.parametrize(
    "make", [CatchEnv, cut_catch, remembering, Guess, partial(Guess, truncates=True)]
)
def test_every_step_is_that_of_sb3s_own_vector(make: Any) -> None:
    ours, theirs = SB3VecEnv(vector(make, slots=3)), DummyVecEnv([make] * 3)
    for venv in (ours, theirs):
        venv.seed(SEED)
    assert_same(ours.reset(), theirs.reset())
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    draw = np.random.default_rng(0)
    for _ in range(40):
        actions = draw.integers(0, 2, 3)
        one, other = ours.step(actions), theirs.step(actions)
        for mine, its in zip(one[:3], other[:3], strict=True):
            assert_same(mine, its)
        for mine, its in zip(one[3], other[3], strict=True):
            assert set(mine) == set(its)
            for key in its:
                assert_same(mine[key], its[key])
        assert ours.reset_infos == theirs.reset_infos
    ours.close()


def test_sb3_counts_the_episodes_of_it() -> None:
    venv = VecMonitor(SB3VecEnv(vector(slots=2)))
    venv.reset()
    ended = []
    for _ in range(10):
        infos = venv.step(np.zeros(2, np.int64))[3]
        ended += [info["episode"] for info in infos if "episode" in info]
    assert [(episode["r"], episode["l"]) for episode in ended] == [(5.0, 5)] * 4
    venv.close()


def test_a_lost_session_is_an_episode_that_was_cut_short() -> None:
    venv = SB3VecEnv(vector(partial(Losing, [3])))
    venv.reset()
    for _ in range(2):
        venv.step(np.zeros(1, np.int64))
    _, rewards, dones, infos = venv.step(np.zeros(1, np.int64))
    assert (rewards.tolist(), dones.tolist()) == ([0.0], [True])
    assert infos[0]["session_lost"] == "gone"
    assert infos[0]["TimeLimit.truncated"] is True
    assert infos[0]["terminal_observation"].shape == (3,)
    assert "session_lost" not in venv.reset_infos[0]
    venv.close()


def test_attributes_and_methods_are_those_of_the_chosen_slots() -> None:
    venv = SB3VecEnv(vector(cut_catch, slots=3))
    venv.reset()
    venv.set_attr("ball", (3, 4), indices=[1])
    assert venv.get_attr("ball", indices=[0, 1])[1] == (3, 4)
    assert venv.get_attr("ball", indices=0)[0] != (3, 4)
    assert venv.env_method("render", indices=2)[0].shape == (64, 64, 3)
    assert venv.env_is_wrapped(TimeLimit) == [True] * 3
    assert venv.env_is_wrapped(ActionHistory, indices=0) == [False]
    assert not venv.has_attr("nothing of the kind")
    images = venv.get_images()
    assert len(images) == 3
    venv.close()


def test_options_go_to_every_slot_once() -> None:
    envs = vector(slots=2)
    venv = SB3VecEnv(envs)
    given: list[Any] = []
    reset = envs.reset

    def noting(**kwargs: Any) -> Any:
        given.append(kwargs["options"])
        return reset(**kwargs)

    envs.reset = noting  # type: ignore[method-assign]
    venv.set_options({"prompt": "sea"})
    venv.reset()
    venv.reset()
    assert given == [{"prompt": "sea"}, None]
    venv.set_options([{"a": 1}, {"a": 2}])
    with pytest.raises(ValueError, match="`options` must be the same for every slot"):
        venv.reset()
    venv.close()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"autoreset_mode": AutoresetMode.NEXT_STEP}, r"must be made with .*SameStep.* 'NextStep'"),
        ({"autoreset_mode": AutoresetMode.SAME_STEP, "copy": False}, "must be .* `copy=True`"),
    ],
)
def test_a_vector_that_sb3_would_misread_is_refused(options: Any, named: str) -> None:
    envs = ThreadVectorEnv([Guess], **options)
    with pytest.raises(ValueError, match=named):
        SB3VecEnv(envs)
    envs.close()


def test_the_info_of_a_slot_is_what_it_was_before_it_was_batched() -> None:
    infos = [
        {"a": 1, "b": {"c": True, "d": [1, 2]}, "only": "here"},
        {"a": 2, "b": {"c": False, "d": []}, "none": None},
    ]
    batch = batch_infos(infos)
    assert of_slot(batch, 0) == infos[0]
    assert of_slot(batch, 1) == {"a": 2, "b": {"c": False, "d": []}}
