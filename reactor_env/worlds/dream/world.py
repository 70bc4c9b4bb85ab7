"""``dream-cartpole`` and its like: learned models for ``reactor-runtime``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reactor_runtime import ReactorApp

from reactor_env.world_options import DreamOptions
from reactor_env.worlds.dream.dream_env import (
    ANY_OPENING,
    MAX_TEMPERATURE,
    DreamEnv,
    load_model,
)
from reactor_env.worlds.episodic import ResetOption, build_world


def build(
    weights: str | Path, *, fps: float | None = None, options: DreamOptions | None = None
) -> type[ReactorApp]:
    """Make the model class of a learned world.

    Args:
        weights: As for :class:`DreamEnv`.
        fps: Steps per second in a streamed session; the real environment's own by default.
        options: How it is dreamt and shown; the weights in it do not count.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.
    """
    chosen = options or DreamOptions()

    def make() -> DreamEnv:
        return DreamEnv(
            weights,
            "rgb_array",
            temperature=chosen.temperature,
            reencode_every=chosen.reencode_every,
            enlarge=chosen.enlarge,
        )

    return build_world(
        make,
        fps=fps,
        options=_options(weights, chosen.temperature),
        frame_per_action=chosen.frame_per_action,
    )


def build_cartpole(
    *, fps: float | None = None, weights: str | None = None, **options: Any
) -> type[ReactorApp]:
    """Make the model class of ``dream-cartpole``.

    Args:
        fps: Steps per second in a streamed session.
        weights: The path of another model's file.
        options: The others of :class:`~reactor_env.world_options.DreamOptions`.
    """
    return build(weights or "cartpole", fps=fps, options=DreamOptions(**options))


def build_takecover(
    *, fps: float | None = None, weights: str | None = None, **options: Any
) -> type[ReactorApp]:
    """Make the model class of ``dream-takecover``; as :func:`build_cartpole`."""
    return build(weights or "takecover", fps=fps, options=DreamOptions(**options))


def _options(weights: str | Path, temperature: float) -> list[ResetOption]:
    model = load_model(weights)
    last = len(model.starts.latent) - 1
    openings = model.config.openings
    return [
        ResetOption(
            "start",
            int,
            ANY_OPENING,
            ANY_OPENING,
            last,
            f"Where to begin: 0 to {openings - 1} are first pictures of real episodes, {openings} "
            f"to {last} moments inside one, -1 draws a first picture.",
        ),
        ResetOption(
            "temperature",
            float,
            temperature,
            0.0,
            MAX_TEMPERATURE,
            "How much chance counts in this episode: 1 as learned, 0 not at all.",
        ),
    ]
