"""Observations of real sessions: models that change their size, and memory that is one's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.env import ReactorEnv
from tests.integration.conftest import MakeEnv
from tests.twins.controls import LAYOUTS
from tests.twins.fixtures import TwinRuntime
from tests.twins.fixtures import twin_runtime as twin_runtime
from tests.twins.images import IMAGE
from tests.twins.picture import read

OWN, LARGER = (88, 160, 3), (132, 240, 3)


@pytest.fixture(autouse=True)
def _no_process_left() -> None:
    """Let a twin's runtime live until the last test of this module."""


@pytest.fixture
def make_resizing(make_env: MakeEnv, twin_runtime: TwinRuntime) -> Any:
    """Make an environment of a model whose frames are half as large again from chunk 8 on."""
    runtime = twin_runtime("matrix_game_2", run_limit=30, resize_at=8, black_first=True)

    def make(**kwargs: Any) -> ReactorEnv:
        return make_env(
            model="matrix_game_2",
            local=True,
            api_url=runtime.url,
            render_mode="rgb_array",
            profile="matrix_game_2",
            **kwargs,
        )

    return make


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
@pytest.mark.parametrize("channels_first", [False, True])
def test_a_model_that_changes_its_size_in_mid_session_keeps_the_space(
    make_resizing: Any, mode: str, channels_first: bool
) -> None:
    env = make_resizing(mode=mode, observation={"channels_first": channels_first})
    observation, _ = env.reset(options={"image": IMAGE})
    space = env.observation_space
    rendered = [env.render().shape]
    made = [observation]
    for _ in range(8):
        observation, *_, info = env.step(env.action_map.action(env.action_map.neutral))
        made.append(observation)
        rendered.append(env.render().shape)
        if info["end"] is not None:
            break
    assert env.observation_space is space
    assert space.shape == ((3, 88, 160) if channels_first else OWN)
    assert (rendered[0], rendered[-1]) == (OWN, LARGER)
    last = -1
    for one in made:
        assert one in space
        assert one.max() > 20, "a black frame"
        shown = read(one.transpose(1, 2, 0) if channels_first else one, LAYOUTS["matrix_game_2"])
        assert shown is not None, "the frame shows no picture"
        assert shown.frame > last, "an older frame"
        last = shown.frame


@pytest.mark.parametrize("mode", ["stepped", "streamed"])
@pytest.mark.parametrize("options", [{}, {"tensor": "torch", "channels_first": True}])
def test_a_later_step_never_changes_an_earlier_observation(
    make_env: MakeEnv, mode: Any, options: dict[str, Any]
) -> None:
    if "tensor" in options:
        pytest.importorskip("torch")
    env = make_env("catch", mode=mode, observation={"size": (16, 64), **options})
    made, kept = [], []
    for _ in range(3):
        observation, _ = env.reset()
        over = False
        while not over:
            made.append(observation)
            kept.append(np.asarray(observation).copy())
            observation, _, terminated, truncated, _ = env.step(1)
            over = terminated or truncated
    for one, other in zip(made, kept, strict=True):
        np.testing.assert_array_equal(np.asarray(one), other)
    assert len({other.tobytes() for other in kept}) > 10, "pictures that do not move"
