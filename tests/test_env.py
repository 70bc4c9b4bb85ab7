from __future__ import annotations

from typing import Any

import pytest

from reactor_env.env import ReactorEnv


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({}, "either `world` or `model`"),
        ({"world": "catch", "model": "x"}, "either `world` or `model`"),
        ({"world": "catch", "mode": "paused"}, "`mode` must be one of stepped, streamed"),
        ({"world": "catch", "pacing": "soon"}, "`pacing` must be one of next, applied, latest"),
        ({"world": "catch", "backend": "tcp"}, "`backend` must be one of aiortc, native"),
        ({"world": "catch", "render_mode": "human"}, '`render_mode` must be "rgb_array" or None'),
        ({"world": "catch", "step_timeout": 0}, "`step_timeout` must be a positive number"),
        ({"world": "catch", "start_timeout": -1}, "`start_timeout` must be a positive number"),
        ({"model": "reactor/helios"}, "`local` must be True with `model`"),
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
