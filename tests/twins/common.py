"""What the twins share: the film they shoot, held keys, and errors about files.

Imported by the runtime's process. Declares no commands and no messages: the runtime publishes
every message class of its process, so those belong to the one twin that sends them.
"""

# No `from __future__ import annotations`: the runtime reads the annotations of tracks.

import io
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from reactor_runtime import CommandError, Output, UploadedFile, Video

from tests.twins.controls import LAYOUTS
from tests.twins.options import number, switch
from tests.twins.picture import Colour, Mark, Picture, Pixels, draw


class TwinOutput(Output):
    """The one output track of every twin."""

    main_video: Video


class Film:
    """The frames of a session: knows which run, chunk and frame comes next.

    Two switches make any twin's film difficult: with ``black_first`` the first frame of every run
    is black; from chunk ``resize_at`` of a run on, frames are half as large again.

    Args:
        twin: The twin's name.
        width: Pixels across.
        height: Pixels down.
    """

    def __init__(self, twin: str, width: int, height: int) -> None:
        self._layout = LAYOUTS[twin]
        self.size = (width, height)
        self.run = 0
        self.chunk = 0
        self.frame = 0
        self.seed = 0
        self._black_first = switch("black_first")
        self._resize_at = number("resize_at", 0)

    def begin(self, seed: int) -> None:
        """Begin another run."""
        self.run += 1
        self.chunk = self.frame = 0
        self.seed = seed

    def shoot(
        self,
        controls: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        frames: int = 1,
        *,
        mark: Mark = Mark.NONE,
        background: Colour | None = None,
    ) -> Pixels:
        """Make the next chunk.

        Args:
            controls: What all its frames were made with, or one entry for each.
            frames: How many, when ``controls`` are for all.
            mark: What kind of frames they are.
            background: The colour of their lower rows, by default the seed's.

        Returns:
            (frames, H, W, 3) uint8 RGB.
        """
        each = [controls] * frames if isinstance(controls, Mapping) else list(controls)
        width, height = self.size
        if self._resize_at and self.chunk >= self._resize_at:
            width, height = width * 3 // 2, height * 3 // 2
        chunk = []
        for one in each:
            shown = Picture(self.run, self.chunk, self.frame, self.seed, mark, one, background)
            chunk.append(draw(shown, self._layout, width, height))
            self.frame += 1
        if self._black_first and self.frame == len(each):
            chunk[0] = np.zeros_like(chunk[0])
        self.chunk += 1
        return np.stack(chunk)


class Held:
    """Keys, or buttons, that are held.

    Args:
        keep_taps: Whether one that is pressed and released between two samples counts in the next
            sample nevertheless.
    """

    def __init__(self, *, keep_taps: bool = False) -> None:
        self.names: list[str] = []
        self._keep_taps = keep_taps
        self._taps: list[str] = []

    def set(self, name: str, pressed: bool) -> None:
        """Press or release one."""
        if pressed and name not in self.names:
            self.names.append(name)
            self._taps.append(name)
        elif not pressed and name in self.names:
            self.names.remove(name)

    def clear(self) -> None:
        """Release all, and forget taps."""
        self.names = []
        self._taps = []

    def sample(self) -> dict[str, bool]:
        """Return what counts for the next frames, by name."""
        names = [*self.names, *(self._taps if self._keep_taps else ())]
        self._taps = []
        return dict.fromkeys(names, True)


def image_size(file: UploadedFile) -> tuple[int, int]:
    """Return an image's width and height.

    Raises:
        ValueError: If the file is no image.
    """
    try:
        return Image.open(io.BytesIO(file.data)).size
    except OSError:
        raise ValueError(f"{file.name} ({file.mime_type}) is not an image") from None


def accepted(image: UploadedFile) -> bytes:
    """Return an image's bytes.

    Raises:
        CommandError: ``invalid_image``, if the file is no image.
    """
    try:
        image_size(image)
    except ValueError as error:
        raise CommandError("invalid_image", str(error)) from None
    return image.data


def work(seconds: float) -> None:
    """Keep the model busy, as inference would: nothing else happens in its thread."""
    time.sleep(seconds)
