"""Writes pictures to an mp4 file while they are made, none of them held back in memory.

:class:`VideoFile` encodes where it is called; :class:`VideoWriter` on a thread of its own.
"""

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
from av.video.frame import PictureType
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


class VideoFile:
    """An mp4 file that is encoded picture by picture, each shown from its own time on.

    H.264 in yuv420p, which every player shows; MPEG-4 part 2 where PyAV has no libx264. The first
    picture decides the size: a later one of another size is scaled to it, as a model may change
    its resolution in mid-session. An odd side is padded by repeating its last row or column.

    Args:
        path: The file, made when the first picture comes; its folder must exist.
        time_base: The unit of times, in seconds.
        rate: Pictures per second as the file names them: exact, or a guess where times differ.
    """

    def __init__(self, path: Path, time_base: Fraction, rate: Fraction) -> None:
        self._path = path
        self._time_base = time_base
        self._rate = rate
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._encoding = False

    def add(self, picture: av.VideoFrame | NDArray[np.uint8], time: int) -> None:
        """Encode a picture.

        Args:
            picture: A decoded frame, which is not changed, or (H, W, 3) uint8 RGB.
            time: When it is shown, in units of ``time_base``; later than the one before.

        Raises:
            Exception: Whatever PyAV or the file system says.
        """
        if isinstance(picture, np.ndarray):
            frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
        elif picture.width % 2 or picture.height % 2:
            rgb = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
            frame = av.VideoFrame.from_ndarray(_even(rgb), format="rgb24")
        else:
            frame = picture
        if self._container is None:
            self._container = av.open(str(self._path), "w", format="mp4")
            self._stream = self._add_stream(self._container, frame.width, frame.height)
        assert self._stream is not None
        width, height = self._stream.width, self._stream.height
        if (frame.width, frame.height, frame.format.name) != (width, height, "yuv420p"):
            frame = frame.reformat(width, height, "yuv420p")
        elif frame is picture:  # its times are not this file's to set
            frame = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
        frame.pts = time
        frame.time_base = self._time_base
        frame.pict_type = PictureType.NONE  # a decoded one says what it was
        packets = self._stream.encode(frame)
        self._encoding = True
        self._container.mux(packets)

    def close(self) -> None:
        """Write what is left. A file without a picture was never made. Safe to call twice.

        Raises:
            Exception: Whatever PyAV or the file system says; the file is closed then, too.
        """
        container, self._container = self._container, None
        if container is None:
            return
        assert self._stream is not None
        try:
            if self._encoding:  # asking an encoder that did not open crashes the process
                container.mux(self._stream.encode(None))
        finally:
            container.close()

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
        stream.time_base = self._time_base
        stream.codec_context.time_base = self._time_base
        # More threads would take the processor from the session that is being filmed.
        stream.codec_context.thread_count = 1
        return stream


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
        file = VideoFile(self._partial, 1 / self._rate, self._rate)
        try:
            number = 0
            while (picture := self._queue.get()) is not None and not self._abandoned.is_set():
                file.add(picture, number)
                number += 1
            file.close()
        except BaseException as error:
            self._error = error
            with contextlib.suppress(Exception):
                file.close()


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
