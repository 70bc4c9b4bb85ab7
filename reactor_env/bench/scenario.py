"""What is streamed in a benchmark, and when commands are sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.world_options import Content, ProbeOptions

_SIZE = re.compile(r"(\d+)x(\d+)")

COMMAND_INTERVAL_S = 0.1
"""Commands come this often on average."""

JITTER = 0.5
"""The share of the interval by which a command may come late, so that commands meet every phase
of the frames, and no two come closer than the other share."""

SMALL = (84, 84)
"""Width and height of the small observations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One world, streamed.

    Attributes:
        width: Pixels across.
        height: Pixels down.
        fps: Frames per second.
        content: What the frames show; see :class:`~reactor_env.world_options.ProbeOptions`.
        metadata: Whether frames carry metadata too. The runtime then fills the stream up to its
            own rate with repeats (``platform.md`` B10), which every client has to decode.

    Raises:
        ValueError: If a value does not fit.
    """

    width: int = 640
    height: int = 480
    fps: float = 30.0
    content: Content = "natural"
    metadata: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if not 1 <= self.fps <= 240:
            raise ValueError(f"`fps` must be 1 to 240, got {self.fps}")
        ProbeOptions(**self.world_kwargs)

    @property
    def world_kwargs(self) -> dict[str, Any]:
        """The options of the world ``probe``."""
        values = asdict(self)
        del values["fps"]
        return values

    @property
    def name(self) -> str:
        """What it is called in files and tables, for example ``640x480@30``."""
        extra = "" if self.content == "natural" else f"-{self.content}"
        extra += "-metadata" if self.metadata else ""
        return f"{self.width}x{self.height}@{self.fps:g}{extra}"

    def as_dict(self) -> dict[str, Any]:
        """Return the values, for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Scenario:
        """Read what :meth:`as_dict` returned."""
        return cls(**document)


MATRIX = tuple(
    Scenario(width=width, height=height, fps=fps)
    for width, height in ((640, 480), (1280, 720))
    for fps in (30.0, 60.0)
)
"""The scenarios that the project's targets are about."""


def read_size(text: str) -> tuple[int, int]:
    """Read a size as it is typed.

    Args:
        text: For example ``640x480``.

    Returns:
        Width and height.

    Raises:
        ValueError: If it is written in another way.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"`size` must be WIDTHxHEIGHT, for example 640x480, got {text!r}")
    return int(found[1]), int(found[2])


def command_times(seconds: float, seed: int) -> NDArray[np.int64]:
    """Return when commands are due, from the beginning of a measurement.

    The schedule is open loop: it does not wait for answers, so that a client that stalls is not
    asked less often while it does.

    Args:
        seconds: How long it lasts.
        seed: Of the jitter.

    Returns:
        Increasing nanoseconds.
    """
    count = max(int(seconds / COMMAND_INTERVAL_S), 1)
    late = np.random.default_rng(seed).uniform(0, JITTER, count)
    return ((np.arange(count) + late) * COMMAND_INTERVAL_S * 1e9).astype(np.int64)
