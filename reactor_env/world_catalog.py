"""The worlds that this package can start: by name, or any Gymnasium environment, or a folder.

Only names are known here. The worlds themselves, in :mod:`reactor_env.worlds`, are imported by the
runtime's process alone.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from reactor_env.errors import UnknownWorldError
from reactor_env.world_options import CatchOptions, DreamOptions, ProbeOptions, RoomOptions

MANIFEST = "reactor.yaml"
"""The file that makes a folder a model; ``platform.md`` B12."""

GYM = "gym:"
"""What stands before the id of a Gymnasium environment."""


@dataclass(frozen=True, slots=True)
class BundledWorld:
    """A world that ships with this package.

    Attributes:
        summary: What it is, in a few words.
        build: ``module:function``; the function takes ``fps`` and the options, and returns the
            model's class.
        options: A dataclass of its options, which checks their values.
    """

    summary: str
    build: str
    options: type[Any]

    @property
    def option_names(self) -> tuple[str, ...]:
        """What may be in ``world_kwargs``."""
        return tuple(field.name for field in fields(self.options))


WORLDS: Mapping[str, BundledWorld] = {
    "catch": BundledWorld(
        "a 64x64 game with a known rule: move a paddle under a falling ball",
        "reactor_env.worlds.gymnasium_world:build_catch",
        CatchOptions,
    ),
    "probe": BundledWorld(
        "a measuring instrument: frames stamped with number, clock and action, of any size",
        "reactor_env.worlds.probe.app:build",
        ProbeOptions,
    ),
    "room": BundledWorld(
        "a room to walk in, steered like a hosted model, with exact answers and dials to spoil it",
        "reactor_env.worlds.room.app:build",
        RoomOptions,
    ),
    "dream-cartpole": BundledWorld(
        "a learned model of CartPole: a neural network draws each frame, its reward and its end",
        "reactor_env.worlds.dream.world:build_cartpole",
        DreamOptions,
    ),
    "dream-takecover": BundledWorld(
        "a learned model of VizDoom TakeCover: step aside from fireballs, as long as you can",
        "reactor_env.worlds.dream.world:build_takecover",
        DreamOptions,
    ),
}
"""Bundled worlds by name, beside ``gym:<environment id>``."""


def world_source(world: str, fps: float | None, kwargs: dict[str, Any]) -> str | Path:
    """Return the code of ``world.py`` for a bundled world, or the folder of a user's model.

    Args:
        world: A name of :data:`WORLDS`, ``gym:<environment id>``, or a folder.
        fps: Steps per second in a streamed session; the world's own by default.
        kwargs: Options of the world.

    Raises:
        UnknownWorldError: If ``world`` is none of them.
        ValueError: If an argument does not go with the world.
    """
    if world.startswith(GYM) and len(world) > len(GYM):
        env_id = world.removeprefix(GYM)
        _check_env_id(env_id)
        _check_literals(kwargs)
        return _code("reactor_env.worlds.gymnasium_world:build", repr(env_id), fps, kwargs)
    if world in WORLDS:
        _check_options(world, kwargs)
        return _code(WORLDS[world].build, "", fps, kwargs)
    folder = Path(world).expanduser()
    if (folder / MANIFEST).is_file():
        if fps is not None or kwargs:
            raise ValueError(
                f"`fps` and `world_kwargs` are for bundled worlds, got fps={fps!r} and {kwargs!r} "
                f"for the folder {world}: its own code sets them"
            )
        return folder.resolve()
    raise UnknownWorldError(
        f"`world` must be one of {', '.join(sorted(WORLDS))}, gym:<environment id>, or a folder "
        f"with a {MANIFEST}, got {world!r}"
    )


def _code(build: str, positional: str, fps: float | None, kwargs: Mapping[str, Any]) -> str:
    module, _, function = build.partition(":")
    arguments = ", ".join(
        [positional] * bool(positional)
        + [f"fps={fps!r}"]
        + [f"{name}={value!r}" for name, value in kwargs.items()]
    )
    return f"from {module} import {function}\n\nWorld = {function}({arguments})\n"


def _check_options(world: str, kwargs: dict[str, Any]) -> None:
    known = WORLDS[world].option_names
    unknown = sorted(set(kwargs) - set(known))
    if unknown:
        raise ValueError(
            f"`world_kwargs` of world {world!r} must be among {', '.join(known)}, got "
            f"{', '.join(unknown)}"
        )
    WORLDS[world].options(**kwargs)
    _check_literals(kwargs)


def _check_literals(kwargs: dict[str, Any]) -> None:
    """Refuse arguments that cannot be written into the code of another process."""
    for name, value in kwargs.items():
        try:
            same = ast.literal_eval(repr(value)) == value
        except (ValueError, SyntaxError):
            same = False
        if same is not True:
            raise ValueError(
                f"`world_kwargs` must be Python literals (numbers, strings, lists, ...), got "
                f"{name}={value!r}"
            )


def _check_env_id(env_id: str) -> None:
    """Refuse an id that is not registered, before a process is started for it."""
    import gymnasium as gym

    if ":" in env_id:  # "module:id" registers itself when the module is imported
        return
    try:
        gym.spec(env_id)
    except gym.error.Error as error:
        raise UnknownWorldError(
            f"`world` must name a registered Gymnasium environment after {GYM}, got {env_id!r}: "
            f"{error} One that another package registers is written {GYM}<module>:<id>, for "
            f"example {GYM}minigrid:MiniGrid-Empty-8x8-v0"
        ) from error
