"""What chooses actions, by Stable-Baselines3's ``predict``: scripted, random, learned or named."""

from __future__ import annotations

from reactor_env.policies.base import Policy, RandomPolicy
from reactor_env.policies.cartpole import CartPolePolicy
from reactor_env.policies.catch import CatchPolicy
from reactor_env.policies.named import PolicyMaker, as_policy, named_policy
from reactor_env.policies.sb3_policy import load_sb3_policy
from reactor_env.policies.scripted import scripted_policy
from reactor_env.policies.torch_policy import TorchPolicy

__all__ = [
    "CartPolePolicy",
    "CatchPolicy",
    "Policy",
    "PolicyMaker",
    "RandomPolicy",
    "TorchPolicy",
    "as_policy",
    "load_sb3_policy",
    "named_policy",
    "scripted_policy",
]
