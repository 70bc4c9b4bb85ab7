"""What is streamed in a benchmark, and when commands are sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.network.conditions import Network
from reactor_env.world_options import Content, ProbeOptions

Codec = Literal["any", "VP8", "VP9", "H264"]

CODECS_VARIABLE = "WEBRTC_VIDEO_CODECS"
"""The environment variable that tells the runtime which codecs it may use."""

CLEAN = Network()
"""Loopback as it is."""

MAX_PAUSE_MS = 10_000.0

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
        codec: The only video codec that the runtime may use; ``"any"`` leaves it to runtime and
            client, which is VP9 for those that have it. aiortc has VP8 and H264.
        network: What is between runtime and client.
        pause_ms: How long the reader takes for each frame.

    Raises:
        ValueError: If a value does not fit.
    """

    width: int = 640
    height: int = 480
    fps: float = 30.0
    content: Content = "natural"
    metadata: bool = False
    codec: Codec = "any"
    network: Network = CLEAN
    pause_ms: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        if not 1 <= self.fps <= 240:
            raise ValueError(f"`fps` must be 1 to 240, got {self.fps}")
        if self.codec not in get_args(Codec):
            raise ValueError(f"`codec` must be one of {get_args(Codec)}, got {self.codec!r}")
        if not 0 <= self.pause_ms <= MAX_PAUSE_MS:
            raise ValueError(f"`pause` must be 0 to {MAX_PAUSE_MS:g} ms, got {self.pause_ms}")
        ProbeOptions(**self.world_kwargs)

    @property
    def world_kwargs(self) -> dict[str, Any]:
        """The options of the world ``probe``."""
        names = ("width", "height", "content", "metadata")
        return {name: getattr(self, name) for name in names}

    @property
    def environment(self) -> dict[str, str]:
        """What the runtime's environment has for it."""
        return {} if self.codec == "any" else {CODECS_VARIABLE: self.codec}

    @property
    def name(self) -> str:
        """What it is called in files and tables, for example ``640x480@30``."""
        extra = "" if self.content == "natural" else f"-{self.content}"
        extra += "-metadata" if self.metadata else ""
        extra += "" if self.codec == "any" else f"-{self.codec}"
        extra += f"-{self.network.name}" if self.network.impaired else ""
        extra += f"-pause{self.pause_ms:g}" if self.pause_ms else ""
        return f"{self.width}x{self.height}@{self.fps:g}{extra}"

    def as_dict(self) -> dict[str, Any]:
        """Return the values, for JSON."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Scenario:
        """Read what :meth:`as_dict` returned."""
        network = Network(**document.get("network", {}))
        return cls(**{**document, "network": network})


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
