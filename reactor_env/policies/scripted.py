"""Which world has a scripted policy."""

from __future__ import annotations

from reactor_env.policies.base import Policy
from reactor_env.policies.cartpole import CartPolePolicy
from reactor_env.policies.catch import CatchPolicy


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
