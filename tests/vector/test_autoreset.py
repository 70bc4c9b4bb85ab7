"""The three autoreset modes: what Gymnasium's own vector tests expect, and its SyncVectorEnv."""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from reactor_env.vector import ThreadVectorEnv
from tests.vector.envs import Counter, vector

MODES = pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
LENGTHS = (2, 3, 3)


def counters() -> list[Any]:
    return [partial(Counter, length) for length in LENGTHS]


def played(envs: Any, steps: int) -> list[Any]:
    """Play random actions, resetting by mask where nobody else does; record everything."""
    random = np.random.default_rng(1)
    record: list[Any] = [envs.reset(seed=5)]
    over = np.zeros(envs.num_envs, np.bool_)
    for _ in range(steps):
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and over.any():
            record.append(envs.reset(options={"reset_mask": over}))
        actions = random.integers(envs.single_action_space.n, size=envs.num_envs)
        answer = envs.step(actions)
        over = answer[2] | answer[3]
        record.append(answer)
    return record


def test_next_step_gives_the_first_observation_for_an_action_that_is_ignored() -> None:
    with vector(*counters()) as envs:
        assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
        envs.reset()
        answers = [envs.step([1, 2, 3]) for _ in range(4)]
    assert [obs.tolist() for obs, *_ in answers] == [[1, 1, 1], [2, 2, 2], [0, 3, 3], [1, 0, 0]]
    assert [reward.tolist() for _, reward, *_ in answers] == [
        [1, 2, 3],
        [1, 2, 3],
        [0, 2, 3],
        [1, 0, 0],
    ]
    assert [ended.tolist() for _, _, ended, _, _ in answers] == [
        [False, False, False],
        [True, False, False],
        [False, True, True],
        [False, False, False],
    ]


def test_same_step_gives_the_last_observation_and_info_beside_the_first() -> None:
    with vector(*counters(), autoreset_mode="SameStep") as envs:
        envs.reset()
        envs.step([1, 2, 3])
        observations, rewards, terminations, _, infos = envs.step([1, 2, 3])
    assert observations.tolist() == [0, 2, 2]
    assert rewards.tolist() == [1, 2, 3]
    assert terminations.tolist() == [True, False, False]
    assert infos["final_obs"].tolist() == [2, None, None]
    assert infos["final_info"]["count"].tolist() == [2, 0, 0]
    assert infos["_final_info"].tolist() == [True, False, False]
    assert infos["begun"].tolist() == [2, 0, 0]
    assert infos["count"].tolist() == [0, 2, 2]


def test_disabled_needs_a_reset_of_what_is_over_and_sends_nothing_before() -> None:
    with vector(*counters(), autoreset_mode=AutoresetMode.DISABLED) as envs:
        envs.reset()
        envs.step([1, 1, 1])
        *_, terminations, truncations, _ = envs.step([1, 1, 1])
        with pytest.raises(gym.error.ResetNeeded, match="cannot step slot 0: the episode is over"):
            envs.step([1, 1, 1])
        observations, _ = envs.reset(options={"reset_mask": terminations | truncations})
        assert observations.tolist() == [0, 2, 2]
        assert envs.step([1, 1, 1])[0].tolist() == [1, 3, 3]


def test_an_observation_drawn_over_by_the_reset_is_kept_as_it_was() -> None:
    class Drawing(gym.Env[Any, Any]):
        def __init__(self) -> None:
            self.observation_space = gym.spaces.Box(0, 9, (2,), np.int64)
            self.action_space = gym.spaces.Discrete(2)
            self.picture = np.zeros(2, np.int64)

        def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
            self.picture[:] = 0
            return self.picture, {}

        def step(self, action: int) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            self.picture += 1
            return self.picture, 0.0, True, False, {}

    with vector(Drawing, autoreset_mode="SameStep") as envs:
        envs.reset()
        observations, *_, infos = envs.step([0])
        assert observations.tolist() == [[0, 0]]
        assert infos["final_obs"][0].tolist() == [1, 1]


@MODES
@pytest.mark.parametrize("game", ["CartPole-v1", "MountainCar-v0", "counter"])
def test_a_long_game_equals_gymnasiums_sync_vector_env(mode: AutoresetMode, game: str) -> None:
    fns = counters() if game == "counter" else [partial(gym.make, game)] * 4
    sync = SyncVectorEnv(fns, autoreset_mode=mode)
    expected = played(sync, 300)
    sync.close()
    with vector(*fns, autoreset_mode=mode) as envs:
        ours = played(envs, 300)
        assert envs.observation_space == sync.observation_space
        assert envs.action_space == sync.action_space
    assert len(ours) == len(expected)
    for index, (one, other) in enumerate(zip(ours, expected, strict=True)):
        for mine, theirs in zip(one[:-1], other[:-1], strict=True):
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs), f"call {index}"
        assert set(one[-1]) == set(other[-1])
        assert repr(one[-1]) == repr({key: other[-1][key] for key in one[-1]})


@MODES
def test_send_and_recv_play_the_same_episodes(mode: AutoresetMode) -> None:
    with vector(*counters(), autoreset_mode=mode) as envs:
        expected = played(envs, 40)
    envs = ThreadVectorEnv(counters(), autoreset_mode=mode)

    class Sent:
        num_envs, single_action_space = envs.num_envs, envs.single_action_space
        metadata, reset = envs.metadata, envs.reset

        def step(self, actions: Any) -> Any:
            envs.send(actions)
            parts = [envs.recv(1) for _ in range(envs.num_envs)]
            parts.sort(key=lambda part: int(part[4]["env_id"][0]))
            return (*(np.concatenate([part[n] for part in parts]) for n in range(4)), {})

    ours = played(Sent(), 40)
    envs.close()
    for one, other in zip(ours, expected, strict=True):
        assert data_equivalence(one[:-1], other[:-1])


@MODES
def test_gymnasiums_statistics_count_the_same_episodes(mode: AutoresetMode) -> None:
    sync = RecordEpisodeStatistics(SyncVectorEnv(counters(), autoreset_mode=mode))
    ours = RecordEpisodeStatistics(ThreadVectorEnv(counters(), autoreset_mode=mode))
    if mode is AutoresetMode.DISABLED:
        # SyncVectorEnv takes the mask out of the caller's options, and the wrapper around it
        # then resets the statistics of all slots: these are the right ones.
        played(ours, 60)
        assert set(ours.length_queue) == set(LENGTHS)
        lengths = [int(length) for length in ours.length_queue]
        assert [lengths.count(2), lengths.count(3)] == [30, 40]
    else:
        played(sync, 60)
        played(ours, 60)
        assert list(ours.return_queue) == list(sync.return_queue)
        assert list(ours.length_queue) == list(sync.length_queue)
    sync.close()
    ours.close()


def test_gymnasiums_conversion_to_torch_fits() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("array_api_compat")
    from gymnasium.wrappers.vector import NumpyToTorch

    envs: Any = NumpyToTorch(ThreadVectorEnv([partial(gym.make, "CartPole-v1")] * 2))
    observations, _ = envs.reset(seed=1)
    assert isinstance(observations, torch.Tensor)
    observations, rewards, *_ = envs.step(torch.tensor([0, 1]))
    assert tuple(observations.shape) == (2, 4)
    assert rewards.tolist() == [1, 1]
    envs.close()


def test_gymnasiums_list_of_infos_fits() -> None:
    listed: Any = DictInfoToList(ThreadVectorEnv(counters()))
    _, infos = listed.reset()
    assert infos == [{"begun": 1}] * 3
    listed.close()
