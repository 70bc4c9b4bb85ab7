"""A stamp in a frame's pixels: which frame it is, when it was made, and what it answers. Pure.

A stamp is a band of dark and light blocks at the top of the picture, in luma alone, so that any
client that shows a picture can be measured: no metadata, no colour and no exact size is needed.
The band's measures are fractions of the picture's, since encoders may scale a picture down.

The 96 bits, most significant first: the frame's number (24), the sender's clock in microseconds
(32), the number of the last action (16), all modulo, and the low 24 bits of the CRC-32 of these
nine bytes. A checksum and not a repetition, because after a lost reference a picture is a mixture
of several frames: the complement of every bit in a second row accepted wrong numbers then
(``webrtc.md`` G). No Gray code for the same reason: where one bit is wrong the stamp is not used.

To read one: take the mean luma of nine points within each block, call it 1 above 128, and compare
the checksum. A picture of 256x128 pixels or more has three rows of 32 blocks, each a thirtieth of
the height; a smaller one six rows of 16 blocks, each a sixteenth. A reader that does not know how
large the picture was when it was made tries both. ``stamp.js`` beside this file is for browsers.
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMBER_BITS, CLOCK_BITS, ACTION_BITS = 24, 32, 16
"""How many bits of each value a picture carries."""

MIN_SIZE = 64
"""The least width and height, in pixels, of a picture with a stamp."""

_CHECK_BYTES = 3
_PAYLOAD_BYTES = (NUMBER_BITS + CLOCK_BITS + ACTION_BITS) // 8

_DARK, _LIGHT, _THRESHOLD = 24, 232, 128
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_POINTS = np.array([0.3, 0.5, 0.7])

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a picture says about itself. Every value is modulo: see :func:`unwrap`.

    Attributes:
        number: Counts the frames of a session; 24 bits.
        clock_us: The sender's monotonic clock when it made the frame, in microseconds; 32 bits.
        action: The number of the last action that the frame was made with; 16 bits, and
            therefore 65535 for -1, no action.
    """

    number: int
    clock_us: int
    action: int

    @classmethod
    def of(cls, number: int, clock_us: int, action: int) -> Stamp:
        """Make a stamp of values of any size."""
        return cls(number % 2**NUMBER_BITS, clock_us % 2**CLOCK_BITS, action % 2**ACTION_BITS)


@dataclass(frozen=True, slots=True)
class Band:
    """Where the blocks are.

    Attributes:
        columns: Blocks in a row, across the whole width.
        rows: Rows of them.
        of_height: How many such rows would fill the picture.
    """

    columns: int
    rows: int
    of_height: int


_WIDE, _SMALL = Band(32, 3, 30), Band(16, 6, 16)


def band(width: int, height: int) -> Band:
    """Return where the stamp is in a picture that is made with this size, in pixels."""
    return _WIDE if width >= 256 and height >= 128 else _SMALL


def band_height(width: int, height: int) -> int:
    """Return how many pixel rows at the top the stamp takes."""
    found = band(width, height)
    return found.rows * height // found.of_height


def draw_stamp(picture: Pixels, stamp: Stamp) -> None:
    """Draw a stamp over the top of a picture.

    Args:
        picture: (H, W, 3) RGB or (H, W) luma, at least :data:`MIN_SIZE` each way; changed.
        stamp: What it shall say.

    Raises:
        ValueError: If the picture is too small.
    """
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIZE:
        raise ValueError(
            f"a stamped picture must have at least {MIN_SIZE}x{MIN_SIZE} pixels, got "
            f"{width}x{height}"
        )
    where = band(width, height)
    levels = np.where(_bits(stamp), np.uint8(_LIGHT), np.uint8(_DARK))
    across = np.arange(width) * where.columns // width
    for row, line in enumerate(levels.reshape(where.rows, where.columns)[:, across]):
        top, bottom = (edge * height // where.of_height for edge in (row, row + 1))
        # Whole rows are copied; spreading one value over three channels as it goes is slower.
        picture[top:bottom] = line if picture.ndim == 2 else line.repeat(3).reshape(-1, 3)


def read_stamp(picture: NDArray[Any]) -> Stamp | None:
    """Read the stamp of a picture, which may have been scaled since it was made.

    Args:
        picture: (H, W, 3) RGB, or (H, W) luma of full or video range, 0 to 255.

    Returns:
        What it says; ``None`` where there is none or it is damaged.
    """
    height, width = picture.shape[:2]
    likely = band(width, height)
    for where in (likely, _SMALL if likely is _WIDE else _WIDE):
        found = read_points(_points(picture, where))
        if found is not None:
            return found
    return None


def stamp_points(picture: NDArray[Any]) -> NDArray[Any]:
    """Copy the pixels that a stamp is read from, for whoever has no time to read it now.

    Args:
        picture: As for :func:`read_stamp`, of the size it was made with.

    Returns:
        What :func:`read_points` takes; 864 or 864 times 3 values.
    """
    height, width = picture.shape[:2]
    return _points(picture, band(width, height))


def read_points(points: NDArray[Any]) -> Stamp | None:
    """Read the stamp of which :func:`stamp_points` kept the pixels.

    Returns:
        What it says; ``None`` where there is none or it is damaged.
    """
    values = points.astype(np.float32)
    luma = values @ _LUMA if values.ndim == 3 else values
    rows, columns = (side // _POINTS.size for side in luma.shape)
    blocks = luma.reshape(rows, _POINTS.size, columns, _POINTS.size)
    return _parse(blocks.mean(axis=(1, 3)) > _THRESHOLD)


def _points(picture: NDArray[Any], where: Band) -> NDArray[Any]:
    height, width = picture.shape[:2]
    rows, columns = _samples(where, width, height)
    found: NDArray[Any] = picture[rows, columns]
    return found


def unwrap(value: int, bits: int, near: int) -> int:
    """Return the whole number of which a stamp tells the low bits.

    Args:
        value: What the stamp says.
        bits: How many bits that are, for example :data:`CLOCK_BITS`.
        near: A number that the wanted one is nearest to: within half of ``2**bits``.
    """
    half = 1 << bits - 1
    return near + (value - near + half) % (2 * half) - half


def _bits(stamp: Stamp) -> NDArray[np.uint8]:
    packed = stamp.number
    for value, bits in ((stamp.clock_us, CLOCK_BITS), (stamp.action, ACTION_BITS)):
        packed = packed << bits | value
    payload = packed.to_bytes(_PAYLOAD_BYTES, "big")
    return np.unpackbits(np.frombuffer(payload + _check(payload), np.uint8))


def _parse(bits: NDArray[np.bool_]) -> Stamp | None:
    data = np.packbits(bits).tobytes()
    payload, check = data[:_PAYLOAD_BYTES], data[_PAYLOAD_BYTES:]
    if check != _check(payload):
        return None
    packed = int.from_bytes(payload, "big")
    return Stamp.of(packed >> CLOCK_BITS + ACTION_BITS, packed >> ACTION_BITS, packed)


def _check(payload: bytes) -> bytes:
    return zlib.crc32(payload).to_bytes(4, "big")[-_CHECK_BYTES:]


@functools.lru_cache(maxsize=16)
def _samples(where: Band, width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pixel rows, as a column vector, and the pixel columns of the points that count."""
    rows = (np.arange(where.rows)[:, None] + _POINTS) * height / where.of_height
    columns = (np.arange(where.columns)[:, None] + _POINTS) * width / where.columns
    return rows.astype(np.intp).reshape(-1, 1), columns.astype(np.intp).ravel()
