from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import pytest
from reactor_runtime.interface.model import ModelContract

from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.model_setup import set_up
from reactor_env.worlds.room.app import build


def schema_of(**kwargs: Any) -> ModelSchema:
    contract = ModelContract.of(build(**kwargs))
    return parse_schema(contract.render_schema("v1.0.0", "room").to_openapi())


def test_its_profile_makes_it_an_environment() -> None:
    setup = set_up("room", schema_of(fps=20, width=96, height=64))
    assert setup.profile.name == "room"
    assert setup.actions.space == gym.spaces.MultiDiscrete([3, 3, 3])
    assert (setup.size, setup.fps) == ((64, 96), 20)


def test_without_the_profile_it_is_steered_alike() -> None:
    assert set_up("a room", schema_of()).actions.space == gym.spaces.MultiDiscrete([3, 3, 3])


def test_its_presets_are_actions() -> None:
    setup = set_up("room", schema_of(), form="presets")
    assert setup.actions.space == gym.spaces.Discrete(7)


@pytest.mark.parametrize(("chunk", "playout"), [(1, 30.0), (12, 15.0)])
def test_a_chunk_plays_at_the_rate_of_its_frames(chunk: int, playout: float) -> None:
    assert build(chunk=chunk).fps == playout


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(ValueError, match="`drift` must be a number from 0 to 45"):
        build(drift=-1)


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan])
def test_a_rate_that_is_not_positive_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be positive, got"):
        build(fps=fps)
