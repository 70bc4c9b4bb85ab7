"""``reactor-env serve-policy``: hold a policy for environments that are played elsewhere."""

from __future__ import annotations

import contextlib
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import gymnasium as gym
import tyro
from rich.console import Console

from reactor_env.cli.arguments import check_at_least, say
from reactor_env.cli.playing import policy_maker
from reactor_env.cli.target import Target, UsageError

if TYPE_CHECKING:
    from reactor_env.policies import Policy

_PORT = 8400


@dataclass(frozen=True, kw_only=True)
class ServePolicy(Target):
    """Hold a policy on this machine for environments that are played elsewhere.

    They play it as remote:http://<host>:<port>. Saved Stable-Baselines3 models, and whatever has
    predict, need no --world here; random and torch modules do, for its actions, and scripted does.
    There is no authentication: from another machine, come through an ssh tunnel.

    Attributes:
        policy: Who is served: any that reactor-env rollout takes, but human.
        host: Where to listen, an IPv4 address or a name.
        port: The port; 0 takes a free one.
        seed: Of what the policy draws.
        max_episodes: Episodes whose memory is kept, of policies that have any.
    """

    policy: Annotated[str, tyro.conf.arg(metavar="POLICY")]
    host: str = "127.0.0.1"
    port: int = _PORT
    seed: int = 0
    max_episodes: int = 1024

    def check(self) -> None:
        """Check the arguments.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If a package is needed for the policy.
        """
        if self.world is not None or self.model is not None:
            self.check_target()
        check_at_least(self, 1, "max_episodes")
        check_at_least(self, 0, "seed")
        if not 0 <= self.port < 1 << 16:
            raise UsageError(f"--port must be 0 to 65535, got {self.port}")
        if self.policy == "human":
            raise UsageError("--policy human plays where its window is: use it there")
        policy_maker(self.policy, self.world, "--policy")

    def run(self) -> None:
        """Serve until Ctrl-C.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        from reactor_env.policies import PolicyServer, closing_policies

        self.check()
        maker = policy_maker(self.policy, self.world, "--policy")
        console = Console()
        with closing_policies(maker):
            env: gym.Env[Any, Any] = self._env()
            with contextlib.closing(env):
                policy: Policy = maker(env, self.seed)
            server = PolicyServer(
                policy,
                host=self.host,
                port=self.port,
                name=self.policy,
                max_episodes=self.max_episodes,
            )
            say(console, f"serving {self.policy}; play it as --policy remote:{server.url}")
            if not _loopback(self.host):
                say(Console(stderr=True), "whoever reaches this address can use the policy")
            try:
                server.serve()
            except KeyboardInterrupt:
                say(console, f"observations answered: {server.answered}")
            finally:
                server.close()

    def _env(self) -> gym.Env[Any, Any]:
        # A saved model knows its spaces; what --world shows here is not what it will be shown.
        if self.policy.startswith("sb3:") or (self.world is None and self.model is None):
            return _Nowhere()
        return self.make_env()


class _Nowhere(gym.Env[Any, Any]):
    """Stands for the environment of a policy that does not need to know it."""

    @property
    def action_space(self) -> gym.Space[Any]:  # type: ignore[override]
        raise UsageError("this policy needs to know the actions: give --world or --model")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
