"""A small environment that shows what it is told to, and readers of what was recorded of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.trailer import FrameTrailer

Picture = NDArray[np.uint8]


def gray(level: int, height: int = 48, width: int = 64) -> Picture:
    return np.full((height, width, 3), level, np.uint8)


def brighter(step: int) -> Picture:
    """Tell each of the first 25 steps by its level."""
    return gray(10 * step % 250)


class Slides(gym.Env[Any, Any]):
    """Shows ``picture(step)`` and says ``info(step)``."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        length: int = 5,
        picture: Callable[[int], Any] = brighter,
        info: Callable[[int], dict[str, Any]] = lambda _: {},
        render_mode: str | None = "rgb_array",
    ) -> None:
        self.render_mode = render_mode
        self.observation_space = gym.spaces.Discrete(100_000)
        self.action_space = gym.spaces.Discrete(5)
        self.count = 0
        self.closed = 0
        self._length = length
        self._picture = picture
        self._info = info

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.count = 0
        return 0, self._info(0)

    def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
        self.count += 1
        return self.count, float(action), self.count == self._length, False, self._info(self.count)

    def render(self) -> Any:
        return self._picture(self.count)

    def close(self) -> None:
        self.closed += 1


class Live(Slides):
    """Has decoded frames with times, as ReactorEnv has them."""

    generation = "streamed"

    def __init__(self, arrivals_ms: list[float], **kwargs: Any) -> None:
        super().__init__(len(arrivals_ms) - 1, **kwargs)
        self.frames = [
            VideoFrame(
                av.VideoFrame.from_ndarray(brighter(number), format="rgb24").reformat(
                    format="yuv420p"
                ),
                FrameTrailer(capture_time_us=1_000 * number + 7, frame_id=number, user_data=b""),
                int(1e9 + 1e6 * milliseconds),
                number,
            )
            for number, milliseconds in enumerate(arrivals_ms)
        ]

    @property
    def frame(self) -> VideoFrame:
        return self.frames[self.count]


def play(env: gym.Env[Any, Any], steps: int | None = None, seed: int | None = None) -> None:
    """Play an episode, or the first steps of one; the actions count up to 4."""
    env.reset(seed=seed)
    over, made = False, 0
    while not over and (steps is None or made < steps):
        _, _, terminated, truncated, _ = env.step(made % 5)
        over = terminated or truncated
        made += 1


def document(folder: Path, name: str = "episode-000000") -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return read


def rows(folder: Path, name: str = "episode-000000") -> list[dict[str, Any]]:
    lines = (folder / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def video(folder: Path, name: str = "episode-000000") -> tuple[list[float], list[float]]:
    """Return the times of the pictures in seconds, and their mean levels."""
    times, levels = [], []
    with av.open(str(folder / f"{name}.mp4")) as container:
        for frame in container.decode(video=0):
            assert frame.time is not None
            times.append(frame.time)
            levels.append(float(frame.to_ndarray(format="rgb24").mean()))
    return times, levels


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
