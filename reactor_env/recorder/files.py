"""The three files of a recorded episode: video, steps, and what it was.

Nothing has its final name before all of it is there. The document is named last: where it is,
the episode is whole.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TextIO

import av
import numpy as np
from numpy.typing import NDArray

from reactor_env.video_writer import VideoFile

TIME_BASE = Fraction(1, 90_000)
"""The unit of times in the video, in seconds: that of RTP video."""

_VIDEO, _STEPS, _DOCUMENT = ".mp4", ".jsonl", ".json"


class EpisodeFiles:
    """Writes one episode; every method may raise what the file system or the encoder says.

    Args:
        folder: Where the files go; made if need be.
        prefix: What their names begin with.
        number: The number in their names; the next free one if there are files of that name.
        rate: Pictures per second, as a guess for players.
    """

    def __init__(self, folder: Path, prefix: str, number: int, rate: Fraction) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.name, self._steps = _claim(folder, prefix, number)
        self._video: VideoFile | None = VideoFile(self._partial(_VIDEO), TIME_BASE, rate)
        self.pictures = 0

    def add_picture(self, picture: av.VideoFrame | NDArray[np.uint8], time: int) -> None:
        """Append a picture; see :meth:`~reactor_env.video_writer.VideoFile.add`."""
        if self._video is not None:
            self._video.add(picture, time)
            self.pictures += 1

    def add_step(self, row: Mapping[str, Any]) -> None:
        """Append a line of JSON."""
        self._steps.write(json.dumps(row, allow_nan=False) + "\n")

    def drop_video(self) -> None:
        """Go on without a video."""
        video, self._video = self._video, None
        self.pictures = 0
        if video is not None:
            with contextlib.suppress(Exception):
                video.close()
        self._partial(_VIDEO).unlink(missing_ok=True)

    def close_video(self) -> None:
        """Write what is left of the video."""
        if self._video is not None:
            self._video.close()

    def finish(self, document: Mapping[str, Any]) -> None:
        """Name the files.

        Args:
            document: What the episode was; the names of the files are added.
        """
        self._steps.close()
        video = self._video is not None and self.pictures > 0
        names = {
            "video": self.name + _VIDEO if video else None,
            "steps_file": self.name + _STEPS,
        }
        text = json.dumps({**names, **document}, indent=2, allow_nan=False)
        self._partial(_DOCUMENT).write_text(text + "\n", encoding="utf-8")
        for suffix in (_VIDEO, _STEPS, _DOCUMENT) if video else (_STEPS, _DOCUMENT):
            self._partial(suffix).replace(self._folder / (self.name + suffix))

    def discard(self) -> None:
        """Leave nothing behind."""
        self.drop_video()
        with contextlib.suppress(Exception):
            self._steps.close()
        for suffix in (_STEPS, _DOCUMENT):
            self._partial(suffix).unlink(missing_ok=True)

    def _partial(self, suffix: str) -> Path:
        return self._folder / f".{self.name}{suffix}.part"


def _claim(folder: Path, prefix: str, number: int) -> tuple[str, TextIO]:
    """Find a name that nobody has, and open its hidden steps file, which makes it taken."""
    while True:
        name = f"{prefix}-{number:06d}"
        if not any((folder / (name + suffix)).exists() for suffix in (_VIDEO, _STEPS, _DOCUMENT)):
            try:
                handle = os.open(
                    folder / f".{name}{_STEPS}.part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644
                )
            except FileExistsError:
                pass
            else:
                return name, os.fdopen(handle, "w", encoding="utf-8")
        number += 1
