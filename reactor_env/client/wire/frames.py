"""Raw media of stepped sessions: arrays to frame messages and back.

Samples are row-major and little-endian: video is (height, width, 3) uint8 RGB, audio is
(channels, samples) int16. Source: ``platform.md`` B9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import MediaInput, StepFrame

_DTYPES = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        *("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
        *("float16", "float32", "float64"),
    )
}


def encode_media(media: Mapping[str, MediaInput]) -> list[pb.TrackFrames]:
    """Encode the input of one step.

    Args:
        media: Input track name to its frames.

    Returns:
        One message per track.

    Raises:
        ValueError: If a rate is not positive, or a frame is neither video nor audio, or of
            another kind than the frames before it.
    """
    return [_track(name, track) for name, track in media.items()]


def _track(name: str, track: MediaInput) -> pb.TrackFrames:
    if not (math.isfinite(track.rate) and track.rate > 0):
        raise ValueError(f"the `rate` of input track {name!r} must be positive, got {track.rate!r}")
    kinds = [_kind(name, index, frame) for index, frame in enumerate(track.frames)]
    if len(set(kinds)) > 1:
        raise ValueError(f"input track {name!r} must be video or audio, got frames of both")
    return pb.TrackFrames(
        track=name,
        kind=kinds[0] if kinds else pb.TRACK_KIND_UNSPECIFIED,
        rate=track.rate,
        frames=[
            pb.Frame(
                encoding=pb.FRAME_ENCODING_RAW,
                dtype=frame.dtype.name,
                shape=frame.shape,
                data=frame.astype(_DTYPES[frame.dtype.name], copy=False).tobytes(),
            )
            for frame in track.frames
        ],
    )


def _kind(name: str, index: int, frame: NDArray[Any]) -> pb.TrackKind:
    if isinstance(frame, np.ndarray) and frame.size:
        if frame.dtype.name == "uint8" and frame.ndim == 3 and frame.shape[2] == 3:
            return pb.TRACK_KIND_VIDEO
        if frame.dtype.name == "int16" and frame.ndim == 2:
            return pb.TRACK_KIND_AUDIO
    got = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else type(frame).__name__
    raise ValueError(
        f"frame {index} of input track {name!r} must be (height, width, 3) uint8 video or "
        f"(channels, samples) int16 audio, got {got}"
    )


def decode_tracks(tracks: Sequence[pb.TrackFrames]) -> dict[str, tuple[StepFrame, ...]]:
    """Read the output of one step.

    Args:
        tracks: One message per track.

    Returns:
        Track name to frames, in order. The arrays are read-only views of the message.

    Raises:
        ValueError: If a track comes twice, or a frame is not raw or contradicts itself.
    """
    read: dict[str, tuple[StepFrame, ...]] = {}
    for track in tracks:
        if track.track in read:
            raise ValueError(f"expected each output track once, got {track.track!r} again")
        read[track.track] = tuple(_frame(frame, track.kind) for frame in track.frames)
    return read


def _frame(frame: pb.Frame, kind: pb.TrackKind) -> StepFrame:
    if frame.encoding not in (pb.FRAME_ENCODING_RAW, pb.FRAME_ENCODING_UNSPECIFIED):
        raise ValueError(f"expected raw step frames, got encoding {frame.encoding}")
    array = array_from_bytes(frame.data, frame.dtype or "uint8", frame.shape)
    if kind == pb.TRACK_KIND_VIDEO and not (
        array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3 and array.size
    ):
        raise ValueError(
            f"expected (height, width, 3) uint8 video, got {array.dtype} {array.shape}"
        )
    return StepFrame(
        array=array,
        user_data=frame.metadata,
        capture_time_us=frame.capture_time_us if frame.HasField("capture_time_us") else None,
    )


def array_from_bytes(data: bytes, dtype: str, shape: Sequence[int]) -> NDArray[Any]:
    """View raw bytes as a read-only array without copying them.

    Args:
        data: Row-major, little-endian samples.
        dtype: The NumPy name of a plain number type, for example ``uint8``.
        shape: The array's shape.

    Raises:
        ValueError: If the dtype is not a plain number or the size does not fit the shape.
    """
    kind = _DTYPES.get(dtype)
    if kind is None:
        raise ValueError(f"`dtype` must be a plain number type, got {dtype!r:.40}")
    expected = math.prod(shape) * kind.itemsize
    if expected != len(data):
        raise ValueError(f"{dtype} {tuple(shape)!s:.80} needs {expected} bytes, got {len(data)}")
    return np.frombuffer(data, dtype=kind).reshape(tuple(shape))
