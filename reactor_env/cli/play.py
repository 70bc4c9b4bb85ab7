"""``reactor-env play``: play a world in a window, by hand or with a policy."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from reactor_env.cli.arguments import check_at_least
from reactor_env.cli.observing import Observing
from reactor_env.cli.playing import policy_maker
from reactor_env.cli.target import read_options

_DEFAULT_FPS = 30.0

_BEFORE_FIRST_FRAME = (360, 640)
"""The window's size for a model of which no size is known yet."""

_BY_HAND = "human"


@dataclass(frozen=True, kw_only=True)
class Play(Observing):
    """Play a world in a window, by hand or with a policy.

    Keys come from the model's profile, or are chosen by its actions; they are listed when the game
    begins. Escape ends it, p pauses, . makes one step, tab hides the text, backspace begins another
    episode. Stepped, steps are made at the world's own rate; observations (--size, --gray,
    --channels-first) are what a policy sees, the window shows the model's own pictures.

    Attributes:
        policy: Watch a policy play: any that reactor-env rollout takes. While keys of the game are
            down, they act instead. By hand by default.
        stochastic: Let the policy draw its actions instead of taking the most probable ones.
        seed: Seed of the first episode.
        options: Options of the reset as NAME=VALUE, for example a prompt, or the path of an image.
        fps: Steps per second; the world's own rate by default.
        scale: Screen pixels to a pixel of the model's; by default so many that it can be seen well.
        steps: Stop after this many steps; when the window is closed by default.
    """

    policy: str = _BY_HAND
    stochastic: bool = False
    seed: int | None = None
    options: tuple[str, ...] = ()
    fps: float | None = None
    scale: int | None = None
    steps: int | None = None

    def check(self) -> None:
        """Check the arguments, before anything is started.

        Raises:
            UsageError: If one is out of range, or two do not go together.
            MissingDependencyError: If a package is needed for the policy.
        """
        self.check_observing()
        check_at_least(self, 1, "scale", "steps")
        check_at_least(self, 0, "seed")
        read_options(self.options, "--options")
        if self.policy != _BY_HAND:
            policy_maker(self.policy, self.world, "--policy")

    def check_fps(self) -> None:
        """Accept any: a stepped model is stepped at that rate."""

    def run(self) -> None:
        """Play.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        self.check()
        from reactor_env.play import Game, key_map
        from reactor_env.play.window import Window, require_display
        from reactor_env.policies import closing_policies

        require_display()
        options = read_options(self.options, "--options")
        env_options = self.env_options()
        if self.world is None:
            env_options["fps"] = None
        env = self.make_env(**env_options, render_mode="rgb_array")
        console = Console()
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(env))
            keys = key_map(env.action_map, env.profile)
            table = Table("key", "does", title=f"Playing {self.name}")
            for key, does in keys.bound.items():
                table.add_row(key, does)
            console.print(table)
            policy = None
            if self.policy != _BY_HAND:
                maker = policy_maker(self.policy, self.world, "--policy")
                stack.enter_context(closing_policies(maker))
                policy = maker(env, self.seed or 0)
            fps = self.fps or float(env.metadata.get("render_fps") or _DEFAULT_FPS)
            size = env.model_setup.size or _BEFORE_FIRST_FRAME
            window = stack.enter_context(Window(size, self.scale, f"reactor-env play {self.name}"))
            made = Game(
                env, keys, window, fps=fps, policy=policy, deterministic=not self.stochastic
            ).play(seed=self.seed, options=options, steps=self.steps)
        console.print(f"{made} steps were made", highlight=False)
