"""Video that is fed to a model's input track: a file, played again and again, or a picture."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from aiortc import MediaStreamTrack, VideoStreamTrack
from aiortc.contrib.media import MediaPlayer
from numpy.typing import NDArray

type InputVideo = str | Path | NDArray[np.uint8]
"""A video file, or a (H, W, 3) uint8 RGB picture."""


class StillTrack(VideoStreamTrack):
    """A picture, 30 times a second.

    Args:
        picture: (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If it is something else.
    """

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        super().__init__()
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"a picture must be (H, W, 3) uint8 RGB, got {picture.dtype} {picture.shape}"
            )
        self._picture = np.ascontiguousarray(picture)

    async def recv(self) -> av.VideoFrame:
        """Return the picture when its time has come."""
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


def input_track(video: InputVideo) -> MediaStreamTrack:
    """Return a track to publish.

    Args:
        video: What it shows.

    Raises:
        ValueError: If the picture is none, or the file has no video.
        OSError: If the file cannot be read.
    """
    if isinstance(video, np.ndarray):
        return StillTrack(video)
    if not Path(video).is_file():
        raise FileNotFoundError(f"an input video must be a file, got {str(video)!r}")
    try:
        track = MediaPlayer(str(video), loop=True).video
    except av.FFmpegError as error:
        raise ValueError(
            f"an input video must be a video file, got {str(video)!r}: {error}"
        ) from error
    if track is None:
        raise ValueError(f"an input video must have a video stream, {str(video)!r} has none")
    return track
