from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import ClipReward

from reactor_env.rewards import BatchReward, FrameReward, FunctionReward, Moment, Reward, as_reward
from reactor_env.vector.rewards import SlotReward
from tests.vector.envs import WAIT_S, Counter, Losing, vector


class Tenths(BatchReward):
    """A tenth of the observation; notes who asked what, and on which thread."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.threads: set[str] = set()

    def see(self, moment: Moment) -> Any:
        return moment.observation

    def batch(self, inputs: Sequence[Any]) -> list[float]:
        self.calls.append(list(inputs))
        self.threads.add(threading.current_thread().name)
        return [one / 10 for one in inputs]


class Rewarded(gym.Wrapper[Any, Any, Any, Any]):
    """Rewards steps as ReactorEnv does."""

    def __init__(self, env: gym.Env[Any, Any], reward: Reward) -> None:
        super().__init__(env)
        self.reward = reward

    def reset(self, **kwargs: Any) -> Any:
        observation, info = self.env.reset(**kwargs)
        self.reward.reset(observation, info)
        return observation, info

    def step(self, action: Any) -> Any:
        observation, reward, terminated, truncated, info = self.env.step(action)
        if "session_lost" in info:
            return observation, 0.0, terminated, truncated, info
        moment = Moment(observation, action, info, float(reward), False)
        return observation, self.reward(moment), terminated, truncated, info


def slots(reward: Reward, *lengths: int, env: Any = Counter) -> list[Any]:
    def make(length: int) -> gym.Env[Any, Any]:
        return Rewarded(env(length), SlotReward(reward))

    return [partial(make, length) for length in lengths]


def test_a_step_of_the_vector_is_one_call_on_the_callers_thread() -> None:
    tenths = Tenths()
    with vector(*slots(tenths, 9, 9, 9)) as envs:
        envs.reset()
        for count in (1, 2, 3):
            _, rewards, *_ = envs.step([0, 0, 0])
            assert rewards.dtype == np.float64
            assert rewards.tolist() == [count / 10] * 3
    assert tenths.calls == [[1] * 3, [2] * 3, [3] * 3]
    assert tenths.threads == {threading.current_thread().name}


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
def test_a_sum_is_the_same_as_in_environments_by_themselves(mode: AutoresetMode) -> None:
    total = FrameReward() + 0.1 * Tenths() + FunctionReward(lambda *_: 1 / 3)
    lengths = (2, 3, 3)

    def alone(length: int) -> gym.Env[Any, Any]:
        return Rewarded(Counter(length), total)

    def play(envs: Any) -> list[Any]:
        random = np.random.default_rng(2)
        envs.reset(seed=1)
        record, over = [], np.zeros(3, np.bool_)
        for _ in range(40):
            if mode is AutoresetMode.DISABLED and over.any():
                envs.reset(options={"reset_mask": over})
            _, rewards, terminations, truncations, _ = envs.step(random.integers(5, size=3))
            over = terminations | truncations
            record.append(rewards.tolist())
        return record

    sync = SyncVectorEnv([partial(alone, length) for length in lengths], autoreset_mode=mode)
    expected = play(sync)
    sync.close()
    with vector(*slots(total, *lengths), autoreset_mode=mode) as envs:
        assert play(envs) == expected


def test_a_reset_in_place_of_a_step_is_not_asked_about() -> None:
    tenths = Tenths()
    with vector(*slots(tenths, 1, 9)) as envs:
        envs.reset()
        envs.step([0, 0])
        _, rewards, *_ = envs.step([0, 0])
        assert rewards.tolist() == [0.0, 0.2]
    assert tenths.calls == [[1, 1], [2]]


def test_a_final_frame_is_what_is_rewarded_and_not_the_first_of_the_next_episode() -> None:
    tenths = Tenths()
    with vector(*slots(tenths, 2, 9), autoreset_mode="SameStep") as envs:
        envs.reset()
        envs.step([0, 0])
        observations, rewards, *_ = envs.step([0, 0])
        assert observations.tolist() == [0, 2]
        assert rewards.tolist() == [0.2, 0.2]
    assert tenths.calls == [[1, 1], [2, 2]]


def test_a_lost_session_gives_0() -> None:
    tenths = Tenths()
    with vector(*slots(tenths, 9, 9, env=Losing)) as envs:
        envs.reset()
        envs.envs[1].unwrapped.lose = True  # type: ignore[attr-defined]
        _, rewards, _, truncations, _ = envs.step([0, 0])
        assert truncations.tolist() == [False, True]
        assert rewards.tolist() == [0.1, 0.0]
    assert tenths.calls == [[1]]


def test_those_received_together_are_asked_about_together() -> None:
    tenths = Tenths()
    with vector(*slots(tenths, 9, 9, 9)) as envs:
        envs.reset()
        envs.send([0, 0, 0])
        _, first, *_ = envs.recv(2, timeout_s=WAIT_S)
        _, second, *_ = envs.recv(timeout_s=WAIT_S)
        assert [first.tolist(), second.tolist()] == [[0.1, 0.1], [0.1]]
    assert tenths.calls == [[1, 1], [1]]


def test_every_slot_has_a_copy_of_what_remembers_something() -> None:
    reward = FrameReward("score", change=True)

    def make(start: int) -> gym.Env[Any, Any]:
        class Scoring(Counter):
            def _said(self) -> dict[str, Any]:
                return {"metadata": {"score": start + self.count}, "messages": []}

            def reset(self, **kwargs: Any) -> Any:
                return super().reset(**kwargs)[0], self._said()

            def step(self, action: Any) -> Any:
                return (*super().step(action)[:4], self._said())

        return Rewarded(Scoring(9), SlotReward(reward))

    with vector(partial(make, 0), partial(make, 100)) as envs:
        envs.reset()
        assert envs.step([0, 0])[1].tolist() == [1.0, 1.0]


def test_a_wrapper_of_a_slot_that_computes_with_the_reward_gets_a_number() -> None:
    tenths = Tenths()
    wrappers = [partial(ClipReward, min_reward=0.0, max_reward=0.15)]
    with vector(*slots(tenths, 9, 9), slot_wrappers=wrappers) as envs:
        envs.reset()
        envs.step([0, 0])
        assert envs.step([0, 0])[1].tolist() == [0.15, 0.15]


def test_an_error_of_a_module_is_the_callers_and_the_vector_goes_on() -> None:
    class Failing(Tenths):
        def batch(self, inputs: Sequence[Any]) -> list[float]:
            if inputs[0] == 1:
                raise ValueError("out of memory")
            return super().batch(inputs)

    with vector(*slots(Failing(), 9, 9)) as envs:
        envs.reset()
        with pytest.raises(ValueError, match="out of memory"):
            envs.step([0, 0])
        assert envs.step([0, 0])[1].tolist() == [0.2, 0.2]


def test_a_function_of_an_object_is_shared_by_the_slots() -> None:
    class Judge:
        def __init__(self) -> None:
            self.asked = 0
            self.lock = threading.Lock()  # which cannot be copied

        def score(self, *_: Any) -> float:
            with self.lock:
                self.asked += 1
            return 1.0

    judge = Judge()
    with vector(*slots(as_reward(judge.score), 9, 9)) as envs:
        envs.reset()
        envs.step([0, 0])
    assert judge.asked == 2
