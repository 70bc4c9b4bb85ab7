"""Policies by name, as a command line has them."""

from __future__ import annotations

import contextlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import gymnasium as gym

from reactor_env.policies.base import Policy, RandomPolicy
from reactor_env.policies.remote import RemotePolicy, checked_url
from reactor_env.policies.sb3_policy import check_sees, load_sb3_policy, saved_model
from reactor_env.policies.scripted import scripted_policy

PolicyMaker = Callable[[gym.Env[Any, Any], int], Policy]
"""Makes the policy of one episode: of its environment, and a seed for what the policy draws."""

NAMES = 'random, scripted, human, sb3:<file>.zip, remote:<url> or "package.module:name"'

_SB3 = "sb3:"
_REMOTE = "remote:"


def named_policy(name: str, world: str | None = None) -> PolicyMaker:
    """Return what makes the policy of a name.

    Args:
        name: One of

            - ``"random"``: :class:`~reactor_env.policies.RandomPolicy`.
            - ``"scripted"``: what :func:`~reactor_env.policies.scripted_policy` has for ``world``.
            - ``"human"``: a person with a window (:class:`~reactor_env.play.HumanPolicy`), which
              opens at the first use.
            - ``"sb3:path.zip"``: a saved Stable-Baselines3 model. The file must be there; it is
              loaded at the first use.
            - ``"remote:http://host:port"``: what a policy server there holds
              (:class:`~reactor_env.policies.RemotePolicy`); it is asked at the first use whether it
              is there.
            - ``"package.module:name"``: a policy or a torch module (:class:`TorchPolicy`), or a
              class or function that makes one, of an environment if it takes an argument, at the
              first use. Every episode has the same one.
        world: The world to be played.

    Raises:
        ValueError: If there is no such name, or no scripted policy for the world.
        MissingDependencyError: If a package is needed for it.
        NoDisplayError: If a person is to play and there is no screen.
    """
    if name == "random":
        return lambda env, seed: RandomPolicy(env.action_space, seed)
    if name == "scripted":
        scripted = _scripted(world)
        return lambda env, seed: scripted
    if name == "human":
        from reactor_env.play.human import human_policy
        from reactor_env.play.window import require_display

        require_display()
        return _Once(human_policy)
    if name.startswith(_SB3):
        path = saved_model(name.removeprefix(_SB3))
        return _Once(lambda env: load_sb3_policy(path), check_sees)
    if name.startswith(_REMOTE):
        url = checked_url(name.removeprefix(_REMOTE))
        return _Once(lambda env: _remote(url))
    module, colon, attribute = name.partition(":")
    if not (colon and module and attribute):
        raise ValueError(f"an agent must be {NAMES}, got {name!r}")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"the agent {name!r} cannot be found: {error}") from error
    if _is_module(found) or _is_policy(found):
        return _Once(lambda env: found)
    if not callable(found):
        raise ValueError(
            f"the agent {name!r} must have `predict`, be a torch module, or be a class or function "
            f"that makes one, got {found!r}"
        )
    takes_env = _takes_argument(found)
    return _Once(lambda env: found(env) if takes_env else found())


class _Once:
    """Makes something at the first use, whichever thread comes first, and a policy of it.

    Args:
        make: Makes it.
        check: Called with it and each environment; raises if that is the wrong one.
    """

    def __init__(
        self,
        make: Callable[[gym.Env[Any, Any]], Any],
        check: Callable[[Any, gym.Env[Any, Any]], None] = lambda made, env: None,
    ) -> None:
        self._make = make
        self._check = check
        self._lock = threading.Lock()
        self._made: list[Any] = []

    def __call__(self, env: gym.Env[Any, Any], seed: int) -> Policy:
        with self._lock:
            if not self._made:
                self._made.append(self._make(env))
        made = self._made[0]
        self._check(made, env)
        return made if _is_policy(made) else as_policy(made, env.action_space, seed)

    def close(self) -> None:
        """Close what was made, if it can be closed; the next use makes another one."""
        with self._lock:
            while self._made:
                close = getattr(self._made.pop(), "close", None)
                if callable(close):
                    close()


@contextlib.contextmanager
def closing_policies(*makers: PolicyMaker) -> Iterator[None]:
    """Close at the end what named policies hold: a window, a connection.

    Args:
        makers: What :func:`named_policy` returned; those that hold nothing are left alone.
    """
    try:
        yield
    finally:
        for maker in makers:
            if isinstance(maker, _Once):
                maker.close()


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


def _remote(url: str) -> RemotePolicy:
    policy = RemotePolicy(url)
    policy.check()
    return policy


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
