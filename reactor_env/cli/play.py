"""``reactor-env play``: play a world by hand, in a window."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table

from reactor_env.cli.target import Target, UsageError, read_options
from reactor_env.clock import Clock

_DEFAULT_FPS = 30.0
_WINDOW_PX = 640


@dataclass(frozen=True, kw_only=True)
class Play(Target):
    """Play a world by hand, in a window.

    Keys come from the model's profile, or are chosen by its actions; they are listed when the game
    begins. Escape ends it, p pauses, . makes one step, tab hides the text, backspace begins another
    episode.

    Attributes:
        mode: stepped: the world waits for each step, which is made at its own rate; streamed: it
            runs on in real time. By default stepped where the model supports it.
        hz: Steps per second in streamed mode; every new frame is a step by default.
        backend: What carries the session: aiortc or native (the official SDK). By default native
            for stepped sessions where it is installed, aiortc otherwise.
        seed: Seed of the first episode.
        options: Options of the reset as NAME=VALUE, for example a prompt, or the path of an image.
        fps: Steps per second; the world's own rate by default.
        scale: Screen pixels to a pixel of the model's; by default so many that it can be seen well.
        steps: Stop after this many steps; when the window is closed by default.
    """

    mode: Literal["stepped", "streamed"] | None = None
    hz: float | None = None
    backend: Literal["aiortc", "native"] | None = None
    seed: int | None = None
    options: tuple[str, ...] = ()
    fps: float | None = None
    scale: int | None = None
    steps: int | None = None

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
        """
        self.check_target()
        if self.mode == "stepped" and self.hz is not None:
            raise UsageError(f"--hz goes with --mode streamed, got --hz {self.hz}")
        for name, value in (("hz", self.hz), ("fps", self.fps)):
            if value is not None and not 0 < value < float("inf"):
                raise UsageError(f"--{name} must be positive, got {value}")
        if self.scale is not None and self.scale < 1:
            raise UsageError(f"--scale must be at least 1, got {self.scale}")
        if self.steps is not None and self.steps < 1:
            raise UsageError(f"--steps must be at least 1, got {self.steps}")
        if self.seed is not None and self.seed < 0:
            raise UsageError(f"--seed must not be negative, got {self.seed}")
        read_options(self.options, "--options")

    def run(self) -> None:
        """Play.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        self.check()
        from reactor_env.play import Game, key_map
        from reactor_env.play.window import Window, require_pygame

        require_pygame()
        options = read_options(self.options, "--options")
        env = self.make_env(
            mode=self.mode,
            pacing=Clock(self.hz) if self.hz is not None else None,
            backend=self.backend,
            fps=self.fps if self.world is not None else None,
            render_mode="rgb_array",
        )
        console = Console()
        with contextlib.closing(env):
            keys = key_map(env.action_map, env.profile)
            table = Table("key", "does", title=f"Playing {self.name}")
            for key, does in keys.bound.items():
                table.add_row(key, does)
            console.print(table)
            height, width, _ = env.observation_space.shape
            scale = self.scale or max(1, round(_WINDOW_PX / max(height, width)))
            fps = self.fps or float(env.metadata.get("render_fps") or _DEFAULT_FPS)
            with Window((height, width), scale, f"reactor-env play {self.name}") as window:
                made = Game(env, keys, window, fps=fps).play(
                    seed=self.seed, options=options, steps=self.steps
                )
        console.print(f"{made} steps were made", highlight=False)
