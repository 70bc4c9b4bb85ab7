"""The per-frame metadata trailer that follows each encoded video frame.

When both sides declare ``a=x-reactor-frame-metadata:1``, the sender appends to every
encoded frame, before it is cut into RTP packets::

    [encoded frame] [protobuf FrameTrailer] [length of the protobuf, u32 LE] ["RXMT"]

A decoder that is handed the tail as picture data fails, so it has to be cut off first.
Source: ``platform.md`` B10.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from reactor_env.client.wire import reactor_v1_pb2 as pb

MAGIC = b"RXMT"
_LENGTH = struct.Struct("<I")
_SUFFIX = _LENGTH.size + len(MAGIC)


@dataclass(frozen=True, slots=True)
class FrameTrailer:
    """What the sender said about one frame.

    Attributes:
        frame_id: Counts the frames the sender handed to its encoder on this track.
        capture_time_us: The sender's clock at that moment, in microseconds.
        user_data: The model's own bytes, usually a JSON object; empty when it sent none.
    """

    frame_id: int
    capture_time_us: int
    user_data: bytes


def split_trailer(data: bytes) -> tuple[bytes, FrameTrailer | None]:
    """Cut the trailer off one encoded frame.

    Args:
        data: A whole encoded frame as it came off the wire.

    Returns:
        The frame's own bytes and its trailer. A frame without a trailer, or with one whose
        length or contents make no sense, comes back unchanged with ``None``: those last
        bytes may just as well be picture data.
    """
    if len(data) < _SUFFIX or not data.endswith(MAGIC):
        return data, None
    (length,) = _LENGTH.unpack_from(data, len(data) - _SUFFIX)
    start = len(data) - _SUFFIX - length
    if start < 0:
        return data, None
    message = pb.FrameTrailer()
    try:
        message.ParseFromString(data[start : len(data) - _SUFFIX])
    except DecodeError:
        return data, None
    trailer = FrameTrailer(message.frame_id, message.capture_time_us, message.user_data)
    return data[:start], trailer


def append_trailer(data: bytes, trailer: FrameTrailer) -> bytes:
    """Append a trailer to an encoded frame; the inverse of :func:`split_trailer`.

    Args:
        data: The encoded frame.
        trailer: What to say about it. ``frame_id`` and ``capture_time_us`` are unsigned
            64-bit integers.

    Returns:
        The bytes a sender would cut into packets.
    """
    body = pb.FrameTrailer(
        frame_id=trailer.frame_id,
        capture_time_us=trailer.capture_time_us,
        user_data=trailer.user_data,
    ).SerializeToString()
    return data + body + _LENGTH.pack(len(body)) + MAGIC
