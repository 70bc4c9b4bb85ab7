"""Other libraries' environment checkers and wrappers, on every kind of session.

``python -m tests.matrix`` runs them with other versions of the libraries too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import (
    FrameStackObservation,
    PassiveEnvChecker,
    RecordEpisodeStatistics,
    TimeLimit,
)
from gymnasium.wrappers import vector as vector_wrappers

from tests.integration.conftest import MakeEnv
from tests.integration.sessions import DEFAULT_SESSIONS

MODES = ["stepped", "streamed"]
NUM_ENVS = 2

MakeVec = Callable[..., gym.vector.VectorEnv[Any, Any, Any]]


@pytest.fixture
def make_vec() -> Iterator[MakeVec]:
    """Make vectors that are closed after the test, whatever it did."""
    made: list[gym.vector.VectorEnv[Any, Any, Any]] = []

    def make(**kwargs: Any) -> gym.vector.VectorEnv[Any, Any, Any]:
        made.append(
            gym.make_vec("reactor_env/World-v0", num_envs=NUM_ENVS, world="catch", **kwargs)
        )
        return made[-1]

    yield make
    for envs in made:
        envs.close()


def play_an_episode(env: gym.Env[Any, Any]) -> tuple[int, dict[str, Any]]:
    """Play from a reset to the end, and return the number of steps and the last info."""
    env.reset(seed=1)
    steps, over = 0, False
    info: dict[str, Any] = {}
    while not over:
        _, _, terminated, truncated, info = env.step(1)
        steps += 1
        over = terminated or truncated
    return steps, info


# -- checkers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("session", DEFAULT_SESSIONS)
def test_gymnasium_check_env_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    env = make_env(**session, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)


@pytest.mark.parametrize("mode", MODES)
def test_passive_env_checker_has_nothing_to_say(make_env: MakeEnv, mode: str) -> None:
    env = PassiveEnvChecker(make_env(mode=mode, render_mode="rgb_array"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        play_an_episode(env)
        env.render()


@pytest.mark.parametrize("session", DEFAULT_SESSIONS)
def test_stable_baselines3_check_env_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    sb3 = pytest.importorskip("stable_baselines3.common.env_checker")
    sb3.check_env(make_env(**session, render_mode="rgb_array"))


@pytest.mark.parametrize("session", DEFAULT_SESSIONS)
def test_torchrl_check_env_specs_passes(make_env: MakeEnv, session: dict[str, Any]) -> None:
    torchrl = pytest.importorskip("torchrl.envs")
    env = torchrl.GymWrapper(make_env(**session))
    torchrl.check_env_specs(env)
    assert env.rollout(5)["pixels"].shape == (5, 64, 64, 3)


@pytest.mark.parametrize("mode", MODES)
def test_torchrl_check_env_specs_passes_on_a_vector(make_vec: MakeVec, mode: str) -> None:
    torchrl = pytest.importorskip("torchrl.envs")
    env = torchrl.GymWrapper(make_vec(mode=mode, autoreset_mode="Disabled"))
    torchrl.check_env_specs(env)
    played = env.rollout(5, break_when_any_done=False)
    assert played["observation"].shape == (NUM_ENVS, 5, 64, 64, 3)


# -- wrappers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_frames_are_stacked_and_episodes_counted(make_env: MakeEnv, mode: str) -> None:
    stacked = FrameStackObservation(make_env(mode=mode), 3)
    assert stacked.observation_space.shape == (3, 64, 64, 3)
    observation, _ = stacked.reset(seed=1)
    assert observation in stacked.observation_space
    steps, info = play_an_episode(RecordEpisodeStatistics(stacked))
    assert info["episode"]["l"] == steps
    assert info["episode"]["r"] in (-1.0, 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_time_limit_truncates(make_env: MakeEnv, mode: str) -> None:
    env = TimeLimit(make_env(mode=mode), 3)
    for _ in range(2):
        steps, _ = play_an_episode(env)
        assert steps == 3


@pytest.mark.parametrize("mode", MODES)
def test_numpy_to_torch_gives_tensors(make_env: MakeEnv, mode: str) -> None:
    torch = pytest.importorskip("torch")
    from gymnasium.wrappers import NumpyToTorch

    env = NumpyToTorch(make_env(mode=mode))
    observation, _ = env.reset(seed=1)
    assert (observation.dtype, tuple(observation.shape)) == (torch.uint8, (64, 64, 3))
    observation, reward, terminated, _, _ = env.step(torch.tensor(1))
    assert isinstance(observation, torch.Tensor)
    assert (reward, terminated) == (0.0, False)


@pytest.mark.parametrize("mode", MODES)
def test_record_video_writes_a_file(make_env: MakeEnv, mode: str, tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    av = pytest.importorskip("av")
    env: gym.Env[Any, Any] = gym.wrappers.RecordVideo(
        make_env(mode=mode, render_mode="rgb_array"),
        str(tmp_path / "v"),
        episode_trigger=lambda _: True,
    )
    steps, _ = play_an_episode(env)
    env.close()
    (video,) = (tmp_path / "v").glob("*.mp4")
    with av.open(video) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == steps + 1
    assert (frames[0].width, frames[0].height) == (64, 64)


# -- wrappers of vectors ------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_episodes_of_a_vector_are_counted(make_vec: MakeVec, mode: str) -> None:
    envs = vector_wrappers.RecordEpisodeStatistics(make_vec(mode=mode))
    envs.reset(seed=1)
    ended = np.zeros(NUM_ENVS, np.bool_)
    while not ended.all():
        *_, terminations, truncations, infos = envs.step(np.ones(NUM_ENVS, np.int64))
        over = terminations | truncations
        assert all(abs(one) == 1.0 for one in infos["episode"]["r"][over]) if over.any() else True
        ended |= over


@pytest.mark.xfail(
    strict=True,
    raises=BufferError,
    reason="Gymnasium 1.4 converts infos too, and no arrays of objects, which `messages` is",
)
@pytest.mark.parametrize("mode", MODES)
def test_a_vectors_arrays_become_tensors(make_vec: MakeVec, mode: str) -> None:
    torch = pytest.importorskip("torch")
    envs = vector_wrappers.NumpyToTorch(make_vec(mode=mode))
    observations, _ = envs.reset(seed=1)
    observations, rewards, *_ = envs.step(torch.ones(NUM_ENVS, dtype=torch.int64))
    assert (observations.dtype, tuple(observations.shape)) == (torch.uint8, (NUM_ENVS, 64, 64, 3))
    assert tuple(rewards.shape) == (NUM_ENVS,)


@pytest.mark.parametrize("mode", MODES)
def test_a_vectors_infos_become_a_list(make_vec: MakeVec, mode: str) -> None:
    envs = vector_wrappers.DictInfoToList(make_vec(mode=mode))
    _, infos = envs.reset(seed=1)
    assert [info["metadata"]["step"] for info in infos] == [0] * NUM_ENVS
