"""Writes pictures to an mp4 file while they are made, none of them held back in memory."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

_QUEUED = 16
_POLL_S = 0.1
_MAX_FPS_DENOMINATOR = 1001

_ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", {"preset": "veryfast", "crf": "20"}),
    ("mpeg4", {"qscale": "3"}),
)
"""In order of preference, with their options."""


class VideoError(RuntimeError):
    """The encoder failed; its own exception is the cause."""


class VideoWriter:
    """An mp4 file that is encoded on a thread of its own while frames come in.

    Nothing appears under the file's own name before :meth:`close`: until then the video is in a
    hidden file beside it, which is renamed at the end. A writer that got no frame leaves no file.

    H.264 in yuv420p, which every player shows; MPEG-4 part 2 where PyAV has no libx264.

    Args:
        path: The file; its folder must exist. A file of that name is replaced at the end.
        fps: Pictures per second when played.

    Raises:
        ValueError: If ``fps`` is not positive.

    Example:
        >>> with VideoWriter("run.mp4", fps=30) as video:
        ...     video.write(env.render())
    """

    def __init__(self, path: str | Path, fps: float) -> None:
        if not 0 < fps < float("inf"):
            raise ValueError(f"`fps` must be a positive number, got {fps!r}")
        self.path = Path(path)
        self._rate = Fraction(fps).limit_denominator(_MAX_FPS_DENOMINATOR)
        if self._rate <= 0:
            raise ValueError(f"`fps` must be at least 1/{_MAX_FPS_DENOMINATOR}, got {fps!r}")
        self._partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        self._size: tuple[int, int] | None = None
        self._queue: queue.Queue[av.VideoFrame | None] = queue.Queue(_QUEUED)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._abandoned = threading.Event()
        self._closed = False

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        """Finish the video, or throw it away when an exception came."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, frame_rgb: NDArray[np.uint8]) -> None:
        """Append a picture. Waits while the encoder is behind: none is ever dropped.

        Args:
            frame_rgb: (H, W, 3) uint8 RGB, every one of the same size; copied. An odd side is
                padded by repeating its last row or column.

        Raises:
            ValueError: If it is no such picture, or of another size than the first.
            VideoError: If the encoder failed.
            RuntimeError: If the writer is closed.
        """
        if self._closed:
            raise RuntimeError(f"cannot write to {self.path}: the video is closed")
        picture = _even(_checked(frame_rgb))
        if self._size is None:
            self._size = picture.shape[:2]
        elif picture.shape[:2] != self._size:
            raise ValueError(
                f"`frame_rgb` must be of the first frame's size (padded: {self._size}), "
                f"got {picture.shape[:2]}"
            )
        if self._thread is None:
            self._thread = threading.Thread(target=self._encode, name="video-writer", daemon=True)
            self._thread.start()
        self._put(av.VideoFrame.from_ndarray(picture, format="rgb24"))

    def close(self) -> None:
        """Encode what is left and give the file its name. Safe to call twice.

        Raises:
            VideoError: If the encoder failed; no file is left then.
        """
        if self._closed:
            return
        self._closed = True
        if self._thread is None:
            return
        try:
            self._put(None)
            self._thread.join()
            self._raise_error()
            self._partial.replace(self.path)
        except BaseException:
            self._abandon()
            raise

    def discard(self) -> None:
        """Stop and leave no file behind, unless the video was closed. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._abandon()

    def _put(self, item: av.VideoFrame | None) -> None:
        while True:
            self._raise_error()
            try:
                self._queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return

    def _raise_error(self) -> None:
        if self._error is not None:
            raise VideoError(
                f"the video {self.path} cannot be written: {self._error}"
            ) from self._error

    def _abandon(self) -> None:
        self._abandoned.set()
        if self._thread is not None:
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(None)
            self._thread.join()
        self._partial.unlink(missing_ok=True)

    def _encode(self) -> None:
        try:
            with av.open(str(self._partial), "w", format="mp4") as container:
                stream: VideoStream | None = None
                number = 0
                while (frame := self._queue.get()) is not None and not self._abandoned.is_set():
                    if stream is None:
                        stream = self._add_stream(container, frame.width, frame.height)
                    frame.pts = number
                    frame.time_base = 1 / self._rate
                    number += 1
                    container.mux(stream.encode(frame))
                if stream is not None:
                    container.mux(stream.encode(None))
        except BaseException as error:
            self._error = error

    def _add_stream(self, container: OutputContainer, width: int, height: int) -> VideoStream:
        usable = [entry for entry in _ENCODERS if entry[0] in av.codecs_available]
        if not usable:
            names = " or ".join(name for name, _ in _ENCODERS)
            raise RuntimeError(f"this PyAV has no encoder {names}")
        name, options = usable[0]
        stream = container.add_stream(name, rate=self._rate, options=options)
        assert isinstance(stream, VideoStream)
        stream.width = width
        stream.height = height
        stream.pix_fmt = "yuv420p"
        stream.time_base = 1 / self._rate
        # More threads would take the processor from the session that is being filmed.
        stream.codec_context.thread_count = 1
        return stream


def _checked(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if (
        isinstance(frame, np.ndarray)
        and frame.dtype == np.uint8
        and frame.ndim == 3
        and frame.shape[2] == 3
        and frame.size
    ):
        return frame
    got: str = type(frame).__name__
    if isinstance(frame, np.ndarray):
        got = f"an array of dtype {frame.dtype}, shape {frame.shape}"
    raise ValueError(f"`frame_rgb` must be a uint8 RGB picture (H, W, 3), got {got}")


def _even(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width, _ = frame.shape
    if height % 2 or width % 2:
        frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(frame)
