"""Which model a command works on, and the environment made of it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactor_env.env import ReactorEnv


class UsageError(ValueError):
    """The arguments of a command do not go together; the text names them as they are typed."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The model to work on: a world that is started here, a runtime's model, or a hosted one.

    Attributes:
        world: A world to start on this machine: catch, probe, room, dream-cartpole,
            dream-takecover, gym:<environment id>, or a folder with a reactor.yaml.
        model: The name of a model that is served already; give this or --world. Without --local
            it is a hosted one: a session costs money while the command runs, with the key in the
            environment variable REACTOR_API_KEY.
        local: The model is served by a runtime on this machine.
        api_url: Where that runtime listens, http://localhost:8080 by default; or the address of
            the hosted service.
        profile: What is to be known about the model beyond its schema: the name of a profile that
            ships with the package, or a TOML file.
        world_kwargs: Options of the --world as NAME=VALUE: numbers, True, False, None, lists;
            everything else is text.
    """

    world: str | None = None
    model: str | None = None
    local: bool = False
    api_url: str | None = None
    profile: str | None = None
    world_kwargs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The world or the model, for people."""
        return self.world or self.model or ""

    def check_target(self) -> None:
        """Check the arguments against each other.

        Raises:
            UsageError: If they do not go together.
        """
        if self.world is not None and self.model is not None:
            raise UsageError(
                f"give either --world or --model, got --world {self.world} --model {self.model}"
            )
        if self.world is None and self.model is None:
            raise UsageError(
                "give --world (for example --world catch or --world gym:CartPole-v1) or --model"
            )
        if self.world is not None and (self.local or self.api_url is not None):
            raise UsageError("--local and --api-url go with --model; a --world is started here")
        if self.world is None and self.world_kwargs:
            raise UsageError("--world-kwargs go with --world")
        read_options(self.world_kwargs)

    def make_env(self, **options: Any) -> ReactorEnv:
        """Make the environment; nothing is started or connected yet.

        Args:
            options: Further arguments of :class:`~reactor_env.env.ReactorEnv`.

        Raises:
            ValueError: If an argument has a value that cannot be.
            MissingDependencyError: If a package is needed for it.
        """
        from reactor_env.env import ReactorEnv

        return ReactorEnv(**self.target_options(), **options)

    def target_options(self) -> dict[str, Any]:
        """Return these arguments as those of :class:`~reactor_env.env.ReactorEnv`."""
        return {
            "world": self.world,
            "model": self.model,
            "local": self.local,
            "api_url": self.api_url,
            "profile": self.profile,
            "world_kwargs": read_options(self.world_kwargs),
        }


def read_options(given: Sequence[str], argument: str = "--world-kwargs") -> dict[str, Any]:
    """Return options that were typed as ``NAME=VALUE``.

    Args:
        given: The options.
        argument: What they were given to.

    Raises:
        UsageError: If one is not written so, or given twice.
    """
    options: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name.isidentifier() and equals) or name in options:
            raise UsageError(f"{argument} must be different NAME=VALUE, got {text}")
        try:
            options[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            options[name] = value
    return options


def expected_errors() -> tuple[type[Exception], ...]:
    """Return what may go wrong without a mistake in this package: told by its text alone."""
    import gymnasium as gym

    from reactor_env.client.errors import ReactorClientError
    from reactor_env.errors import MissingDependencyError, RuntimeStartError
    from reactor_env.video_writer import VideoError

    return (
        ValueError,
        OSError,
        ReactorClientError,
        RuntimeStartError,
        MissingDependencyError,
        VideoError,
        gym.error.Error,
    )
