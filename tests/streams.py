"""A session made of functions: its model shows, tells and refuses what a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, cast

import numpy as np

from reactor_env.client.errors import SessionLostError
from reactor_env.client.types import Generation
from reactor_env.client.video import FrameSlot, VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.client.wire.trailer import FrameTrailer
from reactor_env.session import PendingStep, PostedCommand, Session

Then = Callable[["Stream"], Any]
"""What the model does with a command: it may show frames and tell messages, and answers with what
is returned, or refuses by what is raised."""


class Stream:
    """A session whose model does what a test says with each command.

    Attributes:
        then: What it does, by the name of the command.
        sent: The commands it got, in order.
        data: Their parameters.
    """

    def __init__(self, generation: Generation = "streamed", **then: Then) -> None:
        self.generation = generation
        self.frames = FrameSlot()
        self.then = then
        self.sent: list[str] = []
        self.data: list[Mapping[str, Any]] = []
        self.received: list[tuple[int, dict[str, Any]]] = []
        self.count = 0

    @property
    def session(self) -> Session:
        """This, as what it stands for."""
        return cast("Session", self)

    def show(self, level: int, **metadata: Any) -> VideoFrame:
        """Let a gray frame arrive, with metadata."""
        self.count += 1
        picture = np.full((4, 4, 3), level, np.uint8)
        data = json.dumps(metadata).encode() if metadata else b""
        trailer = FrameTrailer(self.count, 0, data) if metadata else None
        frame = VideoFrame(picture, trailer, time.monotonic_ns(), self.count)
        self.frames.put(frame)
        return frame

    def tell(self, kind: str, **data: Any) -> None:
        """Let a message arrive."""
        self.received.append((time.monotonic_ns(), {"type": kind, "data": data}))

    def lose(self, reason: str) -> None:
        """Break the session."""
        self.frames.close(SessionLostError(reason))

    def call(self, command: str, data: Mapping[str, Any], timeout_s: float) -> Any:
        self.sent.append(command)
        self.data.append(data)
        then = self.then.get(command)
        return then(self) if then is not None else None

    def post(self, command: str, data: Mapping[str, Any]) -> PostedCommand:
        future: Future[Any] = Future()
        posted = PostedCommand(future, time.monotonic_ns())
        try:
            future.set_result(self.call(command, data, 0.0))
        except Exception as error:
            future.set_exception(error)
        return posted

    def begin_step(self, commands: Sequence[Command], timeout_s: float) -> PendingStep:
        """Give each command to the model; ``step`` returns the frame when that is waited for."""
        for command in commands:
            self.call(command.name, command.data, timeout_s)

        def wait() -> VideoFrame:
            frame = self.then["step"](self)
            assert isinstance(frame, VideoFrame)
            return frame

        return wait

    def take_received(self) -> list[tuple[int, dict[str, Any]]]:
        taken, self.received = self.received, []
        return taken


def level(frame: VideoFrame) -> int:
    """Return the gray level of a frame that :meth:`Stream.show` made."""
    return int(frame.rgb[0, 0, 0])


def shows(*levels: int, **metadata: Any) -> Then:
    """Show frames when a command comes."""

    def then(stream: Stream) -> None:
        for one in levels:
            stream.show(one, **metadata)

    return then


def later(*levels: int) -> Then:
    """Show frames a little after the command was answered."""

    def then(stream: Stream) -> None:
        threading.Timer(0.1, lambda: shows(*levels)(stream)).start()

    return then
