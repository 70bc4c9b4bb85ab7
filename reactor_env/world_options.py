"""The options of the bundled worlds: what ``world_kwargs`` may say, and what is refused.

They are checked in the user's process, which has no runtime, and used in the runtime's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Content = Literal["flat", "natural", "noise"]
Control = Literal["move", "strafe", "turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchOptions:
    """Of the world ``catch``.

    Attributes:
        frame_per_action: Whether a streamed session takes one step for each action and stands
            still in between, instead of keeping time.

    Raises:
        ValueError: If it is not a truth value.
    """

    frame_per_action: bool = False

    def __post_init__(self) -> None:
        """Check the value."""
        _flag(self, "frame_per_action")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """Of the world ``probe``.

    Attributes:
        width: Pixels across, 64 to 1920.
        height: Pixels down, 64 to 1080.
        content: What is behind the stamp: ``"flat"`` is one colour, ``"natural"`` a landscape
            seen from above that moves by, ``"noise"`` has nothing that a codec could predict.
        metadata: Whether frames carry the stamp as metadata too. The runtime repeats a frame
            with metadata until there is a new one (``platform.md`` B10).

    Raises:
        ValueError: If a value does not fit.
    """

    width: int = 640
    height: int = 480
    content: Content = "natural"
    metadata: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        _whole(self, "width", 64, 1920)
        _whole(self, "height", 64, 1080)
        _choice(self, "content", get_args(Content))
        _flag(self, "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOptions:
    """Of the world ``room``. With every dial at 0 the world is perfect.

    Attributes:
        width: Pixels across, 64 to 640.
        height: Pixels down, 48 to 480.
        turn_frames: Frames of turning that make a full turn; a multiple of 4, from 8 to 360.
        pose: Whether frames carry the true pose as metadata.
        drift: A dial: degrees by which the view turns away from the true heading, per frame.
        fade: A dial: the share of its contrast that the picture loses per frame, 0 to 1.
        hallucination: A dial: how much a wall that comes back into view differs from what it was
            before, 0 to 1.
        noise: A dial: the standard deviation of the noise in every picture, in gray levels.
        delay: A dial: frames until a control shows.
        chunk: Frames made at a time, 1 to 64; controls are taken at the beginning of a chunk.
        auto_restart: Frames after which the run silently starts over; 0 for never.
        dead_control: A control that does nothing: ``"move"``, ``"strafe"`` or ``"turn"``.

    Raises:
        ValueError: If a value does not fit.
    """

    width: int = 160
    height: int = 120
    turn_frames: int = 36
    pose: bool = False
    drift: float = 0.0
    fade: float = 0.0
    hallucination: float = 0.0
    noise: float = 0.0
    delay: int = 0
    chunk: int = 1
    auto_restart: int = 0
    dead_control: Control | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        _whole(self, "width", 64, 640)
        _whole(self, "height", 48, 480)
        _whole(self, "turn_frames", 8, 360)
        if self.turn_frames % 4:
            raise ValueError(f"`turn_frames` must be a multiple of 4, got {self.turn_frames}")
        _flag(self, "pose")
        _number(self, "drift", 0, 45)
        _number(self, "fade", 0, 1)
        _number(self, "hallucination", 0, 1)
        _number(self, "noise", 0, 128)
        _whole(self, "delay", 0, 1000)
        _whole(self, "chunk", 1, 64)
        _whole(self, "auto_restart", 0, 10**9)
        if self.dead_control is not None:
            _choice(self, "dead_control", get_args(Control))


@dataclass(frozen=True, slots=True, kw_only=True)
class DreamOptions:
    """Of the learned worlds, ``dream-cartpole`` and ``dream-takecover``.

    Attributes:
        weights: The absolute path of a model's file that ``python -m
            reactor_env.worlds.dream.train`` wrote, instead of the one that ships.
        temperature: How much chance counts where a reset does not say: 1 as learned, 0 not at
            all, up to 2.
        reencode_every: Steps after which the model goes on from its own picture, which keeps long
            episodes from drifting; 0 for never.
        enlarge: Whether pictures are enlarged to the shape of the real ones; otherwise they are
            the model's own, 64x64.
        frame_per_action: As of :class:`CatchOptions`.

    Raises:
        ValueError: If a value does not fit.
    """

    weights: str | None = None
    temperature: float = 1.0
    reencode_every: int = 10
    enlarge: bool = True
    frame_per_action: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if self.weights is not None and not _is_file(self.weights):
            raise ValueError(
                f"`weights` must be the absolute path of a model's file, got {self.weights!r}"
            )
        _number(self, "temperature", 0, 2)
        _whole(self, "reencode_every", 0, 10**9)
        _flag(self, "enlarge")
        _flag(self, "frame_per_action")


def _is_file(value: object) -> bool:
    return isinstance(value, str) and Path(value).is_absolute() and Path(value).is_file()


def _whole(options: object, name: str, low: int, high: int) -> None:
    value = getattr(options, name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"`{name}` must be a whole number from {low} to {high}, got {value!r}")


def _number(options: object, name: str, low: float, high: float) -> None:
    value = getattr(options, name)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not low <= value <= high  # false for NaN
    ):
        raise ValueError(f"`{name}` must be a number from {low:g} to {high:g}, got {value!r}")


def _choice(options: object, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(options, name)
    if value not in choices:
        raise ValueError(f"`{name}` must be one of {', '.join(choices)}, got {value!r}")


def _flag(options: object, name: str) -> None:
    value = getattr(options, name)
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` must be True or False, got {value!r}")
