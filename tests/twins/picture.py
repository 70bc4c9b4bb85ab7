"""What a twin's frames show, and how to read it back. Pure functions, no I/O.

A picture is a grid of 16 x 12 cells. The upper ten rows are bits, dark or light in luma only, so
that they survive a lossy codec, a change of size and the loss of colour; a checksum tells a picture
from anything else. The lower two rows are one plain colour, which depends on the seed.

The bits are the run's number, the chunk and the frame in it, the seed, a :class:`Mark`, and the
controls the frame was made with, as a :class:`Layout` packs them.
"""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS, BIT_ROWS = 16, 12, 10
MIN_WIDTH, MIN_HEIGHT = 4 * COLUMNS, 4 * ROWS
"""The smallest picture that can be read, in pixels."""

CONTROL_BITS = 92

_DARK, _LIGHT, _THRESHOLD = 40, 220, 130
_BLACK = 20
_HEADER = (("run", 8), ("chunk", 12), ("frame", 12), ("seed", 16), ("mark", 4))
_CHECK_BITS = 12
_BITS = sum(bits for _, bits in _HEADER) + CONTROL_BITS
# Light, dark, ..., dark, light: a plain picture is no twin's, whatever its checksum.
_CORNERS = (1, 0, 0, 1)

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]


class Mark(IntEnum):
    """What a frame is, beside one of many."""

    NONE = 0
    SPAWN = 1
    """The first frame of a scene: no action was consumed for it."""
    TERMINAL = 2
    """The last frame of an inner episode."""
    PROMPT = 3
    """A frame of the video that the rollout begins from."""


@dataclass(frozen=True)
class Flag:
    """A key or button, held or not."""

    name: str
    bits: int = 1

    def pack(self, value: Any) -> int:
        return int(bool(value))

    def unpack(self, bits: int) -> bool:
        return bool(bits)


@dataclass(frozen=True)
class Choice:
    """One of up to sixteen names; the first is neutral."""

    name: str
    options: Sequence[str]
    bits: int = 4

    def pack(self, value: Any) -> int:
        return 0 if value is None else list(self.options).index(value)

    def unpack(self, bits: int) -> str:
        return self.options[bits]


@dataclass(frozen=True)
class Axis:
    """A number in ``[-limit, limit]``, to within ``limit / (2 ** (bits - 1) - 1) / 2``."""

    name: str
    limit: float = 1.0
    bits: int = 8

    @property
    def _top(self) -> int:
        return (1 << self.bits - 1) - 1

    def pack(self, value: Any) -> int:
        clipped = min(max(float(value or 0.0), -self.limit), self.limit)
        return round(clipped / self.limit * self._top) + self._top

    def unpack(self, bits: int) -> float:
        return (bits - self._top) / self._top * self.limit


@dataclass(frozen=True)
class Digest:
    """A text or file, as :func:`digest` shortens it; 0 for none."""

    name: str
    bits: int = 8

    def pack(self, value: Any) -> int:
        return digest(value)

    def unpack(self, bits: int) -> int:
        return bits


Field = Flag | Choice | Axis | Digest
"""One control in a picture."""


class Layout:
    """The controls of one model, in the order in which they are packed.

    Args:
        fields: At most :data:`CONTROL_BITS` bits of them.
    """

    def __init__(self, *fields: Field) -> None:
        self.fields = {entry.name: entry for entry in fields}
        bits = sum(entry.bits for entry in fields)
        if bits > CONTROL_BITS or len(self.fields) != len(fields):
            raise ValueError(
                f"`fields` must have different names and at most {CONTROL_BITS} bits, got {bits} "
                f"bits of {', '.join(entry.name for entry in fields)}"
            )

    def pack(self, values: Mapping[str, Any]) -> int:
        """Pack values by name; those left out are neutral."""
        unknown = values.keys() - self.fields.keys()
        if unknown:
            raise KeyError(f"no such control: {', '.join(sorted(unknown))}")
        packed = 0
        for name, entry in self.fields.items():
            packed = packed << entry.bits | entry.pack(values.get(name))
        return packed

    def unpack(self, packed: int) -> dict[str, Any]:
        """Return every control by name."""
        values = {}
        for name, entry in reversed(self.fields.items()):
            values[name] = entry.unpack(packed & (2**entry.bits - 1))
            packed >>= entry.bits
        return dict(reversed(values.items()))


def keys(*names: str) -> tuple[Flag, ...]:
    """Return a flag for each of several keys."""
    return tuple(Flag(name) for name in names)


@dataclass(frozen=True)
class Picture:
    """What one frame shows.

    Attributes:
        run: Which run of the session, from 1; modulo 256.
        chunk: Which chunk of the run, from 0; modulo 4096.
        frame: Which frame of the run, from 0; modulo 4096.
        seed: The run's seed, modulo 65536.
        mark: What kind of frame it is.
        controls: What it was made with, by name.
        background: The colour of the lower rows, RGB; :func:`background` of the seed where the
            model is begun from one.
    """

    run: int = 0
    chunk: int = 0
    frame: int = 0
    seed: int = 0
    mark: Mark = Mark.NONE
    controls: Mapping[str, Any] = field(default_factory=dict)
    background: Colour | None = None

    @property
    def pressed(self) -> set[str]:
        """The names of the flags that are set."""
        return {name for name, value in self.controls.items() if value is True}


