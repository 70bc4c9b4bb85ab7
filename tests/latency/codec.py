"""A lossy codec between a picture and its reader, for tests; and a lossy network within it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

Codec = Literal["vp8", "vp9"]

_ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def through(
    codec: Codec,
    pictures: Iterable[NDArray[np.uint8]],
    kbps: float,
    *,
    fps: int = 30,
    lost: Callable[[int], bool] = lambda _: False,
) -> Iterator[tuple[int, av.VideoFrame]]:
    """Encode as a live sender does and decode again.

    Args:
        codec: Which.
        pictures: (H, W, 3) uint8 RGB, of one size.
        kbps: The encoder's target; its coarsest quantizer is the codec's own limit.
        fps: What it spreads the target over.
        lost: Tells by a frame's index whether it never reaches the decoder, which goes on without
            it: what refers to it is then decoded from the wrong picture.

    Yields:
        The index of each picture that comes out, and the decoded frame.
    """
    encoder: VideoCodecContext | None = None
    decoder = av.CodecContext.create(_DECODERS[codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    for index, picture in enumerate(pictures):
        if encoder is None:
            encoder = _encoder(codec, picture.shape[1], picture.shape[0], kbps, fps)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = index
        for packet in encoder.encode(frame):
            if lost(index):
                continue
            try:
                pictures_out = decoder.decode(packet)
            except av.error.InvalidDataError:
                continue  # without what was lost this one cannot even be parsed
            for decoded in pictures_out:
                yield index, decoded


def luma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Return a view of the luma plane of a decoded frame."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    found: NDArray[np.uint8] = rows[: frame.height, : frame.width]
    return found


def _encoder(codec: Codec, width: int, height: int, kbps: float, fps: int) -> VideoCodecContext:
    encoder = av.CodecContext.create(_ENCODERS[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate = fps
    encoder.time_base = 1 / encoder.framerate
    encoder.bit_rate = int(1000 * kbps)
    encoder.gop_size = 3000
    encoder.thread_count = 1
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8" if codec == "vp9" else "-8",
        "lag-in-frames": "0",
        "auto-alt-ref": "0",
        "error-resilient": "1",
        "minrate": f"{int(kbps)}k",
        "maxrate": f"{int(kbps)}k",
        "bufsize": f"{int(kbps)}k",
        "qmax": "63",
    }
    return encoder
