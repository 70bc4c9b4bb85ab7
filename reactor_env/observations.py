"""From a frame to an observation: one conversion, at the observation's own size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import av
import gymnasium as gym
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame
from reactor_env.errors import MissingDependencyError


@dataclass(frozen=True)
class Observation:
    """How a frame becomes an observation.

    Attributes:
        size: (height, width) in pixels; ``None`` keeps the model's own.
        gray: One luma channel instead of three RGB ones.
        channels_first: (C, H, W) instead of (H, W, C).
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
            ValueError: If ``size`` is not two positive integers, or ``tensor`` is unknown.
            MissingDependencyError: If torch is asked for and not installed.
        """
        if self.size is not None and (
            len(self.size) != 2 or not all(isinstance(n, int) and n > 0 for n in self.size)
        ):
            raise ValueError(
                f"`size` must be (height, width), two positive integers, got {self.size!r}"
            )
        if self.tensor not in ("numpy", "torch"):
            raise ValueError(f'`tensor` must be "numpy" or "torch", got {self.tensor!r}')
        if self.tensor == "torch":
            _torch()

    def space(self, model_size: tuple[int, int]) -> gym.spaces.Box:
        """Return the space of uint8 observations, 0 to 255.

        Args:
            model_size: (height, width) of the model's frames, used when ``size`` is ``None``.
        """
        height, width = self.size or model_size
        channels = 1 if self.gray else 3
        shape = (channels, height, width) if self.channels_first else (height, width, channels)
        return gym.spaces.Box(0, 255, shape, np.uint8)


class Converter:
    """Turns frames into observations, with one reused swscale context.

    Frames of another size than the observation's are scaled by area averaging, so that no
    source pixel is skipped.

    Args:
        observation: What to make.
        model_size: (height, width) of the model's frames.
    """

    def __init__(self, observation: Observation, model_size: tuple[int, int]) -> None:
        self._observation = observation
        self._height, self._width = observation.size or model_size
        self._format = "gray" if observation.gray else "rgb24"
        self._scaler = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Any:
        """Return the observation of a frame, in memory of its own."""
        array = self._array(frame)
        if self._observation.gray:
            array = array[:, :, None] if array.ndim == 2 else array
        if self._observation.channels_first:
            array = np.ascontiguousarray(array.transpose(2, 0, 1))
        if self._observation.tensor == "numpy":
            return array
        return _torch().from_numpy(array).to(self._observation.device)

    def _array(self, frame: VideoFrame) -> NDArray[np.uint8]:
        image = frame.image
        same_size = (frame.height, frame.width) == (self._height, self._width)
        if isinstance(image, np.ndarray):
            if same_size and self._format == "rgb24":
                return image.copy()
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        scaled = self._scaler.reformat(
            image,
            width=self._width,
            height=self._height,
            format=self._format,
            interpolation=Interpolation.BILINEAR if same_size else Interpolation.AREA,
        )
        array = np.asarray(scaled.to_ndarray(), dtype=np.uint8)
        # With nothing to convert, swscale hands back the frame itself.
        return array.copy() if scaled is image else array


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            'Observation(tensor="torch") needs torch: pip install "reactor-env[torch]"'
        ) from error
    return torch
