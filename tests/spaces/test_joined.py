from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.spaces.joined import Joined, by_name, flat, joined

Space = gym.Space[Any]
FLOATS = st.floats(-1e6, 1e6, width=32).map(lambda n: n + 0.0)


@st.composite
def leaves(draw: st.DrawFn) -> Space:
    """Any space a command's parameters may have."""
    kind = draw(st.sampled_from(["discrete", "multi", "binary", "box", "integers", "dict"]))
    if kind == "discrete":
        return gym.spaces.Discrete(draw(st.integers(1, 2**40)), start=draw(st.integers(-99, 99)))
    if kind == "multi":
        sizes = draw(st.lists(st.integers(1, 2**31), min_size=1, max_size=4))
        return gym.spaces.MultiDiscrete(np.array(sizes, np.int64))
    if kind == "binary":
        return gym.spaces.MultiBinary(draw(st.integers(1, 9)))
    if kind == "integers":
        low, high = sorted(draw(st.tuples(*[st.integers(-(2**53), 2**53)] * 2)))
        return gym.spaces.Box(low, high, (draw(st.integers(1, 3)),), np.int64)
    if kind == "dict":
        return gym.spaces.Dict(
            a=gym.spaces.Discrete(draw(st.integers(1, 5))), b=gym.spaces.Box(-1, 1, (2,))
        )
    low, high = sorted(draw(st.tuples(FLOATS, FLOATS)))
    bottom = draw(st.sampled_from([low, -np.inf]))
    top = draw(st.sampled_from([high, np.inf]))
    return gym.spaces.Box(bottom, top, (draw(st.integers(1, 3)),), np.float32)


PARTS = st.dictionaries(st.sampled_from("abcdef"), leaves(), min_size=1, max_size=4)


def assert_equal(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    else:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", [joined, by_name, flat])
@given(parts=PARTS, seed=st.integers(0, 2**32 - 1))
def test_actions_of_the_parts_go_into_the_whole_and_back(
    make: Callable[[Mapping[str, Space]], Joined], parts: dict[str, Space], seed: int
) -> None:
    whole = make(parts)
    actions = []
    for space in parts.values():
        space.seed(seed)
        actions.append(space.sample())
    action = whole.join(actions)
    assert whole.space.contains(action)
    for space, before, after in zip(parts.values(), actions, whole.split(action), strict=True):
        assert space.contains(after)
        assert_equal(before, after)


@given(parts=PARTS, seed=st.integers(0, 2**32 - 1))
def test_any_flat_action_has_its_shares(parts: dict[str, Space], seed: int) -> None:
    whole = flat(parts)
    assert not isinstance(whole.space, gym.spaces.Dict)
    whole.space.seed(seed)
    for space, share in zip(parts.values(), whole.split(whole.space.sample()), strict=True):
        assert space.contains(share)


@pytest.mark.parametrize(
    ("parts", "space"),
    [
        ([gym.spaces.Discrete(3)], gym.spaces.Discrete(3)),
        (
            [gym.spaces.Discrete(3), gym.spaces.Discrete(2, start=5)],
            gym.spaces.MultiDiscrete([3, 2], start=[0, 5]),
        ),
        (
            [gym.spaces.Discrete(3), gym.spaces.MultiDiscrete([4, 5])],
            gym.spaces.MultiDiscrete([3, 4, 5]),
        ),
        ([gym.spaces.MultiBinary(2), gym.spaces.MultiBinary(3)], gym.spaces.MultiBinary(5)),
        (
            [gym.spaces.Box(-1, 1, (1,)), gym.spaces.Box(0, 2, (2,))],
            gym.spaces.Box(np.array([-1, 0, 0], "f4"), np.array([1, 2, 2], "f4")),
        ),
    ],
)
def test_parts_of_one_kind_become_one_space(parts: list[Space], space: Space) -> None:
    assert joined({str(i): part for i, part in enumerate(parts)}).space == space


def test_mixed_parts_become_a_dict_by_name() -> None:
    parts = {"keys": gym.spaces.MultiBinary(2), "mouse": gym.spaces.Box(-1, 1, (2,))}
    assert joined(parts).space == gym.spaces.Dict(parts)


def test_a_flat_uniform_sample_is_uniform_over_a_finite_part() -> None:
    whole = flat({"a": gym.spaces.Discrete(3, start=1), "b": gym.spaces.Box(-1, 1, (1,))})
    whole.space.seed(1)
    drawn = [int(whole.split(whole.space.sample())[0]) for _ in range(3000)]
    assert set(drawn) == {1, 2, 3}
    assert min(drawn.count(n) for n in (1, 2, 3)) > 900


def test_a_flat_form_of_finite_parts_is_a_multi_discrete() -> None:
    whole = flat({"a": gym.spaces.MultiBinary(2), "b": gym.spaces.Discrete(3, start=1)})
    assert whole.space == gym.spaces.MultiDiscrete([2, 2, 3], start=[0, 0, 1])


def test_an_integer_beyond_float32_makes_the_flat_form_wider() -> None:
    box = gym.spaces.Box(-1, 1, (1,))
    assert flat({"a": gym.spaces.Discrete(2**20), "b": box}).space.dtype == np.float32
    assert flat({"a": gym.spaces.Discrete(2**30), "b": box}).space.dtype == np.float64
