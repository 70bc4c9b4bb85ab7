from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.vector.batching import Batcher, batch_infos

SPACES: dict[str, gym.Space[Any]] = {
    "box": gym.spaces.Box(-1, 1, (2, 3), np.float32),
    "pixels": gym.spaces.Box(0, 255, (4, 4, 3), np.uint8),
    "discrete": gym.spaces.Discrete(5, start=2),
    "binary": gym.spaces.MultiBinary(4),
    "text": gym.spaces.Text(5),
    "dict": gym.spaces.Dict(
        image=gym.spaces.Box(0, 255, (2, 2), np.uint8),
        more=gym.spaces.Tuple((gym.spaces.Discrete(3), gym.spaces.Text(4))),
    ),
}

numbers = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
infos = st.recursive(
    st.fixed_dictionaries({}, optional={key: numbers for key in "ab"}),
    lambda inner: st.fixed_dictionaries({}, optional={"c": inner, "d": inner}),
    max_leaves=4,
)


class Layout(VectorEnv[Any, Any, Any]):
    """Gymnasium's own batching of infos."""

    def batch(self, slots: list[dict[str, Any] | None]) -> dict[str, Any]:
        self.num_envs = len(slots)
        batch: dict[str, Any] = {}
        for index, info in enumerate(slots):
            batch = self._add_info(batch, info or {}, index)
        return batch


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_batch_equals_that_of_gymnasium(space: gym.Space[Any]) -> None:
    items = [space.sample() for _ in range(3)]
    empty: Any = create_empty_array(space, 3)
    expected: Any = concatenate(space, items, empty)
    assert data_equivalence(Batcher(space, 3, reuse=False)(items), expected)


def test_a_batch_is_new_memory_or_the_same_as_was_asked_for() -> None:
    space = SPACES["pixels"]
    items = [space.sample() for _ in range(2)]
    fresh, kept = Batcher(space, 2, reuse=False), Batcher(space, 2, reuse=True)
    assert not np.shares_memory(fresh(items), fresh(items))
    assert np.shares_memory(kept(items), kept(items[:1]))
    assert kept(items[:1]).shape == (1, 4, 4, 3)


@pytest.mark.parametrize("reuse", [False, True])
def test_tensors_become_one_tensor(reuse: bool) -> None:
    torch = pytest.importorskip("torch")
    batcher = Batcher(SPACES["pixels"], 3, reuse=reuse)
    items = [torch.full((4, 4, 3), n, dtype=torch.uint8) for n in range(3)]
    batch = batcher(items)
    assert (batch.dtype, tuple(batch.shape)) == (torch.uint8, (3, 4, 4, 3))
    assert batch[:, 0, 0, 0].tolist() == [0, 1, 2]
    again = batcher(items[1:])
    assert again[:, 0, 0, 0].tolist() == [1, 2]
    assert (again.data_ptr() == batch.data_ptr()) is reuse


@given(st.lists(st.one_of(st.none(), st.fixed_dictionaries({"n": st.floats(-1, 1)})), min_size=1))
def test_a_mask_says_which_slots_have_a_value(slots: list[dict[str, Any] | None]) -> None:
    batch = batch_infos(slots)
    has = [slot is not None for slot in slots]
    if not any(has):
        assert batch == {}
        return
    assert batch["_n"].tolist() == has
    assert [batch["n"][i] for i in range(len(slots)) if has[i]] == [s["n"] for s in slots if s]


@given(infos, st.integers(1, 4))
def test_slots_with_the_same_keys_give_what_gymnasium_gives(
    info: dict[str, Any], size: int
) -> None:
    assert data_equivalence(batch_infos([info] * size), Layout().batch([info] * size))


@pytest.mark.parametrize(
    "slots",
    list[list[dict[str, Any] | None]](
        [
            [{"a": 1, "b": "x"}, {"a": 2}, {}],
            [{"array": np.arange(3)}, None, {"array": np.arange(3) + 1}],
            [{"final_obs": np.zeros(2), "final_info": {"r": 1.5}}, {"r": 2}, None],
            [{"list": [1, 2]}, {"list": []}],
            [{"final_info": {}}, {"none": {"deep": True}}],
        ]
    ),
)
def test_slots_with_different_keys_give_what_gymnasium_gives(
    slots: list[dict[str, Any] | None],
) -> None:
    ours, theirs = batch_infos(slots), Layout().batch(slots)
    assert set(ours) == set(theirs)
    assert repr(ours) == repr({key: theirs[key] for key in ours})


def test_a_measurement_some_slots_lack_is_nan_there_whichever_slot_comes_first() -> None:
    slots: list[dict[str, float | None]] = [{"ms": None}, {"ms": 2.5}]
    for either in (slots, slots[::-1]):
        batch = batch_infos(either)
        assert batch["ms"].dtype == np.float64
        assert np.isnan(batch["ms"][~batch["_ms"]]).all()
        assert batch["ms"][batch["_ms"]].tolist() == [2.5]


def test_a_value_no_slot_has_is_still_a_key() -> None:
    batch = batch_infos([{"ms": None}, {"ms": None}])
    assert batch["ms"].tolist() == [None, None]
    assert batch["_ms"].tolist() == [False, False]


def test_numbers_of_several_types_become_one_that_holds_them() -> None:
    # Gymnasium's own batching takes the first slot's type: this would be [1, 0].
    assert batch_infos([{"n": 1}, {"n": 0.5}])["n"].tolist() == [1.0, 0.5]
    assert batch_infos([{"n": 2**70}, {"n": 1}])["n"].tolist() == [2**70, 1]


def test_arrays_of_different_shapes_stay_objects() -> None:
    batch = batch_infos([{"x": np.zeros(2)}, {"x": np.zeros(3)}])
    assert [len(x) for x in batch["x"]] == [2, 3]
