from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, "either `world` or `model`"),
        ({"world": "catch", "model": "x"}, "either `world` or `model`"),
        ({"world": "catch", "mode": "paused"}, "`mode` must be one of stepped, streamed"),
        ({"world": "catch", "pacing": "soon"}, "`pacing` must be one of next, applied, latest"),
        (
            {"world": "catch", "mode": "stepped", "pacing": "next"},
            '`pacing` goes with `mode` "streamed", got \'next\' and "stepped"',
        ),
        ({"world": "catch", "pacing": {"hz": 0}}, "`hz` must be a positive number, got 0"),
        ({"world": "catch", "backend": "tcp"}, "`backend` must be one of aiortc, native"),
        (
            {"world": "catch", "render_mode": "human"},
            "`render_mode` must be one of rgb_array, None, got 'human'",
        ),
        ({"world": "catch", "step_timeout": 0}, "`step_timeout` must be a positive number"),
        ({"world": "catch", "start_timeout": -1}, "`start_timeout` must be a positive number"),
        ({"model": "reactor/helios"}, "`api_key` must be given, or REACTOR_API_KEY be set"),
        (
            {"model": "reactor/helios", "api_key": "rk_x", "backend": "native"},
            '`backend` must be "aiortc" with a hosted model',
        ),
        ({"world": "catch", "retry_budget": -1}, "`retry_budget` must be a number of seconds"),
        ({"world": "catch", "delay": -1}, "`delay` must be a number of seconds"),
        ({"world": "catch", "horizon": 0}, "`horizon` must be a positive whole number, got 0"),
        ({"world": "catch", "frames_per_step": 1.5}, "`frames_per_step` must be a positive whole"),
        ({"world": "catch", "action_form": "tree"}, "`action_form` must be one of auto, dict"),
        ({"world": "catch", "action_commands": "act"}, "`action_commands` must be a list"),
        ({"world": "catch", "action_commands": [3]}, r"`action_commands\[0\]` must be a command"),
        ({"world": "catch", "profile": "catsh"}, "`profile` must be a .toml file or the name"),
        ({"world": "catch", "observation": {"size": (0, 4)}}, "`size` must be"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(
    kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ReactorEnv(**kwargs)


def test_closing_what_was_never_used_is_free() -> None:
    env = ReactorEnv("catch")
    env.close()
    env.close()


def test_nothing_is_drawn_before_the_first_frame() -> None:
    assert ReactorEnv("catch", render_mode="rgb_array").render() is None


def test_the_spaces_cannot_be_replaced() -> None:
    env = ReactorEnv("catch")
    with pytest.raises(AttributeError, match="use a wrapper"):
        env.action_space = None  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="use a wrapper"):
        env.observation_space = None  # type: ignore[assignment]


def test_a_model_that_cannot_be_an_environment_is_refused_with_the_reason() -> None:
    for local in (True, False):
        with pytest.raises(UnsupportedModelError, match=r"adventure cannot be .*not over Reactor"):
            ReactorEnv(model="reactor/happy-oyster-adventure", local=local)


def test_the_key_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", "rk_of_mine")
    env = ReactorEnv(model="reactor/lingbot-world-2")
    assert env.action_space == gym.spaces.MultiDiscrete([3, 3, 3, 3])
    assert env.observation_space.shape == (960, 1664, 3)
    assert env.metadata["render_fps"] == 48
    assert "rk_of_mine" not in repr(vars(env))
    env.close()


def test_a_hosted_model_has_its_options_before_any_session() -> None:
    env = ReactorEnv(model="reactor/lingbot-world-2", api_key="rk_x")
    assert env.reset_options[:3] == ("seed", "prompt", "image")
    assert "set_attn_window" in env.reset_options
    assert "session" in env.reset_options
    with pytest.raises(ValueError, match=r"must be \"new\", got 'old'"):
        env.reset(options={"session": "old"})


def test_make_asks_the_model_for_nothing() -> None:
    # Gymnasium's checker would ask for the spaces; nobody answers there.
    nobody = "http://127.0.0.1:9"
    env = gym.make("reactor_env/World-v0", model="x", local=True, api_url=nobody)
    env.close()


@pytest.mark.parametrize("seed", [-1, 2**53, np.int64(2**53)])
def test_a_seed_that_a_command_cannot_carry_is_refused_before_anything_is_started(
    seed: Any,
) -> None:
    with pytest.raises(ValueError, match=r"`seed` must be 0 to 2\*\*53 - 1"):
        ReactorEnv("catch").reset(seed=seed)
