from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector.utils import batch_space

from reactor_env.vector.arguments import action_per_slot

KEYS, MOUSE = gym.spaces.MultiBinary(2), gym.spaces.Box(-1, 1, (2,), np.float32)


@pytest.mark.parametrize(
    "space", [gym.spaces.Dict(keys=KEYS, mouse=MOUSE), gym.spaces.Tuple((KEYS, MOUSE))]
)
def test_actions_of_several_parts_may_be_tensors(space: gym.Space[Any]) -> None:
    torch = pytest.importorskip("torch")
    keys = torch.tensor([[1, 0], [0, 1]], dtype=torch.int8)
    mouse = torch.tensor([[0.5, 0.0], [0.0, -0.5]], requires_grad=True)
    given = {"keys": keys, "mouse": mouse}
    actions = given if isinstance(space, gym.spaces.Dict) else tuple(given.values())
    each = action_per_slot(batch_space(space, 2), actions, 2)
    assert all(action in space for action in each)
    parts = each[1] if isinstance(each[1], tuple) else tuple(each[1].values())
    assert [part.tolist() for part in parts] == [[0, 1], [0, -0.5]]
