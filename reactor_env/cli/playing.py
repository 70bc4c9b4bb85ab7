"""Which policy plays: the option of every command that lets one play."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reactor_env.cli.observing import Observing
from reactor_env.cli.target import UsageError

if TYPE_CHECKING:
    from reactor_env.policies import PolicyMaker

_TAKES_PARTS = ("sb3", "remote")
"""Kinds of policies whose name goes on with where they are."""


@dataclass(frozen=True, kw_only=True)
class Playing(Observing):
    """A policy that plays.

    Attributes:
        policy: Who plays: random, scripted (catch and gym:CartPole-v1, from colour pixels), human
            (a window and its keys), sb3:<file>.zip (a saved Stable-Baselines3 model),
            remote:http://<host>:<port> (what reactor-env serve-policy serves), or
            "package.module:name" of something with SB3's predict, of a torch module, or of what
            makes one of an environment. auto is scripted where there is one for the world, and
            random elsewhere.
        stochastic: Let the policy draw its actions instead of taking the most probable ones.
        seed: Seed of the first episode and of what the policy draws.
    """

    policy: str = "auto"
    stochastic: bool = False
    seed: int = 0

    @property
    def policy_name(self) -> str:
        """The policy's name, where ``auto`` is what it stands for."""
        if self.policy != "auto":
            return self.policy
        from reactor_env.policies import scripted_policy

        plain = not self.gray and not self.channels_first
        there = self.world is not None and scripted_policy(self.world) is not None
        return "scripted" if there and plain else "random"

    @property
    def policy_word(self) -> str:
        """A word for the policy, of letters, digits and what a Python name has."""
        kind, _, rest = self.policy_name.partition(":")
        return rest if rest and kind not in _TAKES_PARTS else kind

    def policy_maker(self) -> PolicyMaker:
        """Return what makes the policy.

        Raises:
            UsageError: If there is no such policy, or not for these observations.
            MissingDependencyError: If a package is needed for it.
        """
        if self.policy == "scripted" and (self.gray or self.channels_first):
            told = "--gray" if self.gray else "--channels-first"
            raise UsageError(f"--policy scripted sees pictures (H, W, 3) in colour, got {told}")
        return policy_maker(self.policy_name, self.world, "--policy")


def policy_maker(name: str, world: str | None, option: str) -> PolicyMaker:
    """Return what makes the policy of a name that was typed.

    Args:
        name: As of :func:`~reactor_env.policies.named_policy`.
        world: The world to be played.
        option: What the name was given to.

    Raises:
        UsageError: If there is no such policy.
        MissingDependencyError: If a package is needed for it.
    """
    from reactor_env.policies import named_policy

    if "" not in sys.path:
        sys.path.insert(0, "")  # a user's module is in the folder where the command is typed
    try:
        return named_policy(name, world)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
