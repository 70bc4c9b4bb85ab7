from __future__ import annotations

import contextlib

import numpy as np
import pytest

from reactor_env.cli.colour_pictures import ColourPictures
from reactor_env.env import ReactorEnv


@pytest.mark.integration
def test_pictures_are_in_colour_whatever_the_policy_sees() -> None:
    seen = {"size": (36, 36), "gray": True, "channels_first": True}
    env = ReactorEnv("catch", mode="stepped", observation=seen, render_mode="rgb_array")
    with contextlib.closing(env):
        whole, small = ColourPictures(env, None), ColourPictures(env, (20, 24))
        observation, _ = env.reset(seed=0)
        assert observation.shape == (1, 36, 36)
        for _ in range(2):
            picture = env.render()
            assert picture is not None
            np.testing.assert_array_equal(whole(observation), picture)
            assert whole.space.contains(whole(observation))
            assert small(observation).shape == small.space.shape == (20, 24, 3)
            observation, *_ = env.step(0)
