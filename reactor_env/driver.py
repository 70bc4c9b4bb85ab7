"""Plays episodes on a session: begins them, sends actions, chooses the frame that answers each.

Knows sessions, profiles and pacing, nothing of Gymnasium or observations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError, StepFailedError
from reactor_env.client.schema import ModelSchema
from reactor_env.client.validation import validate_command
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.errors import UnsupportedModelError
from reactor_env.first_frame import FirstFrame, is_black
from reactor_env.latency import ActionLedger
from reactor_env.message_watch import Ending, MessageWatch
from reactor_env.pacing import Pacing, Rule, rule
from reactor_env.profiles import Profile
from reactor_env.rewards import NOWHERE, EpisodePoint, episode_point, reward_between
from reactor_env.session import NoFrameError, PostedCommand, Session
from reactor_env.spaces import ActionMap, Values
from reactor_env.uploads import Uploads

AppliedBy = Literal["metadata", "message", "delay"]
"""How it is known that a frame shows an action."""

_POLL_S = 0.02
"""How often messages are read while a frame is waited for, where they may end the wait."""


@dataclass(frozen=True, slots=True)
class Answer:
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
    ending: Ending | None
    messages: list[dict[str, Any]]


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
        pacing: Pacing,
        timeout_s: float,
        *,
        delay_s: float | None = None,
        frames_per_step: int = 1,
    ) -> None:
        self._name = name
        self._schema = schema
        self._profile = profile
        self._pacing: Pacing = pacing
        self._timeout_s = timeout_s
        self._delay_s = delay_s
        self._frames_per_step = frames_per_step
        self._ledger = ActionLedger()
        self._uploads = Uploads(schema)
        self._watch = MessageWatch(profile)
        self._posted: list[PostedCommand] = []
        self._sequence = 0
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
        self._ledger.clear()
        self._posted.clear()
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
        return self._answer(frame, self._point, 0.0, skipped=0, repeated=False)

    def step(self, session: Session, actions: ActionMap, action: Any) -> Answer:
        """Send an action and return what answers it.

        Raises:
            ValueError: If the action is not in the space.
            UnsupportedModelError: If the pacing needs to know when an action was applied, and
                nothing tells.
            ReactorTimeoutError: If no frame comes in time; says what was waited for.
            CommandRefusedError: If the model refused this or an earlier action.
        """
        values = actions.values(action)
        self._sequence += 1
        commands = actions.commands(values, self._held, self._sequence)
        self._held = None  # until it is known that nothing was refused
        applied_by: AppliedBy | None = None
        if session.generation == "stepped":
            self._ledger.sent(self._sequence, time.monotonic_ns())
            frame = self._step_stepped(session, commands)
        else:
            frame, applied_by = self._step_streamed(session, commands)
        self._held = values
        last, point = self._point, episode_point(frame)
        repeated = frame is self._frame
        skipped = 0 if repeated else self._between(frame, point)
        if not repeated and (session.generation == "stepped" or applied_by in ("message", "delay")):
            self._ledger.arrived(self._sequence, frame.arrival_ns)
        self._frame, self._point = frame, point
        self._watch.read(session.take_received())
        reward = reward_between(last, point)
        return self._answer(
            frame, point, reward, skipped=skipped, repeated=repeated, applied_by=applied_by
        )

    def release(self, session: Session, actions: ActionMap) -> None:
        """Set every control neutral in a streamed session that is about to be closed."""
        if session.generation == "streamed" and self.played:
            for command in actions.release(self._held):
                session.post(command.name, command.data)

    def _answer(
        self,
        frame: VideoFrame,
        point: EpisodePoint,
        reward: float,
        *,
        skipped: int,
        repeated: bool,
        applied_by: AppliedBy | None = None,
    ) -> Answer:
        shown = point.action_seq if point.action_seq is not None else self._sequence
        return Answer(
            frame=frame,
            point=point,
            reward=reward,
            skipped=skipped,
            repeated=repeated,
            action_to_frame_ms=self._ledger.take(shown),
            ack_ms=self._take_ack(),
            applied_by=applied_by,
            ending=self._watch.ending,
            messages=self._watch.take(),
        )

    # -- stepped ------------------------------------------------------------------------------

    def _step_stepped(self, session: Session, commands: Sequence[Command]) -> VideoFrame:
        try:
            return self._step_until_frame(session, commands)
        except StepFailedError as error:
            if not self._ends_episode(error):
                raise
            assert self._frame is not None
            return self._frame

    def _step_until_frame(self, session: Session, commands: Sequence[Command]) -> VideoFrame:
        """Step, and step again while the model gives no frame (``platform.md`` C3)."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return session.step(commands, self._timeout_s)
            except NoFrameError:
                if time.monotonic() >= deadline:
                    raise
                commands = ()

    # -- streamed -----------------------------------------------------------------------------

    def _step_streamed(
        self, session: Session, commands: Sequence[Command]
    ) -> tuple[VideoFrame, AppliedBy | None]:
        applied_by = self._check_applied()
        self._raise_refusals()
        sent_ns = time.monotonic_ns()
        self._ledger.sent(self._sequence, sent_ns)
        if commands:
            self._watch.expect(sent_ns)
        self._posted += [session.post(command.name, command.data) for command in commands]
        if applied_by is None or not commands:
            # What nothing was sent for is applied already.
            pacing: Pacing = "next" if applied_by is not None else self._pacing
            return self._choose(session, rule(pacing, self._sequence), self._follows), applied_by
        if applied_by == "metadata":
            choice = rule("applied", self._sequence)
            return self._choose(session, choice, self._follows), applied_by
        choice = Rule(lambda _: True, newest=False, wait=True)
        by_message = applied_by == "message"

        def shows(frame: VideoFrame) -> bool:
            since = self._watch.confirmed_ns if by_message else sent_ns
            if since is None or frame is self._frame:
                return False
            return frame.arrival_ns >= since + int(1e9 * (self._delay_s or 0.0))

        return self._choose(session, choice, shows), applied_by

    def _check_applied(self) -> AppliedBy | None:
        if self._pacing != "applied":
            return None
        if self._point.action_seq is not None:
            return "metadata"
        if self._profile.confirm is not None:
            return "message"
        if self._delay_s is not None:
            return "delay"
        raise UnsupportedModelError(
            '`pacing` "applied" needs frames whose metadata names the action (action_seq), '
            f"and those of {self._name} do not; give the time from an action to its first frame as "
            '`delay`, or use "next" or "latest"'
        )

    def _follows(self, frame: VideoFrame) -> bool:
        """Tell whether a frame is far enough after the last one returned."""
        last, point = self._frame, episode_point(frame)
        assert last is not None
        if point.episode != self._point.episode:
            return False
        # The runtime's pacer repeats a frame under a new id while nothing newer is there, so a
        # world's frame is known by its step.
        if point.episode is not None:
            return point.step > self._point.step
        if frame.metadata and frame.metadata == last.metadata:
            return False
        step = self._frames_per_step if self._pacing != "latest" else 1
        return frame.sequence >= last.sequence + step

    def _choose(
        self, session: Session, choice: Rule, follows: Callable[[VideoFrame], bool]
    ) -> VideoFrame:
        last = self._frame
        assert last is not None

        def accept(frame: VideoFrame) -> bool:
            return follows(frame) and choice.accept(episode_point(frame))

        if not choice.wait:
            return session.frames.wait(accept, 0.0, newest=True) or last
        found = self._wait(session, accept, newest=choice.newest)
        if found is not None:
            return found
        if self._watch.ending is not None:
            newest = session.frames.newest()
            return newest if newest is not None and newest.sequence > last.sequence else last
        self._raise_refusals()
        raise self._too_late(session)

    def _wait(
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
            found = session.frames.wait(accept, max(min(left, _POLL_S), 0.0), newest=newest)
            if found is not None or left <= 0:
                return found

    def _too_late(self, session: Session) -> ReactorTimeoutError:
        newest = session.frames.newest()
        seen = newest.metadata if newest is not None else None
        return ReactorTimeoutError(
            f"no frame answered action {self._sequence} within {self._timeout_s:g} s "
            f"(pacing {self._pacing!r}); the newest frame says {seen}, and "
            f"{session.frames.received} frames were received in this session"
        )

    def _raise_refusals(self) -> None:
        refused: list[BaseException] = [p.error for p in self._posted if p.error is not None]
        self._posted = [posted for posted in self._posted if posted.error is None]
        told = self._watch.refusal([spec.command for spec in self._profile.actions])
        for error in [*refused, *([told] if told is not None else [])]:
            if not (isinstance(error, CommandRefusedError) and self._ends_episode(error)):
                raise error

    def _ends_episode(self, error: CommandRefusedError | StepFailedError) -> bool:
        """Tell whether the model refused something because its run is over."""
        text = f"{error.code} {error.reason}".lower()
        if not any(part.lower() in text for part in self._profile.ends.refused):
            return False
        self._watch.ending = self._watch.ending or Ending(f"the model refused it: {error.reason}")
        return True

    def _between(self, frame: VideoFrame, point: EpisodePoint) -> int:
        """Count the model's frames between the last returned one and this one."""
        if point.episode is not None:
            return max(point.step - self._point.step - 1, 0)
        assert self._frame is not None
        return max(frame.sequence - self._frame.sequence - 1, 0)

    def _take_ack(self) -> float | None:
        acknowledged = [posted for posted in self._posted if posted.ack_ms is not None]
        self._posted = [posted for posted in self._posted if posted.ack_ms is None]
        return acknowledged[-1].ack_ms if acknowledged else None
