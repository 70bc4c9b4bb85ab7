from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.datasets.actions import names, stacked, vector

NESTED = gym.spaces.Dict(
    {
        "keys": gym.spaces.MultiBinary(2),
        "look": gym.spaces.Box(-1, 1, (2,), np.float32),
        "pair": gym.spaces.Tuple([gym.spaces.Discrete(5), gym.spaces.MultiDiscrete([3, 4])]),
    }
)
ACTION = {
    "keys": np.array([1, 0], np.int8),
    "look": np.array([0.5, -0.25], np.float32),
    "pair": (np.int64(4), np.array([2, 3])),
}


def test_actions_are_stacked_in_the_structure_of_their_space() -> None:
    found = stacked(NESTED, [ACTION, ACTION, ACTION])
    assert found["keys"].shape == (3, 2)
    assert found["look"].dtype == np.float32
    assert isinstance(found["pair"], tuple)
    assert found["pair"][0].tolist() == [4, 4, 4]
    assert found["pair"][1].shape == (3, 2)


def test_text_is_stacked_as_text() -> None:
    assert stacked(gym.spaces.Text(9), ["a", "b"]) == ["a", "b"]


def test_a_vector_has_a_name_for_every_entry() -> None:
    found = names(NESTED)
    assert found == ["keys.0", "keys.1", "look.0", "look.1", "pair.0", "pair.1.0", "pair.1.1"]
    np.testing.assert_array_equal(vector(NESTED, ACTION), [1, 0, 0.5, -0.25, 4, 2, 3])


@pytest.mark.parametrize(
    ("space", "action", "named", "values"),
    [
        (gym.spaces.Discrete(3, start=5), 6, ["action"], [6]),
        (gym.spaces.Box(-1, 1, (1, 2)), [[0.5, 1]], ["action.0.0", "action.0.1"], [0.5, 1]),
        (gym.spaces.Box(-1, 1, ()), np.float32(0.5), ["action"], [0.5]),
    ],
)
def test_plain_spaces_are_vectors_too(
    space: gym.Space[Any], action: Any, named: list[str], values: list[float]
) -> None:
    assert names(space) == named
    found = vector(space, action)
    assert found.dtype == np.float32
    assert found.tolist() == values


def test_text_is_no_vector() -> None:
    space = gym.spaces.Dict({"prompt": gym.spaces.Text(9)})
    with pytest.raises(ValueError, match=r"actions of Text\(.*cannot be a vector of numbers"):
        names(space)