def digest(value: str | bytes | None) -> int:
    """Shorten a text or file to 1 to 255; ``None`` and nothing are 0."""
    if not value:
        return 0
    data = value.encode() if isinstance(value, str) else value
    return zlib.crc32(data) % 255 + 1


def background(seed: int) -> Colour:
    """Return the colour of the lower rows for a seed."""
    red, green, blue = colorsys.hsv_to_rgb(seed % 65536 * 0.618034 % 1.0, 0.6, 0.7)
    return round(red * 255), round(green * 255), round(blue * 255)


def draw(picture: Picture, layout: Layout, width: int, height: int) -> Pixels:
    """Draw a picture.

    Args:
        picture: What to show; its ``background`` by default follows from its seed.
        layout: How its controls are packed.
        width: Pixels across, at least :data:`MIN_WIDTH`.
        height: Pixels down, at least :data:`MIN_HEIGHT`.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        raise ValueError(
            f"a picture must have at least {MIN_WIDTH}x{MIN_HEIGHT} pixels, got {width}x{height}"
        )
    packed = 0
    for name, bits in _HEADER:
        packed = packed << bits | int(getattr(picture, name)) % 2**bits
    packed = packed << CONTROL_BITS | layout.pack(picture.controls)
    packed = packed << _CHECK_BITS | _check(packed)
    levels = [packed >> shift & 1 for shift in reversed(range(_BITS + _CHECK_BITS))]
    levels = [*_CORNERS[:2], *levels, *_CORNERS[2:]]
    cells = np.empty((ROWS, COLUMNS, 3), np.uint8)
    grid = np.array(levels, np.uint8).reshape(BIT_ROWS, COLUMNS, 1)
    cells[:BIT_ROWS] = _DARK + grid * (_LIGHT - _DARK)
    cells[BIT_ROWS:] = picture.background or background(picture.seed)
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return cells[rows][:, columns]


def read(pixels: NDArray[Any], layout: Layout) -> Picture | None:
    """Read a picture, of any size from :data:`MIN_WIDTH` x :data:`MIN_HEIGHT` on.

    Args:
        pixels: (H, W, 3) RGB or (H, W) or (H, W, 1) grey, 0 to 255.
        layout: What it was drawn with.

    Returns:
        What it shows; ``None`` when it is no twin's picture, for example black.
    """
    cells = _cells(pixels)
    luma = cells.mean(axis=2) if cells.shape[2] == 1 else cells @ np.array([0.299, 0.587, 0.114])
    bits = [int(bit) for bit in (luma[:BIT_ROWS] > _THRESHOLD).flat]
    if (*bits[:2], *bits[-2:]) != _CORNERS:
        return None
    packed = 0
    for bit in bits[2:-2]:
        packed = packed << 1 | bit
    check, packed = packed & (2**_CHECK_BITS - 1), packed >> _CHECK_BITS
    if check != _check(packed):
        return None
    controls, packed = packed & (2**CONTROL_BITS - 1), packed >> CONTROL_BITS
    header = {}
    for name, size in reversed(_HEADER):
        header[name] = packed & (2**size - 1)
        packed >>= size
    colour = [round(float(value)) for value in cells[-1].mean(axis=0)]
    red, green, blue = colour if len(colour) == 3 else colour * 3
    return Picture(
        run=header["run"],
        chunk=header["chunk"],
        frame=header["frame"],
        seed=header["seed"],
        mark=Mark(header["mark"]),
        controls=layout.unpack(controls),
        background=(red, green, blue),
    )


def is_black(pixels: NDArray[Any]) -> bool:
    """Tell whether a frame shows nothing: what the runtime sends where a stream begins."""
    return float(np.asarray(pixels).mean()) < _BLACK


def _cells(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Return (ROWS, COLUMNS, channels) from nine points in the middle of each cell."""
    frame = pixels.reshape(*pixels.shape[:2], -1)
    points = np.array([0.35, 0.5, 0.65])
    rows, columns = (
        ((np.arange(count)[:, None] + points) * size / count).astype(int).ravel()
        for count, size in zip((ROWS, COLUMNS), frame.shape, strict=False)
    )
    found = frame[rows[:, None], columns].astype(np.float64)
    cells: NDArray[np.float64] = found.reshape(ROWS, 3, COLUMNS, 3, -1).mean(axis=(1, 3))
    return cells


def _check(packed: int) -> int:
    return zlib.crc32(packed.to_bytes(_BITS // 8 + 1, "big")) & ((1 << _CHECK_BITS) - 1)
