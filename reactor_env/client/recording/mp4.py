"""MP4 files: checking the segments of a clip, and writing them as one ordinary file.

A fragmented file plays in browsers but not everywhere, and a clip from the middle of a session
starts at its time there. The written file has one index at its front and starts at zero; the
encoded pictures and samples in it are untouched.
"""

from __future__ import annotations

import os
import secrets
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import av

from reactor_env.client.recording.clip import RecordingError

_BOX = struct.Struct(">I4s")
_LARGE_SIZE = struct.Struct(">Q")


class WritingCancelledError(Exception):
    """Nobody waits for the file any more."""


def boxes(data: bytes) -> list[str]:
    """Return the types of the top-level boxes of a file or segment (ISO/IEC 14496-12, 4.2).

    Args:
        data: The whole segment.

    Raises:
        ValueError: If the boxes do not fill it exactly.
    """
    kinds: list[str] = []
    position = 0
    while position < len(data):
        if len(data) - position < _BOX.size:
            raise ValueError(f"expected a box at byte {position}, got the end")
        size, kind = _BOX.unpack_from(data, position)
        smallest = _BOX.size
        if size == 1 and len(data) - position >= _BOX.size + _LARGE_SIZE.size:
            (size,) = _LARGE_SIZE.unpack_from(data, position + _BOX.size)
            smallest += _LARGE_SIZE.size
        elif size == 0:  # to the end of the file
            size = len(data) - position
        if not smallest <= size <= len(data) - position:
            raise ValueError(f"a box of {size} bytes does not fit at byte {position}")
        kinds.append(kind.decode("latin-1"))
        position += size
    return kinds


def check_segment(data: bytes, *, header: bool) -> None:
    """Check that the bytes are a whole segment of fragmented MP4.

    Args:
        data: What was fetched.
        header: Whether it should be the header segment, else a media segment.

    Raises:
        ValueError: If they are not.
    """
    kinds = boxes(data)
    wanted = ("moov",) if header else ("moof", "mdat")
    missing = [kind for kind in wanted if kind not in kinds]
    if missing:
        raise ValueError(
            f"expected boxes {', '.join(wanted)}, got {', '.join(kinds)[:60] or 'none'}"
        )


def write_mp4(
    fragments: BinaryIO, path: Path | None, cancelled: threading.Event | None = None
) -> bytes:
    """Write the segments of a clip as one MP4 file. Blocks; not for an event loop.

    Args:
        fragments: The header segment and the media segments, one after the other, from its start.
        path: The file to write, or ``None``. It appears whole or not at all; one that is there
            already is replaced.
        cancelled: Set by another thread when nobody wants the file any more.

    Returns:
        The file's bytes.

    Raises:
        RecordingError: ``INTERNAL_ERROR`` if the segments cannot be read as MP4.
        WritingCancelledError: After ``cancelled``. No file is left.
        OSError: If the file cannot be written.
    """
    cancelled = cancelled if cancelled is not None else threading.Event()
    with _temporary(path) as temporary:
        try:
            _remux(fragments, temporary, cancelled)
        except av.FFmpegError as error:
            if isinstance(error, OSError):  # the file's fault: no space, no permission
                raise
            raise RecordingError(
                "INTERNAL_ERROR", f"the segments cannot be written as MP4: {error.strerror}"
            ) from error
        data = temporary.read_bytes()
        if cancelled.is_set():
            raise WritingCancelledError
        if path is not None:
            temporary.replace(path)
    return data


def _remux(fragments: BinaryIO, target: Path, cancelled: threading.Event) -> None:
    with (
        av.open(fragments, "r", format="mp4") as source,
        av.open(
            str(target),
            "w",
            format="mp4",
            options={"movflags": "faststart"},
        ) as file,
    ):
        if not source.streams.video:
            raise RecordingError("INTERNAL_ERROR", "the segments hold no video")
        media = [*source.streams.video, *source.streams.audio]
        streams = {stream.index: file.add_stream_from_template(stream) for stream in media}
        # The first picture is shown at zero. Sound from before it, such as an encoder's run-up,
        # has negative times, which the file's edit list skips.
        video = source.streams.video[0]
        begin = (video.start_time or 0) * (video.time_base or 0)
        for packet in source.demux(media):
            if cancelled.is_set():
                raise WritingCancelledError
            if packet.dts is None or packet.time_base is None:
                continue  # the last packet of each stream is empty and means its end
            shift = round(begin / packet.time_base)
            packet.dts -= shift
            packet.pts = packet.pts - shift if packet.pts is not None else None
            packet.stream = streams[packet.stream.index]
            file.mux(packet)


@contextmanager
def _temporary(path: Path | None) -> Iterator[Path]:
    """Yield a file to write: beside ``path``, so that it can be moved there in one step."""
    if path is None:
        with tempfile.TemporaryDirectory(prefix="reactor-env-") as folder:
            yield Path(folder) / "clip.mp4"
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Check that a file can be written at ``path``, before anything is downloaded for it.

    Raises:
        OSError: If it is a folder, or its folder is not there or cannot be written to.
    """
    if path.is_dir():
        raise IsADirectoryError(f"`path` must be a file, got the folder {path}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder of `path` does not exist: {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"the folder of `path` cannot be written to: {path.parent}")
