"""Steps of a streamed session: actions are sent, and one of the frames that arrive answers each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.clock import Clock, Ticker, sleep_until
from reactor_env.latency import ActionLedger
from reactor_env.message_watch import MessageWatch
from reactor_env.pacing import NEXT, Pacing, Rule, applied, applied_since
from reactor_env.profiles import Profile
from reactor_env.rewards import EpisodePoint, episode_point
from reactor_env.session import PostedCommand, Session

AppliedBy = Literal["metadata", "message", "given delay", "measured delay"]
"""How it is known that a frame shows an action."""

POLL_S = 0.02
"""How often messages are read while a frame is waited for, where they may end the wait."""


@dataclass(frozen=True, slots=True)
class Delay:
    """How long a model takes to show an action, where nothing it sends says so.

    Attributes:
        seconds: From the action to the first frame that shows it; where a message confirms the
            action, from that message.
        measured: Whether it was measured in this session; it was given otherwise.
    """

    seconds: float
    measured: bool = False


class Reply(NamedTuple):
    """What answers an action.

    Attributes:
        frame: The frame; the last one again where the pacing did not wait for another.
        applied_by: How it is known that it shows the action; ``None`` where it is not.
        missed: Whether the step began too late for its tick; ``None`` without a clock.
    """

    frame: VideoFrame
    applied_by: AppliedBy | None = None
    missed: bool | None = None


class StreamedSteps:
    """Plays the steps of one streamed session.

    Args:
        name: The model, for messages.
        profile: Its profile.
        watch: Reads the session's messages.
        ledger: Gets the times of sent actions, and of frames that are known to show one.
        pacing: Which frame answers an action.
        timeout_s: Seconds a step may take.
        delay: How long the model takes to show an action, if it is known.
        frames_per_step: How many frames without episode metadata a step takes at least.

    Attributes:
        delay: As given; may be set once it is measured.
    """

    def __init__(
        self,
        name: str,
        profile: Profile,
        watch: MessageWatch,
        ledger: ActionLedger,
        pacing: Pacing | Clock,
        timeout_s: float,
        *,
        delay: Delay | None = None,
        frames_per_step: int = 1,
    ) -> None:
        self._name = name
        self._actions = [spec.command for spec in profile.actions]
        self._confirmed = profile.confirm is not None
        self._watch = watch
        self._ledger = ledger
        self._pacing = pacing
        self._ticker = Ticker(pacing) if isinstance(pacing, Clock) else None
        self._timeout_s = timeout_s
        self._frames_per_step = frames_per_step
        self._posted: list[PostedCommand] = []
        self.delay = delay

    @property
    def missed(self) -> int | None:
        """How many ticks were missed in this episode; ``None`` without a clock."""
        return self._ticker.missed if self._ticker is not None else None

    def forget(self) -> None:
        """Forget what was sent and not answered: another episode begins."""
        self._posted.clear()

    def begin(self) -> None:
        """Begin an episode whose first frame is there."""
        if self._ticker is not None:
            self._ticker.restart(time.monotonic_ns())

    def needs_delay(self, point: EpisodePoint) -> bool:
        """Tell whether actions must be answered by frames that show them, and nothing says which.

        Args:
            point: The place of a frame of this session.
        """
        return self._pacing == "applied" and self._applied_by(point) is None

    def step(
        self,
        session: Session,
        commands: Sequence[Command],
        sequence: int,
        last: VideoFrame,
    ) -> Reply:
        """Send an action and wait for the frame that answers it.

        Args:
            session: The session.
            commands: What the action sends; may be nothing.
            sequence: The action's number.
            last: The frame that was returned before.

        Raises:
            ReactorTimeoutError: If no frame comes in time; says what was waited for.
            CommandRefusedError: If the model refused this or an earlier action.
        """
        self._raise_refusals()
        sent_ns = time.monotonic_ns()
        self._ledger.sent(sequence, sent_ns)
        if commands:
            self._watch.expect(sent_ns)
        self._posted += [session.post(command.name, command.data) for command in commands]
        if self._ticker is not None:
            tick = self._ticker.next(sent_ns)
            self._sleep(session, tick.due_ns)
            return Reply(self._newest(session, last), missed=tick.missed)
        applied_by = self._applied_by(episode_point(last)) if self._pacing == "applied" else None
        if self._pacing == "latest":
            frame = self._newest(session, last)
        elif applied_by is None or not commands:
            # What nothing was sent for is applied already.
            frame = self._wait(session, NEXT, sequence, last)
        elif applied_by == "metadata":
            frame = self._wait(session, applied(sequence), sequence, last)
        else:
            frame = self._wait(session, self._in_time(sent_ns, applied_by), sequence, last, count=1)
            if frame is not last:
                self._ledger.arrived(sequence, frame.arrival_ns)
        return Reply(frame, applied_by)

    def take_ack(self) -> float | None:
        """Return the milliseconds to the newest acknowledgement since the last call, if any."""
        acknowledged = [posted for posted in self._posted if posted.ack_ms is not None]
        self._posted = [posted for posted in self._posted if posted.ack_ms is None]
        return acknowledged[-1].ack_ms if acknowledged else None

    def _applied_by(self, point: EpisodePoint) -> AppliedBy | None:
        """Return what tells which frame shows an action, ``None`` where nothing does."""
        if point.action_seq is not None:
            return "metadata"
        if self._confirmed:
            return "message"
        if self.delay is not None:
            return "measured delay" if self.delay.measured else "given delay"
        return None

    def _in_time(self, sent_ns: int, applied_by: AppliedBy) -> Rule:
        delay_ns = int(1e9 * self.delay.seconds) if self.delay is not None else 0
        if applied_by == "message":
            return applied_since(lambda: self._watch.confirmed_ns, delay_ns)
        return applied_since(lambda: sent_ns, delay_ns)

    def _newest(self, session: Session, last: VideoFrame) -> VideoFrame:
        """Return the newest frame of the episode, at once."""
        return session.frames.wait(_follows(last, 1), 0.0, newest=True) or last

    def _sleep(self, session: Session, due_ns: int) -> None:
        """Wait for a tick, unless the session is lost before."""
        left = due_ns - time.monotonic_ns() - int(1e9 * POLL_S)
        if left > 0:
            session.frames.wait(lambda _: False, left / 1e9)
        sleep_until(due_ns)
        self._watch.read(session.take_received())
        self._raise_refusals()

    def _wait(
        self,
        session: Session,
        choice: Rule,
        sequence: int,
        last: VideoFrame,
        count: int | None = None,
    ) -> VideoFrame:
        """Wait for a frame that follows the last one and is accepted by a rule."""
        far_enough = _follows(last, count or self._frames_per_step)

        def accept(frame: VideoFrame) -> bool:
            return far_enough(frame) and choice.accept(frame)

        found = self._next(session, accept, newest=choice.newest)
        if found is not None:
            return found
        if self._watch.ending is not None:
            newest = session.frames.newest()
            return newest if newest is not None and newest.sequence > last.sequence else last
        self._raise_refusals()
        newest = session.frames.newest()
        raise ReactorTimeoutError(
            f"no frame answered action {sequence} within {self._timeout_s:g} s (pacing "
            f"{str(self._pacing)!r}); the newest frame says "
            f"{newest.metadata if newest is not None else None}, and {session.frames.received} "
            "frames were received in this session"
        )

    def _next(
        self, session: Session, accept: Callable[[VideoFrame], bool], *, newest: bool
    ) -> VideoFrame | None:
        """Wait for a frame, or for a message that ends the episode or confirms an action."""
        if not self._watch.matters:
            return session.frames.wait(accept, self._timeout_s, newest=newest)
        deadline = time.monotonic() + self._timeout_s
        while True:
            self._watch.read(session.take_received())
            if self._watch.ending is not None:
                return None
            self._raise_refusals()
            left = deadline - time.monotonic()
            found = session.frames.wait(accept, max(min(left, POLL_S), 0.0), newest=newest)
            if found is not None or left <= 0:
                return found

    def _raise_refusals(self) -> None:
        refused: list[BaseException] = [p.error for p in self._posted if p.error is not None]
        self._posted = [posted for posted in self._posted if posted.error is None]
        told = self._watch.refusal(self._actions)
        for error in [*refused, *([told] if told is not None else [])]:
            if not (isinstance(error, CommandRefusedError) and self._watch.ends_by(error)):
                raise error


def _follows(last: VideoFrame, count: int) -> Callable[[VideoFrame], bool]:
    """Return what tells whether a frame is one of the same episode and at least so many later.

    Args:
        last: The frame that was returned before.
        count: How many frames later, where they carry no episode metadata.
    """
    before = episode_point(last)

    def follows(frame: VideoFrame) -> bool:
        point = episode_point(frame)
        if point.episode != before.episode:
            return False
        # The runtime's pacer repeats a frame under a new id while nothing newer is there, so a
        # world's frame is known by its step.
        if point.episode is not None:
            return point.step > before.step
        if frame.metadata and frame.metadata == last.metadata:
            return False
        return frame.sequence >= last.sequence + count

    return follows
