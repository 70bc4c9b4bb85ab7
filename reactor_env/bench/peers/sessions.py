"""This package's sessions, read as :class:`~reactor_env.env.ReactorEnv` reads them."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from functools import partial

import numpy as np

from reactor_env.backends.base import LoopSession
from reactor_env.bench.peers.base import Peer
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import SMALL
from reactor_env.client.errors import ReactorClientError
from reactor_env.client.video import VideoFrame
from reactor_env.observations import Converter, Observation
from reactor_env.session import PostedCommand

CONNECT_TIMEOUT_S = 30.0
_POLL_S = 0.5


class SessionPeer(Peer):
    """A session whose frames are read by a thread that waits for the next one, as a step does."""

    def __init__(self, url: str, recorder: Recorder) -> None:
        super().__init__(url, recorder)
        self._session = self.make_session()
        self._posted: dict[int, tuple[int, PostedCommand]] = {}
        self._closing = False
        self._reader = threading.Thread(target=self._read, name="bench-reader", daemon=True)

    @abstractmethod
    def make_session(self) -> LoopSession:
        """Make the session, not open yet."""

    async def connect(self) -> dict[str, float]:
        """Open the session on the package's own loop thread."""
        self._reader.start()
        await asyncio.to_thread(self._session.open, CONNECT_TIMEOUT_S)
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Post the command; when it is answered is known at the end."""
        now = time.monotonic_ns()
        posted = self._session.post("act", {"action": action, "action_seq": sequence})
        self._posted[sequence] = (now, posted)

    async def close(self) -> None:
        """End the session and the reading thread."""
        self._closing = True
        self._note_answers()
        await asyncio.to_thread(self._session.close)
        await asyncio.to_thread(self._reader.join, 5.0)

    def moments(self, frame: VideoFrame, taken_ns: int) -> Sequence[int]:
        """Return the stages of a frame, where they are traced.

        Args:
            frame: The frame.
            taken_ns: When its reader got it.
        """
        return ()

    def _note_answers(self) -> None:
        for sequence, (sent_ns, posted) in self._posted.items():
            if posted.ack_ms is not None:
                self.recorder.acknowledged(sequence, sent_ns + int(1e6 * posted.ack_ms))

    def _read(self) -> None:
        slot = self._session.frames
        last = VideoFrame(np.zeros((0, 0, 3), np.uint8), None, 0, 0)
        while not self._closing:
            try:
                frame = slot.wait(partial(_is_new, last=last), _POLL_S, newest=True)
            except ReactorClientError:
                return  # the session is closed
            if frame is not None:
                self._observe(frame, last)
                last = frame

    def _observe(self, frame: VideoFrame, last: VideoFrame) -> None:
        taken_ns = time.monotonic_ns()
        size = (frame.height, frame.width)
        if size != (last.height, last.width):
            self._full = Converter(Observation(size=None), size)
            self._small = Converter(Observation(size=SMALL), size)
        if self.small:
            self._small(frame)
            self.recorder.observation()
        else:
            picture = self._full(frame)
            self.recorder.frame(picture, frame.user_data, self.moments(frame, taken_ns))
            time.sleep(self.pause_s)


def _is_new(frame: VideoFrame, last: VideoFrame) -> bool:
    """Tell a new frame from one read before, and from one that the runtime sent again."""
    if frame.sequence <= last.sequence:
        return False
    return not frame.user_data or frame.user_data != last.user_data
