"""A model's output track as its user reads it: the newest frames, never a growing queue.

The client takes every frame off aiortc's own track at once. Whoever wants that track's frames by
``recv()`` gets them from a :class:`RemoteTrack`, which keeps a few and lets the oldest go, so that
a track nobody reads costs nothing and one read slowly is late by no more than its depth
(aiortc's own queue has no bound: ``webrtc.md`` A2).
"""

from __future__ import annotations

import asyncio
from collections import deque

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

VIDEO_DEPTH = 4
AUDIO_DEPTH = 50
"""Audio frames are 20 ms long."""

MediaFrame = av.VideoFrame | av.AudioFrame


class RemoteTrack(MediaStreamTrack):
    """One output track of a model.

    Args:
        name: The track's name.
        kind: ``"video"`` or ``"audio"``.

    Attributes:
        name: As given.
        frames_dropped: Frames that left unread while somebody was reading.
    """

    def __init__(self, name: str, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.name = name
        self.frames_dropped = 0
        self._frames: deque[MediaFrame] = deque()
        self._depth = VIDEO_DEPTH if kind == "video" else AUDIO_DEPTH
        self._changed = asyncio.Event()
        self._read = False

    @property
    def wanted(self) -> bool:
        """Whether anybody has asked for a frame yet; none is kept before that."""
        return self._read

    def put(self, frame: MediaFrame) -> None:
        """Offer a frame; on the event loop."""
        if not self._read:
            return
        if len(self._frames) == self._depth:
            self._frames.popleft()
            self.frames_dropped += 1
        self._frames.append(frame)
        self._changed.set()

    async def recv(self) -> MediaFrame:
        """Return the next frame: an ``av.VideoFrame`` or ``av.AudioFrame``.

        Raises:
            MediaStreamError: If the track has ended.
        """
        self._read = True
        while not self._frames:
            if self.readyState != "live":
                raise MediaStreamError
            self._changed.clear()
            await self._changed.wait()
        return self._frames.popleft()

    def stop(self) -> None:
        """End the track; frames that were kept can still be read."""
        super().stop()
        self._changed.set()
