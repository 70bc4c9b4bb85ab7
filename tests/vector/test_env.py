from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest
from gymnasium.vector import AutoresetMode

from reactor_env.vector import ReactorVectorEnv, SessionPool


def make(num_envs: int = 2, **kwargs: Any) -> Any:
    return gym.make_vec("reactor_env/World-v0", num_envs=num_envs, **kwargs)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"world": "catch", "num_envs": 0}, "`num_envs` must be a positive integer, got 0"),
        ({"world": "catch", "mode": "paused"}, "`mode` must be one of stepped, streamed"),
        (
            {"world": "catch", "max_concurrent_sessions": 0},
            "`max_concurrent_sessions` must be a positive integer, got 0",
        ),
        (
            {"world": "catch", "max_concurrent_sessions": 2, "pool": SessionPool(2)},
            "give either `pool` or `max_concurrent_sessions`",
        ),
        (
            {"world": "catch", "num_envs": 4, "max_concurrent_sessions": 3},
            r"`num_envs` must be at most 3, .* got 4: .*`max_concurrent_sessions`",
        ),
        (
            {"world": "catch", "num_envs": 3, "pool": SessionPool(2)},
            "`num_envs` must be at most 2",
        ),
        (
            {"model": "reactor/helios", "num_envs": 6},
            r"`num_envs` must be at most 5, .*\(5 on a hosted account.* got 6",
        ),
        (
            {"model": "x", "local": True, "api_url": "http://127.0.0.1:1"},
            "`api_url` must be a list with one address per slot, .* for 2 slots",
        ),
        (
            {"model": "x", "local": True, "api_url": ["http://127.0.0.1:1"] * 2},
            "`api_url` must hold a different address for each of 2 slots",
        ),
        ({"world": "catch", "max_episode_steps": -1}, "max_episode_steps"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(
    kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, AssertionError), match=message):
        make(**kwargs)


def test_make_vec_gives_it_and_opens_nothing() -> None:
    envs = make(3, world="catch", autoreset_mode="SameStep")
    assert isinstance(envs, ReactorVectorEnv)
    assert envs.spec is not None
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert envs.spec.kwargs["num_envs"] == 3
    assert repr(envs) == "ReactorVectorEnv(reactor_env/World-v0, num_envs=3)"
    envs.close()
    envs.close()


def test_a_spec_makes_another_that_shares_the_pool() -> None:
    pool = SessionPool(4)
    first = make(world="catch", pool=pool)
    second: Any = gym.make_vec(first.spec)
    assert second.num_envs == 2
    assert second._openings.pool is pool
    first.close()
    second.close()
