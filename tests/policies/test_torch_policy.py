from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from reactor_env.policies import Policy, TorchPolicy

THREE = gym.spaces.Discrete(3)


class Constant(nn.Module):
    """Returns the same for every observation, which it remembers."""

    def __init__(self, *values: float) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.tensor([values]))
        self.seen: Any = None

    def forward(self, observation: Any) -> Any:
        self.seen = observation
        return self.values


def test_the_most_probable_action_is_taken() -> None:
    policy = TorchPolicy(Constant(0.0, 2.0, 1.0), THREE)
    assert isinstance(policy, Policy)
    action, state = policy.predict(np.zeros(4, np.float32), deterministic=True)
    assert action == 1
    assert action in THREE
    assert state is None


def test_drawn_actions_follow_the_logits_and_the_seed() -> None:
    logits = np.log([0.2, 0.5, 0.3])
    first, second = (TorchPolicy(Constant(*logits), THREE, seed=5) for _ in range(2))
    drawn = [int(first.predict(np.zeros(1))[0]) for _ in range(3000)]
    assert [int(second.predict(np.zeros(1))[0]) for _ in range(50)] == drawn[:50]
    np.testing.assert_allclose(np.bincount(drawn) / 3000, [0.2, 0.5, 0.3], atol=0.03)


def test_actions_begin_where_the_space_does() -> None:
    space = gym.spaces.Discrete(2, start=5)
    action, _ = TorchPolicy(Constant(0.0, 1.0), space).predict(np.zeros(1), deterministic=True)
    assert action == 6


def test_a_box_is_what_the_module_returns_cut_to_the_space() -> None:
    space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action, _ = TorchPolicy(Constant(0.25, 7.0), space).predict(np.zeros(1))
    assert action in space
    assert action.tolist() == [0.25, 1.0]


def test_the_first_of_several_results_counts() -> None:
    class WithValue(Constant):
        def forward(self, observation: Any) -> Any:
            return super().forward(observation), torch.zeros(1)

    action, _ = TorchPolicy(WithValue(0.0, 0.0, 1.0), THREE).predict(
        np.zeros(1), deterministic=True
    )
    assert action == 2


def test_the_observation_is_a_batch_of_one_of_the_same_dtype() -> None:
    module = Constant(0.0, 0.0, 0.0)
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    TorchPolicy(module, THREE).predict({"picture": picture, "pair": (picture, picture)})
    assert module.seen["picture"].shape == module.seen["pair"][1].shape == (1, 2, 2, 3)
    assert module.seen["picture"].dtype == torch.uint8


def test_the_module_is_in_evaluation_mode_and_has_no_gradients() -> None:
    module = Constant(0.0, 0.0, 0.0)

    class Checks(nn.Module):
        def forward(self, observation: Any) -> Any:
            assert not self.training
            assert not torch.is_grad_enabled()
            return module(observation)

    TorchPolicy(Checks(), THREE).predict(np.zeros(1))


def test_another_action_space_is_refused() -> None:
    with pytest.raises(ValueError, match="`action_space` must be Discrete or Box"):
        TorchPolicy(Constant(0.0), gym.spaces.MultiBinary(2))


@pytest.mark.parametrize(
    ("space", "named"),
    [
        (THREE, r"logits of shape \(1, 3\), got \(1, 2\)"),
        (gym.spaces.Box(-1, 1, (3,), np.float32), r"must return \(1, 3\), got \(1, 2\)"),
        (gym.spaces.Box(-1, 1, (1, 3), np.float32), r"must return \(1, 1, 3\), got \(1, 2\)"),
    ],
)
def test_a_module_of_another_size_is_refused(space: gym.Space[Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        TorchPolicy(Constant(0.0, 1.0), space).predict(np.zeros(1))
