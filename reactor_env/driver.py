"""Plays episodes on a session: begins them, sends actions, chooses the frame that answers each.

Knows sessions, profiles and pacing, nothing of Gymnasium or observations.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from reactor_env.client.errors import StepFailedError
from reactor_env.client.schema import ModelSchema
from reactor_env.client.validation import validate_command
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.clock import Clock
from reactor_env.delay_probe import DelayProbe
from reactor_env.first_frame import FirstFrame, is_black
from reactor_env.latency import ActionLedger
from reactor_env.message_watch import Ending, MessageWatch
from reactor_env.pacing import Pacing
from reactor_env.profiles import Profile
from reactor_env.rewards import NOWHERE, EpisodePoint, episode_point, reward_between
from reactor_env.session import NoFrameError, PendingStep, Session
from reactor_env.spaces import ActionMap, Values
from reactor_env.streamed_steps import AppliedBy, Delay, Reply, StreamedSteps
from reactor_env.uploads import Uploads


class Answer(NamedTuple):
    """The frame that answers a reset or an action.

    Attributes:
        frame: The frame.
        point: Its place in the episode.
        reward: The reward since the frame returned before.
        skipped: How many of the model's frames lie between the two.
        repeated: Whether it is the frame returned before.
        action_to_frame_ms: From sending the action that the frame shows to the arrival of the
            first frame that shows it; ``None`` when that was told before, or is not known.
        ack_ms: From sending to acknowledgement of the newest action acknowledged since the last
            answer; ``None`` when there was none.
        applied_by: How it is known that the frame shows the action; ``None`` where it is not.
        delay: How long the model takes to show an action, where that was given or measured.
        deadline_missed: Whether the step began too late for its tick, and how many did in this
            episode; ``None`` without a clock.
        deadlines_missed: Likewise.
        ending: Why the episode is over, where it is not the frame that says so.
        messages: What the model sent since the last answer.
    """

    frame: VideoFrame
    point: EpisodePoint
    reward: float
    skipped: int
    repeated: bool
    action_to_frame_ms: float | None
    ack_ms: float | None
    applied_by: AppliedBy | None
    delay: Delay | None
    deadline_missed: bool | None
    deadlines_missed: int | None
    ending: Ending | None
    messages: list[dict[str, Any]]


class _Sent(NamedTuple):
    """An action of a stepped session that was sent and not received yet."""

    values: Values
    sent_ns: int
    pending: PendingStep


class Driver:
    """Plays episodes on one session.

    Args:
        name: The model, for messages.
        schema: Its schema.
        profile: Its profile.
        pacing: Which frame answers an action; streamed sessions only.
        timeout_s: Seconds a step, or the first frame of an episode, may take.
        delay_s: Seconds from an action to the first frame that shows it, for the pacing
            ``applied``; added to the message that confirms the action, where there is one.
        frames_per_step: How many frames of a streamed session without episode metadata a step
            takes at least.
    """

    def __init__(
        self,
        name: str,
        schema: ModelSchema,
        profile: Profile,
        pacing: Pacing | Clock,
        timeout_s: float,
        *,
        delay_s: float | None = None,
        frames_per_step: int = 1,
    ) -> None:
        self._name = name
        self._schema = schema
        self._profile = profile
        self._timeout_s = timeout_s
        self._frames_per_step = frames_per_step
        self._ledger = ActionLedger()
        self._uploads = Uploads(schema)
        self._watch = MessageWatch(profile)
        self._streamed = StreamedSteps(
            name,
            profile,
            self._watch,
            self._ledger,
            pacing,
            timeout_s,
            delay=Delay(delay_s) if delay_s is not None else None,
            frames_per_step=frames_per_step,
        )
        self._sequence = 0
        self._sent: _Sent | None = None
        self._held: Values | None = None
        self._frame: VideoFrame | None = None
        self._point = NOWHERE

    @property
    def played(self) -> bool:
        """Whether an episode was begun on this session."""
        return self._frame is not None

    def frame_arrived(self, frame: VideoFrame) -> None:
        """Note when an action was first seen; called on the event loop with every frame."""
        sequence = episode_point(frame).action_seq
        if sequence is not None:
            self._ledger.arrived(sequence, frame.arrival_ns)

    def begin(self, session: Session, actions: ActionMap, plan: Sequence[Command]) -> Answer:
        """Begin an episode: send the plan, and set every control neutral.

        Args:
            session: An open session.
            actions: The action map.
            plan: The commands that begin the episode, with files as they were given.

        Returns:
            The first frame of the episode; on a model that makes several frames at a time, in a
            stepped session, the last of the first ones; on a model without commands for it the
            next frame.

        Raises:
            ReactorTimeoutError: If it does not come in time.
            CommandRefusedError: If the model refuses a command, whichever way it says so.
            InvalidCommandError: If a command does not fit the model's schema.
        """
        commands = [self._uploads.resolve(session, found, self._timeout_s) for found in plan]
        for command in commands:
            validate_command(self._schema, command.name, command.data)
        self._drop_sent()
        self._ledger.clear()
        self._streamed.forget()
        self._watch.read(session.take_received())
        self._watch.restart()
        # A fresh session holds nothing, and may refuse controls before it has begun.
        held = self._held if self.played else actions.neutral
        release = actions.release(held)
        self._held = None
        if session.generation == "stepped":
            last = len(commands) - 1 if self._profile.reset.stops else len(commands)
            wanted = [*commands[:last], *release, *commands[last:]]
            frame = self._step_until_frame(session, wanted)
            if episode_point(frame) is NOWHERE and is_black(frame):
                frame = self._step_until_frame(session, ())
        else:
            first = FirstFrame(
                self._name, self._profile, self._watch, self._timeout_s, self._frames_per_step
            )
            frame = first.after(session, commands, release)
        self._held = actions.after_reset({command.name for command in commands}, self.played)
        self._frame, self._point = frame, episode_point(frame)
        self._watch.read(session.take_received())
        self._watch.ending = None  # it was the last episode's
        self._streamed.begin()
        return self._answer(Reply(frame), 0.0, skipped=0)

    def needs_delay(self, session: Session) -> bool:
        """Tell whether :meth:`measure_delay` must come between this episode and its first step."""
        return session.generation == "streamed" and self._streamed.needs_delay(self._point)

    def measure_delay(self, session: Session, actions: ActionMap) -> None:
        """Measure how long the model takes to show an action; another episode must follow.

        Raises:
            UnsupportedModelError: If no action moves the picture.
            ReactorTimeoutError: If no frames come.
            CommandRefusedError: If the model refuses an action.
        """
        probe = DelayProbe(self._name, session, actions, self._timeout_s)
        self._streamed.delay = Delay(probe.measure(), measured=True)

    def send(self, session: Session, actions: ActionMap, action: Any) -> bool:
        """Send an action ahead, in a stepped session: the next :meth:`step` only waits for it.

        Returns:
            Whether it was sent; not in a streamed session, whose pacing decides when.

        Raises:
            ValueError: If the action is not in the space.
        """
        if session.generation != "stepped":
            return False
        self._sent = self._send(session, actions, action)
        return True

    def step(self, session: Session, actions: ActionMap, action: Any) -> Answer:
        """Send an action, if it was not sent ahead, and return what answers it.

        Raises:
            ValueError: If the action is not in the space.
            ReactorTimeoutError: If no frame comes in time; says what was waited for.
            CommandRefusedError: If the model refused this or an earlier action.
        """
        assert self._frame is not None
        sent, self._sent = self._sent, None
        took_ms = None
        if session.generation == "stepped":
            sent = sent or self._send(session, actions, action)
            values = sent.values
            reply = Reply(self._receive(session, sent.pending))
            if reply.frame is not self._frame:
                took_ms = (reply.frame.arrival_ns - sent.sent_ns) / 1e6
        else:
            values, commands = self._commands(actions, action)
            reply = self._streamed.step(session, commands, self._sequence, self._frame)
        self._held = values
        frame, last, point = self._frame, self._point, episode_point(reply.frame)
        skipped = 0 if reply.frame is frame else self._between(reply.frame, point)
        self._watch.read(session.take_received())
        self._frame, self._point = reply.frame, point
        if session.generation == "streamed":
            shown = point.action_seq if point.action_seq is not None else self._sequence
            took_ms = self._ledger.take(shown)
        return self._answer(
            reply,
            reward_between(last, point),
            skipped=skipped,
            repeated=reply.frame is frame,
            action_to_frame_ms=took_ms,
        )

    def release(self, session: Session, actions: ActionMap) -> None:
        """Set every control neutral in a streamed session that is about to be closed."""
        if session.generation == "streamed" and self.played:
            for command in actions.release(self._held):
                session.post(command.name, command.data)

    def _drop_sent(self) -> None:
        """Wait for the step that was sent ahead, whatever it gives: steps come one by one."""
        sent, self._sent = self._sent, None
        if sent is not None:
            with contextlib.suppress(StepFailedError, NoFrameError):
                sent.pending()

    def _answer(
        self,
        reply: Reply,
        reward: float,
        *,
        skipped: int,
        repeated: bool = False,
        action_to_frame_ms: float | None = None,
    ) -> Answer:
        return Answer(
            frame=reply.frame,
            point=self._point,
            reward=reward,
            skipped=skipped,
            repeated=repeated,
            action_to_frame_ms=action_to_frame_ms,
            ack_ms=self._streamed.take_ack(),
            applied_by=reply.applied_by,
            delay=self._streamed.delay,
            deadline_missed=reply.missed,
            deadlines_missed=self._streamed.missed,
            ending=self._watch.ending,
            messages=self._watch.take(),
        )

    # -- stepped ------------------------------------------------------------------------------

    def _commands(self, actions: ActionMap, action: Any) -> tuple[Values, list[Command]]:
        """Return what an action is, and what must be sent for it."""
        values = actions.values(action)
        self._sequence += 1
        commands = actions.commands(values, self._held, self._sequence)
        self._held = None  # until it is known that nothing was refused
        return values, commands

    def _send(self, session: Session, actions: ActionMap, action: Any) -> _Sent:
        values, commands = self._commands(actions, action)
        sent_ns = time.monotonic_ns()
        return _Sent(values, sent_ns, session.begin_step(commands, self._timeout_s))

    def _receive(self, session: Session, pending: PendingStep) -> VideoFrame:
        try:
            return self._first_frame(session, pending)
        except StepFailedError as error:
            if not self._watch.ends_by(error):
                raise
            assert self._frame is not None
            return self._frame

    def _step_until_frame(self, session: Session, commands: Sequence[Command]) -> VideoFrame:
        return self._first_frame(session, session.begin_step(commands, self._timeout_s))

    def _first_frame(self, session: Session, pending: PendingStep) -> VideoFrame:
        """Wait for a step, and step again while the model gives no frame (``platform.md`` C3)."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return pending()
            except NoFrameError:
                if time.monotonic() >= deadline:
                    raise
                pending = session.begin_step((), self._timeout_s)

    def _between(self, frame: VideoFrame, point: EpisodePoint) -> int:
        """Count the model's frames between the last returned one and this one."""
        if point.episode is not None:
            return max(point.step - self._point.step - 1, 0)
        assert self._frame is not None
        return max(frame.sequence - self._frame.sequence - 1, 0)
