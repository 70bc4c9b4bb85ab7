"""The arguments of an environment: checked, and the source of its sessions made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from reactor_env.client.options import HOSTED_CONNECT_TIMEOUT_S, LOCAL_CONNECT_TIMEOUT_S
from reactor_env.client.types import Generation
from reactor_env.hosted_source import HostedSource
from reactor_env.session import Backend
from reactor_env.source import AddressSource, Source, WorldSource


def check_choice(name: str, value: object, choices: Collection[object]) -> None:
    """Check an argument that must be one of several.

    Raises:
        ValueError: If it is none of them.
    """
    if value not in choices:
        listed = ", ".join(str(choice) for choice in choices)
        raise ValueError(f"`{name}` must be one of {listed}, got {value!r}")


def check_seconds(name: str, value: float | None, *, zero: bool = False) -> None:
    """Check an argument that is a duration, or ``None``.

    Raises:
        ValueError: If it is negative, or zero where that is not allowed.
    """
    if value is None or value > 0 or (zero and value == 0):
        return
    raise ValueError(
        f"`{name}` must be a {'' if zero else 'positive '}number of seconds, got {value!r}"
    )


def check_count(name: str, value: int | None) -> None:
    """Check an argument that counts something, or ``None``.

    Raises:
        ValueError: If it is not a positive whole number.
    """
    if value is not None and (not isinstance(value, int) or value < 1):
        raise ValueError(f"`{name}` must be a positive whole number, got {value!r}")


def default_start_timeout(model: str | None, local: bool) -> float:
    """Return the seconds until a session must be ready; hosted it includes waiting for a GPU."""
    hosted = model is not None and not local
    return HOSTED_CONNECT_TIMEOUT_S if hosted else LOCAL_CONNECT_TIMEOUT_S


def make_source(
    world: str | Path | None,
    model: str | None,
    *,
    local: bool,
    api_url: str | None,
    api_key: str | None,
    backend: Backend | None,
    fps: float | None,
    world_kwargs: Mapping[str, Any] | None,
    start_timeout: float,
    retry_budget: float,
    max_session_seconds: int | None,
    generation: Generation,
) -> Source:
    """Make the source of an environment's sessions; nothing is started or connected.

    The arguments are those of :class:`~reactor_env.env.ReactorEnv`; ``generation`` is that of a
    session which is opened for a hosted model's schema.

    Raises:
        ValueError: If the arguments do not go together.
        UnknownWorldError: If there is no such world.
        MissingDependencyError: If a package is needed for it.
    """
    if world is not None and model is None:
        return WorldSource(
            world, backend=backend, fps=fps, world_kwargs=world_kwargs, start_timeout=start_timeout
        )
    if model is None or world is not None:
        raise ValueError(f"give either `world` or `model`, got {world!r} and {model!r}")
    if local:
        return AddressSource(model, api_url, backend)
    if backend == "native":
        raise ValueError('`backend` must be "aiortc" with a hosted model, got "native"')
    return HostedSource(
        model,
        api_key=api_key,
        api_url=api_url,
        retry_budget_s=retry_budget,
        max_session_seconds=max_session_seconds,
        generation=generation,
    )
