from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode

from reactor_env.vector import ThreadVectorEnv
from reactor_env.vector.ahead import PASS_THE_ACTION, sends_ahead
from reactor_env.wrappers import ActionHistory
from tests.vector.envs import Counter


class Ahead(Counter):
    """Notes in which order it was sent and stepped."""

    def __init__(self, log: list[str] | None = None) -> None:
        super().__init__(length=3)
        self.observation_space = gym.spaces.Box(0, 100, (1,), np.uint8)
        self.log = log if log is not None else []

    def send_ahead(self, action: Any) -> bool:
        if action not in self.action_space:
            raise ValueError("no such action")
        self.log.append("sent")
        return True

    def reset(self, **kwargs: Any) -> Any:
        count, info = super().reset(**kwargs)
        return np.full(1, count, np.uint8), info

    def step(self, action: Any) -> Any:
        count, *others = super().step(action)
        self.log.append("stepped")
        return np.full(1, count, np.uint8), *others


class Twice(gym.Wrapper[Any, Any, Any, Any]):
    def step(self, action: Any) -> Any:
        self.env.step(action)
        return self.env.step(action)


class Other(gym.ActionWrapper[Any, Any, Any]):
    def action(self, action: Any) -> Any:
        return 4 - action


class Brighter(gym.ObservationWrapper[Any, Any, Any]):
    def observation(self, observation: Any) -> Any:
        return observation + 1


def test_an_environment_is_found_within_wrappers_that_leave_the_action_alone() -> None:
    env = Ahead()
    wrapped = ActionHistory(wrappers.TimeLimit(wrappers.FrameStackObservation(env, 2), 5), n=2)
    assert sends_ahead(Brighter(env)) is env
    assert sends_ahead(wrapped) is env


@pytest.mark.parametrize("wrap", [Twice, Other, wrappers.NumpyToTorch])
def test_it_is_not_found_within_one_that_may_change_it(wrap: Callable[..., gym.Env]) -> None:
    assert sends_ahead(wrap(Ahead())) is None


def test_other_environments_are_not_sent_ahead() -> None:
    assert sends_ahead(wrappers.TimeLimit(Counter(), 5)) is None


OWNERS = sorted(getattr(step, "__qualname__", "").partition(".")[0] for step in PASS_THE_ACTION)


@pytest.mark.parametrize("name", OWNERS)
def test_every_wrapper_that_is_trusted_hands_the_same_action_on_once(name: str) -> None:
    got: list[Any] = []

    class Inner(Ahead):
        def step(self, action: Any) -> Any:
            got.append(action)
            return super().step(1)

    env = Inner()
    makers: dict[str, Callable[[Any], gym.Env[Any, Any]]] = {
        "Wrapper": gym.Wrapper,
        "ObservationWrapper": Brighter,
        "RewardWrapper": partial(wrappers.TransformReward, func=lambda reward: reward),
        "FrameStackObservation": partial(wrappers.FrameStackObservation, stack_size=2),
        "TimeLimit": partial(wrappers.TimeLimit, max_episode_steps=5),
        "ActionHistory": partial(ActionHistory, n=2),
    }
    wrapped = makers.get(name, getattr(wrappers, name, None))(env)  # type: ignore[misc]
    assert sends_ahead(wrapped) is env
    wrapped.reset(seed=1)
    action = np.int64(1)
    wrapped.step(action)
    assert len(got) == 1
    assert got[0] is action


def make(count: int, log: list[str], **kwargs: Any) -> ThreadVectorEnv:
    return ThreadVectorEnv([partial(Ahead, log)] * count, **kwargs)


def test_all_slots_are_sent_their_actions_before_any_is_waited_for() -> None:
    log: list[str] = []
    envs = make(3, log)
    envs.reset()
    observations, *_ = envs.step([1, 2, 3])
    assert log == ["sent"] * 3 + ["stepped"] * 3
    assert observations.tolist() == [[1], [1], [1]]
    envs.close()


def test_a_slot_that_is_due_for_a_reset_is_sent_nothing() -> None:
    log: list[str] = []
    envs = make(1, log)
    envs.reset()
    for _ in range(4):
        envs.step([1])
    assert log == ["sent", "stepped"] * 3
    envs.close()


def test_an_action_that_cannot_be_sent_is_the_error_of_its_slots_step() -> None:
    envs = make(2, [], autoreset_mode=AutoresetMode.DISABLED)
    envs.reset()
    with pytest.raises(ValueError, match="`action` must be in Discrete") as caught:
        envs.step([1, 7])
    assert "in slot 1 of 2" in caught.value.__notes__
    envs.close()


def test_slots_whose_sending_is_interrupted_are_stepped_all_the_same() -> None:
    log: list[str] = []
    envs = make(2, log)
    envs.reset()

    class Interrupting(Ahead):
        def send_ahead(self, action: Any) -> bool:
            raise KeyboardInterrupt

    envs.envs[0].send_ahead = Interrupting(log).send_ahead  # type: ignore[attr-defined]
    with pytest.raises(KeyboardInterrupt):
        envs.send([1, 1])
    observations, *_ = envs.recv(timeout_s=10)
    assert observations.tolist() == [[1], [1]]
    envs.close()
