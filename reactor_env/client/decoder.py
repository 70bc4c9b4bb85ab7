"""The decoder's thread, and the queue in front of it.

aiortc 1.16 has a thread that takes encoded frames from a queue and decodes them. It hands each
picture to the event loop as a coroutine, which becomes a task, which puts it into a second queue,
which wakes the task that reads the track: three turns of the loop for a picture that its user, on
another thread, may have at once. :class:`Decoder` stands in the place of the first queue. Where
aiortc's thread asks it for a frame, it decodes what comes and hands the pictures on from there; the
thread gets nothing but the end.

What reaches into aiortc for it is :func:`install`; ``tests/client/test_decoder.py`` fails when that
changes.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol

import av
from aiortc import RTCRtpReceiver
from aiortc.codecs import get_decoder

from reactor_env.client.stats_types import VideoCounters
from reactor_env.client.switch_interval import short_switches
from reactor_env.client.wire.trailer import FrameTrailer

logger = logging.getLogger(__name__)

MOST_WAITING = 32
"""Frames that wait for the decoder, at most: a second of them, or half of one. More would wait for
a decoder that is slower than the stream."""

_TRAILERS_KEPT = 64

PictureSink = Callable[[av.VideoFrame, FrameTrailer | None], None]
"""Called on the decoder's thread with each picture, and what its sender said about it."""


class DropCounter(Protocol):
    """Whatever counts the frames it drops, as a ``FrameAssembler`` does."""

    frames_dropped: int

    def skip_to_key_frame(self, dropped: int) -> None:
        """Count frames, and let none come before the next key frame."""


class Decoder(queue.Queue[Any]):
    """Takes encoded frames from the event loop, and decodes them on the thread that reads it.

    It holds :data:`MOST_WAITING` frames. Where there is a newer key frame than the first of them,
    those before it are dropped, which nobody needs to decode it; else all are, but for a key frame
    at the very beginning, and what follows can be decoded from the next key frame on.

    Args:
        on_picture: Gets the pictures.
        counters: Counts frames and their cost.
        drops: Counts the frames that are dropped, and asks for key frames.
        failed: Set when a frame could not be decoded, so that a key frame is asked for.
    """

    def __init__(
        self,
        on_picture: PictureSink,
        counters: VideoCounters,
        drops: DropCounter,
        failed: threading.Event,
    ) -> None:
        super().__init__()
        self._on_picture = on_picture
        self._counters = counters
        self._drops = drops
        self._failed = failed

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Take a frame with its codec; ``None`` ends the thread."""
        if item is not None:
            codec, frame = item
            self._counters.codec = codec.name
            self._counters.bytes_received += len(frame.data)
            self._counters.frames_received += 1
            if self.qsize() >= MOST_WAITING:
                if frame.is_key:
                    self._drops.frames_dropped += self._drop_all()
                elif not self._make_room():
                    return
        super().put(item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> None:
        """Decode until the end. For aiortc's thread; the arguments are those of its base."""
        codec_name, decoder = "", None
        trailers: OrderedDict[int, FrameTrailer] = OrderedDict()
        with ExitStack() as streaming:
            while (item := super().get()) is not None:
                began = time.perf_counter_ns()
                codec, frame = item
                if decoder is None or codec.name != codec_name:
                    codec_name, decoder = codec.name, get_decoder(codec)
                if frame.trailer is not None:
                    trailers[frame.timestamp] = frame.trailer
                    if len(trailers) > _TRAILERS_KEPT:
                        trailers.popitem(last=False)
                try:
                    pictures = decoder.decode(frame)
                except av.FFmpegError as error:
                    # The decoder keeps its state: a new one would need a key frame anyway.
                    logger.warning("a %s frame could not be decoded: %s", codec_name, error)
                    self._failed.set()
                    continue
                if not self._counters.frames_decoded and pictures:
                    # A stepped session has no pictures, and needs none of this.
                    streaming.enter_context(short_switches)
                self._counters.decode_ns += time.perf_counter_ns() - began
                self._counters.decodes += 1
                for picture in pictures:
                    assert isinstance(picture, av.VideoFrame)
                    known = picture.pts is not None
                    self._hand_on(picture, trailers.pop(picture.pts or 0, None) if known else None)

    def _hand_on(self, picture: av.VideoFrame, trailer: FrameTrailer | None) -> None:
        self._counters.frames_decoded += 1
        try:
            self._on_picture(picture, trailer)
        except Exception:
            logger.exception("a picture could not be handed on")

    def _drop_all(self) -> int:
        with self.mutex:
            dropped = len(self.queue)
            self.queue.clear()
            return dropped

    def _make_room(self) -> bool:
        """Drop frames; return whether one that is no key frame can be decoded after the rest."""
        with self.mutex:
            waiting = list(self.queue)
            keys = [index for index, (_, frame) in enumerate(waiting) if frame.is_key]
            newest = keys[-1] if keys else len(waiting)
            kept = waiting[newest:]
            fits = 0 < len(kept) < MOST_WAITING
            if not fits:
                kept = kept[:1]
            self.queue.clear()
            self.queue.extend(kept)
        if fits:
            self._drops.frames_dropped += len(waiting) - len(kept)
        else:
            self._drops.skip_to_key_frame(len(waiting) - len(kept) + 1)
        return fits


def install(
    receiver: RTCRtpReceiver,
    on_picture: PictureSink,
    counters: VideoCounters,
    drops: DropCounter,
) -> Decoder:
    """Have a video receiver decode with a :class:`Decoder`, before its first packet.

    Args:
        receiver: Before ``setRemoteDescription``. Its track gives no frames then; it still ends.
        on_picture: Gets the pictures, on the decoder's thread.
        counters: Counts frames and their cost.
        drops: Counts the frames that are dropped, and asks for key frames.

    Raises:
        RuntimeError: If this aiortc does not have the parts that are used.
    """
    private: dict[str, Any] = vars(receiver)
    waiting, error = "_RTCRtpReceiver__decoder_queue", "_RTCRtpReceiver__decoder_error"
    if missing := [name for name in (waiting, error) if name not in private]:
        raise RuntimeError(
            f"this aiortc has no {', '.join(missing)}: reactor_env/client/decoder.py is written "
            "for aiortc 1.16"
        )
    decoder = Decoder(on_picture, counters, drops, private[error])
    private[waiting] = decoder
    return decoder
