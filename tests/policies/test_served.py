from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.policies.served import ForgottenError, RequestError, ServedPolicy
from reactor_env.policies.wire import decode, encode


class Counts:
    """Does the number of its calls in the episode; its state could not be sent."""

    def predict(
        self,
        observation: Any,
        state: set[int] | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.int64, set[int]]:
        if observation is None:
            raise ValueError("an observation must be something")
        state = {*(state or ()), len(state or ())}
        return np.int64(len(state)), state


def ask(
    served: ServedPolicy, step: int, episode: str = "a", request: str = "", observation: Any = 0
) -> int:
    message = {
        "episode": episode,
        "step": step,
        "request": request or f"{episode}{step}",
        "observation": observation,
        "episode_start": None,
        "deterministic": True,
    }
    return int(decode(served.answer(encode(message)))["action"])


def test_every_episode_has_a_state_of_its_own() -> None:
    served = ServedPolicy(Counts())
    assert [ask(served, 0, "a"), ask(served, 0, "b"), ask(served, 1, "a")] == [1, 1, 2]
    assert ask(served, 1, "b") == 2
    assert served.answered == 4


def test_a_request_that_comes_twice_does_not_act_twice() -> None:
    served = ServedPolicy(Counts())
    ask(served, 0)
    assert [ask(served, 1, request="x"), ask(served, 1, request="x")] == [2, 2]
    assert ask(served, 2) == 3
    assert served.answered == 3


def test_a_request_that_the_policy_refuses_changes_nothing() -> None:
    served = ServedPolicy(Counts())
    ask(served, 0)
    with pytest.raises(ValueError, match="an observation must be something"):
        ask(served, 1, observation=None)
    assert ask(served, 1) == 2


@pytest.mark.parametrize("step", [0, 2, 5])
def test_a_state_is_used_once(step: int) -> None:
    served = ServedPolicy(Counts())
    for number in range(3):
        ask(served, number)
    if step == 0:
        assert ask(served, 0, request="anew") == 1
        return
    with pytest.raises(RequestError, match=f"next step must be 3, got {step}: a state"):
        ask(served, step, request="again")


def test_the_episode_that_was_longest_without_a_request_is_forgotten() -> None:
    served = ServedPolicy(Counts(), max_episodes=2)
    ask(served, 0, "a")
    ask(served, 0, "b")
    ask(served, 1, "a")
    ask(served, 0, "c")
    assert ask(served, 2, "a") == 3
    with pytest.raises(ForgottenError, match=r"not known at its step 1: .* or had 2 others since"):
        ask(served, 1, "b")


@pytest.mark.parametrize("message", [[], {"episode": "a"}, {"episode": 1, "step": "x"}])
def test_a_message_that_is_no_request_is_named(message: Any) -> None:
    with pytest.raises(RequestError, match=r"a request must have episode, step, request, .* got"):
        ServedPolicy(Counts()).answer(encode(message))


def test_it_must_remember_an_episode() -> None:
    with pytest.raises(ValueError, match="`max_episodes` must be at least 1, got 0"):
        ServedPolicy(Counts(), max_episodes=0)
