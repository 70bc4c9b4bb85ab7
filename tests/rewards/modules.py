"""Torch modules whose numbers are known, and the steps that they are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from reactor_env.client.video import VideoFrame
from reactor_env.rewards import Moment


class Sum(torch.nn.Module):
    """Adds up each picture, exactly; remembers the batches it was given."""

    def __init__(self, column: bool = False) -> None:
        super().__init__()
        self.column = column
        self.batches: list[torch.Tensor] = []

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        self.batches.append(pictures)
        return pictures.double().sum(dim=(1, 2, 3) if not self.column else (2, 3))


class Net(torch.nn.Module):
    """A small network with a dropout, which must not drop."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.drop = torch.nn.Dropout(0.5)
        self.head = torch.nn.LazyLinear(1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.head(self.drop(torch.relu(self.conv(pictures)).flatten(1)))
        return out

    def compute_reward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Answer as LeRobot's reward models do: a dictionary in, (N,) out."""
        return self.forward(batch["observation.image"]).squeeze(-1)


class Returns(torch.nn.Module):
    """Returns whatever it is told to."""

    def __init__(self, made: Any) -> None:
        super().__init__()
        self.made = made

    def forward(self, pictures: torch.Tensor) -> Any:
        return self.made


def moment(
    observation: Any = None,
    *,
    frame: VideoFrame | None = None,
    repeated: bool = False,
    world: float = 0.0,
) -> Moment:
    return Moment(observation, 0, {"metadata": {}, "messages": []}, world, repeated, frame)


def picture(seed: int, *shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, shape or (6, 8, 3), np.uint8)


def shown(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> VideoFrame:
    """A frame as a stepped session gives it."""
    return VideoFrame(pixels, None, 0, 1)
