"""A model that shows an action a known time after it got it, and sends nothing that says so.

A bright bar stands still, and moves while somebody walks. Its picture says which way that is, for
the tests: the rows at the bottom are 250 where it walks, 60 where it stands.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

from collections import deque
from typing import Any

import numpy as np
from reactor_runtime import InputField, Output, ReactorApp, Video, event

FPS = 25
LAG_FRAMES = 10
HEIGHT, WIDTH = 96, 160


class Picture(Output):
    """What the model makes."""

    main_video: Video


class LaggingModel(ReactorApp):
    """A bar that walks, ``LAG_FRAMES`` frames after it was told to."""

    fps = FPS
    buffer_size = 1

    def __init__(self) -> None:
        super().__init__()
        self._way = 0
        self._ways = deque([0] * LAG_FRAMES, maxlen=LAG_FRAMES)
        self._place = 0

    @event(name="set_way", description="Walk left (-1) or right (1), or stand (0).")
    def set_way(self, way: int = InputField(default=0, ge=-1, le=1)) -> None:
        self._way = way

    @event(name="reset", description="Go back to the start.")
    def reset(self) -> None:
        self._place = self._way = 0
        self._ways.extend([0] * LAG_FRAMES)

    def generate(self, _: Any) -> Picture:
        """Draw the bar where it is."""
        way = self._ways[0]
        self._ways.append(self._way)
        self._place = (self._place + 8 * way) % WIDTH
        picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        columns = (np.arange(48) + self._place) % WIDTH
        picture[:, columns] = 220
        picture[-16:] = 250 if way else 60
        return Picture(main_video=picture)
