"""The first frame of a new episode in a streamed session: never a stale one, never a black one."""

from __future__ import annotations

import time
from collections.abc import Sequence

import av
import numpy as np

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.client.video import VideoFrame, one_swscale_thread
from reactor_env.client.wire.messages import Command
from reactor_env.message_watch import MessageWatch
from reactor_env.profiles import Profile
from reactor_env.rewards import episode_point
from reactor_env.session import Session

BLACK = 20
"""The most luma of a frame that counts as black: video black is 16, and codecs add a little."""

_POLL_S = 0.02
_QUIET_S = 0.25
"""How long no frame has come when the model has stopped and everything on its way has arrived."""

_IN_FLIGHT = 2
"""Frames that were on their way, beside those the model had still to play."""


def is_black(frame: VideoFrame) -> bool:
    """Tell whether a frame shows nothing, as it is sent first and after a flush.

    Args:
        frame: A frame; a small copy of it is made.
    """
    if isinstance(frame.image, av.VideoFrame):
        small = frame.image.reformat(
            width=32, height=18, format="gray", **one_swscale_thread()
        ).to_ndarray()
        return bool(small.max() <= BLACK)
    return bool(np.asarray(frame.image).max() <= BLACK)


class FirstFrame:
    """Begins one episode in a streamed session and waits for its first frame.

    Where frames carry a bundled world's metadata, the first frame is the one that says so. Nowhere
    else can a frame be told from one of the episode before: the runtime may play a whole chunk of
    it after the reset was acknowledged. On a model that stops in between, its frames are let run
    out before the last command. On one that goes on, the first frame after the black one that it
    mostly shows is taken, or without such a one that after as many as it makes at a time. Black
    frames are passed over; when there are only black ones until the time is over, the last of them
    is returned: a world may be dark.

    Args:
        name: The model, for messages.
        profile: Its profile.
        watch: Reads the session's messages.
        timeout_s: Seconds each command, and then the first frame, may take.
        frames_per_step: How many frames the model makes at a time.
    """

    def __init__(
        self,
        name: str,
        profile: Profile,
        watch: MessageWatch,
        timeout_s: float,
        frames_per_step: int,
    ) -> None:
        self._name = name
        self._reset = profile.reset
        self._skipped = 0 if profile.reset.stops else frames_per_step + _IN_FLIGHT
        self._watch = watch
        self._timeout_s = timeout_s
        self._black: dict[int, bool] = {}

    def after(
        self, session: Session, commands: Sequence[Command], release: Sequence[Command]
    ) -> VideoFrame:
        """Send the commands, and return the first frame of the episode.

        Args:
            session: A streamed session.
            commands: What begins the episode, sent one after the other.
            release: What sets the controls neutral, sent before the last of the commands on a
                model that stops, and after it on another.

        Raises:
            ReactorTimeoutError: If it does not come in time; says what was waited for.
            CommandRefusedError: If a command is refused.
        """
        newest = session.frames.newest()
        seen = newest.sequence if newest is not None else 0
        episode = None
        stops = self._reset.stops and bool(commands)
        order = [*commands[:-1], *release, *commands[-1:]] if stops else [*commands, *release]
        for index, command in enumerate(order):
            if stops and seen and index == len(order) - 1:
                self._run_dry(session)
            reply = session.call(command.name, command.data, self._timeout_s)
            number = (reply or {}).get("data", {}).get("episode")
            episode = int(number) if number is not None else episode
        names = [command.name for command in order]
        if episode is not None:
            found = session.frames.wait(
                lambda frame: (
                    episode_point(frame).episode == episode and episode_point(frame).step == 0
                ),
                self._timeout_s,
            )
        else:
            deadline = time.monotonic() + self._timeout_s
            since_ns = time.monotonic_ns() if commands else 0
            if self._reset.began and commands:
                since_ns = self._wait_began(session, names, deadline)
            skipped = self._skipped if commands else 0
            # A command before the last one may have begun a run too, with a black frame of its own.
            found = self._wait_real(
                session, names, seen, since_ns, deadline, skipped, several=len(commands) > 1
            )
        if found is None:
            of = f"episode {episode}" if episode is not None else "the stream"
            raise ReactorTimeoutError(
                f"no first frame of {of} of {self._name} came within {self._timeout_s:g} s; "
                f"{session.frames.received} frames were received in this session"
            )
        return found

    def _run_dry(self, session: Session) -> None:
        """Wait until no frame has come for a while, in case the model has stopped."""
        deadline = time.monotonic() + self._timeout_s
        while time.monotonic() < deadline:
            received = session.frames.received
            session.frames.wait(lambda _: False, _QUIET_S)
            if session.frames.received == received:
                return

    def _wait_began(self, session: Session, commands: Sequence[str], deadline: float) -> int:
        while True:
            self._listen(session, commands)
            if self._watch.began_ns is not None:
                return self._watch.began_ns
            if time.monotonic() >= deadline:
                raise ReactorTimeoutError(
                    f"{self._name} did not say {self._reset.began!r} within {self._timeout_s:g} s "
                    f"after {', '.join(commands)}"
                )
            # Nothing wakes a waiter for messages; an unsatisfiable wait for a frame sleeps, and
            # raises when the session is lost.
            session.frames.wait(lambda _: False, _POLL_S)

    def _wait_real(
        self,
        session: Session,
        commands: Sequence[str],
        seen: int,
        since_ns: int,
        deadline: float,
        skipped: int,
        *,
        several: bool,
    ) -> VideoFrame | None:
        """Wait for a frame of the new episode; without a black one the first ones are skipped.

        With several commands they are skipped nevertheless: the black one may be of a run that
        the last command has ended.
        """
        last_black: VideoFrame | None = None
        first: int | None = None

        def real(frame: VideoFrame) -> bool:
            nonlocal last_black, first
            if frame.sequence <= seen or frame.arrival_ns < since_ns:
                return False
            first = frame.sequence if first is None else first
            if self._is_black(frame):
                last_black = frame
                return False
            if last_black is not None and frame.sequence <= last_black.sequence:
                return False
            marked = last_black is not None and not several
            return marked or frame.sequence >= first + skipped

        while True:
            self._listen(session, commands)
            left = deadline - time.monotonic()
            found = session.frames.wait(real, max(min(left, _POLL_S), 0.0))
            if found is not None or left <= 0:
                return found or last_black

    def _listen(self, session: Session, commands: Sequence[str]) -> None:
        self._watch.read(session.take_received())
        refusal = self._watch.refusal(commands)
        if refusal is not None:
            raise refusal

    def _is_black(self, frame: VideoFrame) -> bool:
        if frame.sequence not in self._black:
            self._black[frame.sequence] = is_black(frame)
        return self._black[frame.sequence]
