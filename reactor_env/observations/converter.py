"""The conversion of frames: one swscale call, and at most one copy of its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame, one_swscale_thread
from reactor_env.observations.observation import Observation, import_torch
from reactor_env.observations.staging import Staging, cuda_staging

Pixels = NDArray[np.uint8]

# With libswscale's SWS_FULL_CHR_H_INP, which older PyAV has no name for: all the colours of an RGB
# source count, not those of every other pixel.
_SCALED = int(Interpolation.AREA) | 0x4000
# What VideoFrame.rgb is made with: at the same size no pixel of what decoders give differs from it.
_UNSCALED = int(Interpolation.BILINEAR)

_RGB_OF_GBRP = (2, 0, 1)


class Converter:
    """Turns frames into observations, with one reused swscale context; for one thread at a time.

    The matrix and range of the colours are the frame's own; a frame that does not say, as WebRTC's
    do not, is BT.601 in the limited range. Frames of another size than the observation's are
    scaled by area averaging, so that no source pixel is skipped.

    Where swscale scales, it makes RGB in planes, which are packed afterwards if the channels come
    last: made packed, every two pixels of a row would share their colour, however small the
    picture (at 84x84 off by 18 of 255 on average), or it would take up to twice the time. Planes
    are also faster than packed RGB that is transposed. Lines that swscale padded cost a copy;
    otherwise the array is swscale's own result, and a torch tensor shares the array's memory. Every
    observation has memory of its own.

    Args:
        observation: What to make.
        model_size: (height, width) of the model's frames.
        stage: Makes what takes arrays of a shape to a CUDA device.
    """

    def __init__(
        self,
        observation: Observation,
        model_size: tuple[int, int],
        *,
        stage: Callable[[Sequence[int], Any], Staging] = cuda_staging,
    ) -> None:
        self._observation = observation
        self._stage = stage
        self._shape = observation.shape(model_size)
        self._height, self._width = observation.size or model_size
        self._planar = observation.channels_first and not observation.gray
        self._scaler = VideoReformatter()
        self._packer = VideoReformatter()
        self._source: tuple[av.VideoFrame, Pixels] | None = None
        self._staging: Staging | None = None

    def __call__(self, frame: VideoFrame) -> Any:
        """Return the observation of a frame, in memory of its own."""
        planes, own = self._planes(frame)
        if self._observation.tensor == "numpy":
            return self._array(planes, own)
        torch = import_torch()
        device = torch.device(self._observation.device)
        if device.type == "cuda":
            self._staging = self._staging or self._stage(self._shape, device)
            return self._staging(lambda out: self._write(planes, out))
        return torch.from_numpy(self._array(planes, own)).to(device)

    def _planes(self, frame: VideoFrame) -> tuple[Sequence[Pixels], bool]:
        """Return (H, W) planes or one packed (H, W, 3), and whether nobody else has them."""
        image = frame.image
        same_size = (frame.height, frame.width) == (self._height, self._width)
        if isinstance(image, np.ndarray):
            if same_size and not self._observation.gray:
                channels = [image[:, :, channel] for channel in range(3)]
                return channels if self._planar else [image], False
            image = self._aligned(image)
        made = self._convert(image, same_size)
        # With nothing to convert, swscale hands back the frame itself.
        own = made is not image
        if self._planar:
            return [_view(made.planes[index]) for index in _RGB_OF_GBRP], own
        return [_view(made.planes[0], 1 if self._observation.gray else 3)], own

    def _convert(self, image: av.VideoFrame, same_size: bool) -> av.VideoFrame:
        if self._observation.gray:
            pixel_format = "gray"
        else:
            pixel_format = "rgb24" if same_size and not self._planar else "gbrp"
        made = self._scaler.reformat(
            image,
            width=self._width,
            height=self._height,
            format=pixel_format,
            interpolation=_UNSCALED if same_size else _SCALED,
            **one_swscale_thread(),
        )
        if pixel_format == "gbrp" and not self._planar:
            return self._packer.reformat(made, format="rgb24", **one_swscale_thread())
        return made

    def _aligned(self, image: Pixels) -> av.VideoFrame:
        """Copy a picture into a frame whose lines are aligned as swscale needs them."""
        if self._source is None or self._source[1].shape != image.shape:
            source = av.VideoFrame(image.shape[1], image.shape[0], "rgb24")
            self._source = source, _view(source.planes[0], 3)
        source, pixels = self._source
        pixels[...] = image
        return source

    def _array(self, planes: Sequence[Pixels], own: bool) -> Pixels:
        if own and len(planes) == 1 and planes[0].flags.c_contiguous:
            return planes[0].reshape(self._shape)
        array = np.empty(self._shape, np.uint8)
        self._write(planes, array)
        return array

    def _write(self, planes: Sequence[Pixels], out: Pixels) -> None:
        if self._observation.channels_first:
            for row, plane in zip(out, planes, strict=True):
                row[...] = plane
        else:
            out[...] = planes[0].reshape(*planes[0].shape[:2], -1)


def _view(plane: VideoPlane, channels: int = 1) -> Pixels:
    """Return the pixels of a plane, without the padding of its lines, in its own memory."""
    size = (plane.height, plane.width)
    if channels == 1:
        return np.ndarray(size, np.uint8, buffer=plane, strides=(plane.line_size, 1))
    strides = (plane.line_size, channels, 1)
    return np.ndarray((*size, channels), np.uint8, buffer=plane, strides=strides)
