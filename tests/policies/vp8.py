"""Pictures as they look after a video call."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray


class Vp8:
    """Encodes and decodes with the settings of a live stream."""

    def __init__(self, height: int, width: int, bit_rate: int = 500_000) -> None:
        encoder = av.CodecContext.create("libvpx", "w")
        encoder.width, encoder.height = width, height
        encoder.pix_fmt = "yuv420p"
        encoder.bit_rate = bit_rate
        encoder.framerate = Fraction(50)
        encoder.time_base = Fraction(1, 50)
        encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
        self._encoder = encoder
        self._decoder = av.CodecContext.create("vp8", "r")
        self._count = 0

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = self._count
        self._count += 1
        decoded = [
            seen for packet in self._encoder.encode(frame) for seen in self._decoder.decode(packet)
        ]
        return np.asarray(decoded[-1].to_ndarray(format="rgb24"), dtype=np.uint8)
