"""What an environment drives: one live session, by blocking calls.

:class:`Session` is the interface; :mod:`reactor_env.backends` has the implementations.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from reactor_env.client.types import Generation
from reactor_env.client.video import FrameSlot, VideoFrame
from reactor_env.client.wire.messages import Command

__all__ = ["Command", "Session"]


class Session(Protocol):
    """One live session with one model.

    Every method may raise :class:`~reactor_env.client.errors.SessionLostError` once the session
    broke, and :class:`~reactor_env.client.errors.ReactorTimeoutError` when it takes too long.

    Attributes:
        generation: ``"stepped"`` or ``"streamed"``.
        frames: The newest frames of the main video track; streamed sessions only.
    """

    generation: Generation
    frames: FrameSlot

    def open(self, timeout_s: float) -> None:
        """Connect and wait until the session is ready."""
        ...

    def close(self) -> None:
        """End the session. Safe to call twice."""
        ...

    def call(
        self, command: str, data: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any] | None:
        """Send a command and wait for its answer, ``{"type", "data"}`` or ``None``."""
        ...

    def post(
        self, command: str, data: Mapping[str, Any]
    ) -> concurrent.futures.Future[dict[str, Any] | None]:
        """Send a command and return at once; the future holds its answer."""
        ...

    def step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        """Run one step of a stepped session and return the last frame of its main video track."""
        ...

    def lose(self, reason: str) -> None:
        """Treat the session as lost; from any thread. For somebody who knows it sooner."""
        ...

    def take_messages(self) -> list[dict[str, Any]]:
        """Return the model's messages since the last call, oldest first."""
        ...
