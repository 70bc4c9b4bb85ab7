"""What chooses actions, by Stable-Baselines3's ``predict``: on this machine, or a remote one."""

from __future__ import annotations

from reactor_env.policies.base import Policy, RandomPolicy
from reactor_env.policies.cartpole import CartPolePolicy
from reactor_env.policies.catch import CatchPolicy
from reactor_env.policies.named import PolicyMaker, as_policy, closing_policies, named_policy
from reactor_env.policies.remote import RemotePolicy, RemotePolicyError
from reactor_env.policies.sb3_policy import load_sb3_policy
from reactor_env.policies.scripted import scripted_policy
from reactor_env.policies.server import PolicyServer, serve_policy
from reactor_env.policies.torch_policy import TorchPolicy

__all__ = [
    "CartPolePolicy",
    "CatchPolicy",
    "Policy",
    "PolicyMaker",
    "PolicyServer",
    "RandomPolicy",
    "RemotePolicy",
    "RemotePolicyError",
    "TorchPolicy",
    "as_policy",
    "closing_policies",
    "load_sb3_policy",
    "named_policy",
    "scripted_policy",
    "serve_policy",
]
