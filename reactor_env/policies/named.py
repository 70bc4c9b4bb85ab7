"""Policies by name, as a command line has them."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import gymnasium as gym

from reactor_env.policies.base import Policy, RandomPolicy
from reactor_env.policies.sb3_policy import load_sb3_policy
from reactor_env.policies.scripted import scripted_policy

PolicyMaker = Callable[[gym.Env[Any, Any], int], Policy]
"""Makes the policy of one episode: of its environment, and a seed for what the policy draws."""

NAMES = 'random, scripted, sb3:<file>.zip or "package.module:name"'

_SB3 = "sb3:"


def named_policy(name: str, world: str | None = None) -> PolicyMaker:
    """Return what makes the policy of a name.

    Args:
        name: One of

            - ``"random"``: :class:`~reactor_env.policies.RandomPolicy`.
            - ``"scripted"``: what :func:`~reactor_env.policies.scripted_policy` has for ``world``.
            - ``"sb3:path.zip"``: a saved Stable-Baselines3 model, loaded at the first use.
            - ``"package.module:name"``: a policy or a torch module (:class:`TorchPolicy`), or a
              class or function that makes one, of an environment if it takes an argument, at the
              first use. Every episode has the same one.
        world: The world to be played.

    Raises:
        ValueError: If there is no such name, or no scripted policy for the world.
    """
    if name == "random":
        return lambda env, seed: RandomPolicy(env.action_space, seed)
    if name == "scripted":
        scripted = _scripted(world)
        return lambda env, seed: scripted
    if name.startswith(_SB3):
        path = name.removeprefix(_SB3)
        return _once(lambda env: load_sb3_policy(path))
    module, colon, attribute = name.partition(":")
    if not (colon and module and attribute):
        raise ValueError(f"an agent must be {NAMES}, got {name!r}")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the agent {name!r} cannot be found: {error}") from error
    if _is_module(found) or _is_policy(found):
        return _once(lambda env: found)
    if not callable(found):
        raise ValueError(
            f"the agent {name!r} must have `predict`, be a torch module, or be a class or function "
            f"that makes one, got {found!r}"
        )
    takes_env = _takes_argument(found)
    return _once(lambda env: found(env) if takes_env else found())


def _once(make: Callable[[gym.Env[Any, Any]], Any]) -> PolicyMaker:
    """Make something at the first use, whichever thread comes first, and a policy of it."""
    lock = threading.Lock()
    made: list[Any] = []

    def policy(env: gym.Env[Any, Any], seed: int) -> Policy:
        with lock:
            if not made:
                made.append(make(env))
        return as_policy(made[0], env.action_space, seed)

    return policy


def as_policy(given: Any, action_space: gym.Space[Any], seed: int | None = None) -> Policy:
    """Return a policy as it is, and one of a torch module.

    Args:
        given: Something with ``predict``, or a torch module.
        action_space: Of the environment to be played.
        seed: Of the actions that a torch module's policy draws.

    Raises:
        ValueError: If it is something else, or a torch module cannot have that action space.
    """
    if _is_policy(given):
        policy: Policy = given
        return policy
    if _is_module(given):
        from reactor_env.policies.torch_policy import TorchPolicy

        return TorchPolicy(given, action_space, seed)
    raise ValueError(f"an agent must have `predict` or be a torch module, got {given!r}")


def _scripted(world: str | None) -> Policy:
    found = scripted_policy(world) if world is not None else None
    if found is None:
        raise ValueError(
            'the agent "scripted" is there for the worlds catch and gym:CartPole-v1, got '
            f"{world or 'a model'}"
        )
    return found


def _takes_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        return False
    except ValueError:  # something built in, of which nothing is known
        return True
    return True


def _is_policy(found: Any) -> bool:
    return not isinstance(found, type) and isinstance(found, Policy)


def _is_module(found: Any) -> bool:
    torch = sys.modules.get("torch")  # who gives a module has imported it
    return torch is not None and isinstance(found, torch.nn.Module)
