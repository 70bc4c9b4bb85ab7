"""Where decoded frames go: to sinks, to the user's callbacks, and past the emission meter."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from reactor_env.client.frame_callback import FrameCallback, FrameCallbackThread, MetadataCallback
from reactor_env.client.video import VideoFrame

logger = logging.getLogger(__name__)

FrameSink = Callable[[str, VideoFrame], None]

_WINDOW_S = 5.0
_LEAST_FRAMES = 10


class EmissionMeter:
    """Measures how many frames a second a model emits, from the sender's clock where it is told.

    The runtime sends a frame that carries metadata again while nothing newer is there
    (``platform.md`` B10); a frame whose metadata equals that of the one before is not counted.
    """

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._last: bytes = b""

    def add(self, frame: VideoFrame) -> None:
        """Take the next frame of the track."""
        if frame.user_data and frame.user_data == self._last:
            return
        self._last = frame.user_data
        captured = frame.capture_time_us
        moment = captured / 1e6 if captured else frame.arrival_ns / 1e9
        if self._times and moment < self._times[-1]:
            self._times.clear()  # the sender's clock was set back, or is another one
        self._times.append(moment)
        while self._times[-1] - self._times[0] > _WINDOW_S:
            self._times.popleft()

    @property
    def fps(self) -> float | None:
        """Frames per second over the last five seconds of frames; ``None`` from too few."""
        if len(self._times) < _LEAST_FRAMES:
            return None
        seconds = self._times[-1] - self._times[0]
        return (len(self._times) - 1) / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class _Registered:
    callback: FrameCallback | MetadataCallback
    metadata: bool


class FrameRouter:
    """Hands each frame to whom it is for.

    Frames come on the threads of their decoders; everything else is called on the event loop.
    """

    def __init__(self) -> None:
        self._main_track = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._sinks: list[FrameSink] = []
        self._callbacks: dict[str | None, _Registered] = {}
        self._threads: dict[str | None, FrameCallbackThread] = {}
        self._meters: dict[str, EmissionMeter] = {}
        self._dropped_before = 0

    def begin(self, main_track: str) -> None:
        """Expect the frames of a connection.

        Args:
            main_track: The model's first output video track, which a callback without a track
                gets.
        """
        self._main_track = main_track
        self._loop = asyncio.get_running_loop()

    def add_sink(self, sink: FrameSink) -> None:
        """Call ``sink`` with every frame; one that raises is logged."""
        self._sinks.append(sink)

    def set_callback(
        self,
        callback: FrameCallback | MetadataCallback | None,
        track: str | None,
        metadata: bool,
    ) -> None:
        """Set or take away the callback of a track, ``None`` for the main one."""
        with self._lock:
            self._stop(track)
            self._callbacks.pop(track, None)
            if callback is not None:
                self._callbacks[track] = _Registered(callback, metadata)

    def received(self, track: str, frame: VideoFrame) -> None:
        """Take a frame; on any thread, those of one track in order."""
        for sink in tuple(self._sinks):
            try:
                sink(track, frame)
            except Exception:
                logger.exception("a frame sink raised")
        with self._lock:
            self._meters.setdefault(track, EmissionMeter()).add(frame)
            self._call(track, frame)
            if track == self._main_track:
                self._call(None, frame)

    def emission_fps(self) -> float | None:
        """Return the rate measured on the main track."""
        with self._lock:
            meter = self._meters.get(self._main_track)
            return meter.fps if meter is not None else None

    def frames_dropped(self) -> int:
        """Return how many frames came while a callback was busy, replaced ones included."""
        with self._lock:
            return self._dropped_before + sum(t.frames_dropped for t in self._threads.values())

    def stop(self) -> None:
        """Let the callbacks' threads end, and forget what was measured."""
        with self._lock:
            for track in tuple(self._threads):
                self._stop(track)
            self._meters.clear()
            self._dropped_before = 0
            self._loop = None  # a late frame starts no thread

    def _call(self, track: str | None, frame: VideoFrame) -> None:
        registered = self._callbacks.get(track)
        if registered is None or self._loop is None:
            return
        if track not in self._threads:
            self._threads[track] = FrameCallbackThread(
                registered.callback, self._loop, metadata=registered.metadata
            )
        self._threads[track].put(frame)

    def _stop(self, track: str | None) -> None:
        thread = self._threads.pop(track, None)
        if thread is not None:
            thread.stop()
            self._dropped_before += thread.frames_dropped
