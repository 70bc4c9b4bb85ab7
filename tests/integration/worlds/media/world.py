"""A model with every kind of track: two videos and a tone out, a camera in."""

# No `from __future__ import annotations`: the runtime reads the annotations.

from typing import Any

import numpy as np
from reactor_runtime import (
    Audio,
    MediaInput,
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    TrackPayload,
    UploadedFile,
    Video,
    event,
)

FPS = 20
RATE = 48_000
TONE_HZ = 440.0
RED, GREEN = (200, 16, 16), (16, 200, 16)


class Camera(MediaInput):
    """What the model sees."""

    camera: Video


class Media(Output):
    """What the model makes."""

    left: Video
    right: Video
    tone: Audio


class Seen(ModelMessage):
    """What the camera showed last."""

    frames: int = MessageField(default=0, description="Frames received so far.")
    red: float = MessageField(default=0.0, description="Mean of the last one.")
    green: float = MessageField(default=0.0, description="Mean of the last one.")
    blue: float = MessageField(default=0.0, description="Mean of the last one.")


class Received(ModelMessage):
    """What was in an uploaded file."""

    size: int = MessageField(default=0, description="Bytes.")
    checksum: int = MessageField(default=0, description="Sum of the bytes.")


def _plain(colour: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    return np.full((96, 128, 3), colour, np.uint8)


class MediaModel(ReactorApp):
    """Red on the left, green on the right, 440 Hz, and a report of what the camera shows."""

    fps = FPS
    buffer_size = 1
    input: Camera

    def __init__(self) -> None:
        super().__init__()
        self._seen = Seen()
        self._count = 0

    @event(name="what_do_you_see", description="Tell what the camera showed last.")
    async def what_do_you_see(self) -> Seen:
        camera: Any = self.input.camera  # an InputBuffer, whatever its annotation says
        frames = camera.try_read()
        if frames:
            frame = np.asarray(frames[-1].data)
            red, green, blue = (float(value) for value in frame.reshape(-1, 3).mean(axis=0))
            self._seen = Seen(frames=self._seen.frames + 1, red=red, green=green, blue=blue)
        return self._seen

    @event(name="take_file", description="Read an uploaded file.")
    async def take_file(self, file: UploadedFile) -> Received:
        return Received(size=len(file.data), checksum=sum(file.data))

    def generate(self, _: Any) -> Media:
        """Make one frame of each video, and the tone of its length."""
        self._count += 1
        samples = RATE // FPS
        t = (np.arange(samples) + self._count * samples) / RATE
        tone = (0.5 * 32767 * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.int16)[None]
        metadata = {"n": self._count}
        return Media(
            left=TrackPayload(_plain(RED), metadata=metadata),
            right=TrackPayload(_plain(GREEN), metadata=metadata),
            tone=tone,
        )
