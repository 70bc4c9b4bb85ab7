"""Data-channel chunking: messages larger than one SCTP message, in frames.

Both sides opt in by the SDP attribute ``x-reactor-dc-chunking`` (:mod:`reactor_env.client.sdp`).
From then on every SCTP message on every channel is binary and starts with one header byte::

    bit 0     MORE: the message goes on in the next frame
    bit 1     TEXT: the message is text, UTF-8 encoded
    bits 2-7  version, 0

The frames of one message are contiguous on their channel. Source: ``platform.md`` B9.
Nothing here does I/O: :func:`encode` cuts a message, :class:`Reassembler` joins frames.
"""

from __future__ import annotations

from collections.abc import Iterator

from reactor_env.client.errors import ProtocolError

MORE = 0b01
TEXT = 0b10
_VERSION_MASK = 0b1111_1100

DEFAULT_FRAME_SIZE = 64 * 1024
"""Bytes of one frame, header included: what a plain channel takes when the peer names no limit."""


def encode(message: bytes | str, *, frame_size: int = DEFAULT_FRAME_SIZE) -> Iterator[bytes]:
    """Cut one message into frames.

    Args:
        message: The message, text or binary. An empty one gives a single empty frame.
        frame_size: The most bytes a frame may have, at least 2.

    Yields:
        The frames, in the order they must be sent.

    Raises:
        ValueError: If ``frame_size`` leaves no room for a payload.
    """
    if frame_size < 2:
        raise ValueError(f"`frame_size` must be at least 2 bytes, got {frame_size}")
    text = isinstance(message, str)
    body = memoryview(message.encode() if isinstance(message, str) else message)
    flags = TEXT if text else 0
    room = frame_size - 1
    for start in range(0, max(len(body), 1), room):
        part = body[start : start + room]
        more = MORE if start + room < len(body) else 0
        yield bytes([flags | more]) + part


class Reassembler:
    """Joins the frames of one channel back into messages.

    Args:
        max_message_size: The most bytes a message may have, as negotiated.
    """

    def __init__(self, max_message_size: int) -> None:
        self._limit = max_message_size
        self._joined = bytearray()
        self._text: bool | None = None
        self._dropping = False

    def feed(self, frame: bytes | str) -> bytes | str | None:
        """Take the next frame of the channel.

        Args:
            frame: One SCTP message of a chunked channel.

        Returns:
            The whole message when this frame ends one, otherwise ``None``. A message over
            the limit is dropped: its frames are read and nothing is returned.

        Raises:
            ProtocolError: If the frame is text or empty, has an unknown version, changes
                its kind within a message, or ends a text message that is not UTF-8. The
                channel cannot be trusted afterwards and should be closed.
        """
        if isinstance(frame, str):
            raise ProtocolError("expected a binary frame on a chunked channel, got a text one")
        if not frame:
            raise ProtocolError("expected a chunk header, got an empty frame")
        header = frame[0]
        if header & _VERSION_MASK:
            raise ProtocolError(f"expected chunking version 0, got header byte {header:#04x}")
        text = bool(header & TEXT)
        if self._text is not None and text != self._text:
            raise ProtocolError("the frames of one chunked message disagree on text or binary")
        self._text = text
        if self._dropping or len(self._joined) + len(frame) - 1 > self._limit:
            self._dropping = True
            self._joined.clear()
        else:
            self._joined += memoryview(frame)[1:]
        if header & MORE:
            return None
        message = None if self._dropping else bytes(self._joined)
        self._reset()
        if message is None or not text:
            return message
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(f"a chunked text message is not UTF-8: {error}") from error

    def _reset(self) -> None:
        self._joined = bytearray()
        self._text = None
        self._dropping = False
