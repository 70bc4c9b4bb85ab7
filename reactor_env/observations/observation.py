"""How a frame becomes an observation, and the space of those observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import gymnasium as gym
import numpy as np

from reactor_env.errors import MissingDependencyError


@dataclass(frozen=True)
class Observation:
    """How a frame becomes an observation.

    Attributes:
        size: (height, width) in pixels; ``None`` keeps the model's own. The space is fixed by the
            first real frame then, and later frames of another size are scaled to it.
        gray: One luma channel, 0 to 255, instead of three RGB ones.
        channels_first: (C, H, W) instead of (H, W, C). It is the cheaper of the two.
        tensor: ``"numpy"``, or ``"torch"`` for a ``torch.Tensor`` of the same shape and values.
            Gymnasium's own checkers expect NumPy.
        device: Where a torch tensor goes.
    """

    size: tuple[int, int] | None = None
    gray: bool = False
    channels_first: bool = False
    tensor: Literal["numpy", "torch"] = "numpy"
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: If ``size`` is not two positive integers, ``tensor`` is unknown, or there
                is a ``device`` for arrays.
            MissingDependencyError: If torch is asked for and not installed.
        """
        if self.size is not None and (
            len(self.size) != 2 or not all(isinstance(n, int) and n > 0 for n in self.size)
        ):
            raise ValueError(
                f"`size` must be (height, width), two positive integers, got {self.size!r}"
            )
        if self.size is not None:
            object.__setattr__(self, "size", tuple(self.size))  # JSON has lists
        if self.tensor not in ("numpy", "torch"):
            raise ValueError(f'`tensor` must be "numpy" or "torch", got {self.tensor!r}')
        if self.tensor == "torch":
            import_torch()
        elif self.device != "cpu":
            raise ValueError(f'`device` goes with `tensor="torch"`, got {self.device!r} for arrays')

    def space(self, model_size: tuple[int, int]) -> gym.spaces.Box:
        """Return the space of uint8 observations, 0 to 255.

        Args:
            model_size: (height, width) of the model's frames, used when ``size`` is ``None``.
        """
        return gym.spaces.Box(0, 255, self.shape(model_size), np.uint8)

    def shape(self, model_size: tuple[int, int]) -> tuple[int, int, int]:
        """Return (H, W, C), or (C, H, W) where channels come first.

        Args:
            model_size: As for :meth:`space`.
        """
        height, width = self.size or model_size
        channels = 1 if self.gray else 3
        return (channels, height, width) if self.channels_first else (height, width, channels)


def import_torch() -> Any:
    """Return the module ``torch``.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            'Observation(tensor="torch") needs torch: pip install "reactor-env[torch]"'
        ) from error
    return torch
