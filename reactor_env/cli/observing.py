"""How a world is played, and what is seen of it: the options of every command that plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from reactor_env.cli.arguments import check_at_least, check_positive
from reactor_env.cli.target import Target, UsageError
from reactor_env.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Observing(Target):
    """A model, how its sessions run, and what the observations are.

    Attributes:
        mode: stepped: the world waits for each action; streamed: it runs on in real time. By
            default stepped where the model supports it.
        pacing: Which frame answers an action in streamed mode: the next one, the first one that
            shows the action applied, or the latest one at once. next by default.
        hz: Steps per second in streamed mode by a real-time clock, instead of --pacing: the newest
            frame at each tick.
        backend: What carries the session: aiortc or native (the official SDK). By default native
            for stepped sessions where it is installed, aiortc otherwise.
        fps: Steps per second of a --world in streamed mode; its own rate by default.
        size: Height and width of the observations in pixels; the model's own by default.
        gray: Observations without colours.
        channels_first: Observations of shape (C, H, W).
        horizon: Steps after which an episode is truncated; for a model that ends none.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
    """

    mode: Literal["stepped", "streamed"] | None = None
    pacing: Literal["next", "applied", "latest"] | None = None
    hz: float | None = None
    backend: Literal["aiortc", "native"] | None = None
    fps: float | None = None
    size: tuple[int, int] | None = None
    gray: bool = False
    channels_first: bool = False
    horizon: int | None = None
    step_timeout: float = 10.0

    @property
    def streamed(self) -> bool:
        """Whether the arguments ask for streamed mode."""
        return self.mode == "streamed" or self.pacing is not None or self.hz is not None

    @property
    def shaped(self) -> bool:
        """Whether observations are other than the model's own pictures."""
        return self.size is not None or self.gray or self.channels_first

    def check_observing(self) -> None:
        """Check these arguments, and those of the model, against each other.

        Raises:
            UsageError: If one is out of range, or two do not go together.
        """
        self.check_target()
        if self.mode == "stepped" and self.streamed:
            raise UsageError("--pacing and --hz go with --mode streamed")
        if self.pacing is not None and self.hz is not None:
            raise UsageError(f"give either --pacing or --hz, got {self.pacing} and {self.hz}")
        check_at_least(self, 1, "horizon")
        check_positive(self, "fps", "hz", "step_timeout")
        self.check_fps()
        if self.size is not None and min(self.size) < 1:
            raise UsageError(f"--size must be two positive numbers, got {self.size}")

    def check_fps(self) -> None:
        """Check that the rate may be given.

        Raises:
            UsageError: If the model is not one that is started here.
        """
        if self.fps is not None and self.world is None:
            raise UsageError("--fps goes with --world; a --model has its own rate")

    def env_options(self) -> dict[str, Any]:
        """Return these arguments as those of :class:`~reactor_env.env.ReactorEnv`."""
        return {
            "mode": self.mode,
            "pacing": Clock(self.hz) if self.hz is not None else self.pacing,
            "backend": self.backend,
            "fps": self.fps,
            "observation": {
                "size": self.size,
                "gray": self.gray,
                "channels_first": self.channels_first,
            },
            "horizon": self.horizon,
            "step_timeout": self.step_timeout,
        }
