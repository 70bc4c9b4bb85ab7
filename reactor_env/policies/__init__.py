"""Scripted policies that play bundled worlds from pixels, by Stable-Baselines3's ``predict``."""

from __future__ import annotations

from reactor_env.policies.base import Policy, RandomPolicy
from reactor_env.policies.cartpole import CartPolePolicy
from reactor_env.policies.catch import CatchPolicy

__all__ = ["CartPolePolicy", "CatchPolicy", "Policy", "RandomPolicy", "scripted_policy"]


def scripted_policy(world: str) -> Policy | None:
    """Return the scripted policy of a world.

    Args:
        world: As for :class:`~reactor_env.env.ReactorEnv`, for example ``"catch"``.

    Returns:
        A policy; ``None`` where there is none for that world.
    """
    match world:
        case "gym:CartPole-v1":
            return CartPolePolicy()
        case "catch":
            return CatchPolicy()
    return None
