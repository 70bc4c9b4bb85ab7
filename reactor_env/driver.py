"""Plays episodes on a session: begins them, sends actions, chooses the frame that answers each.

Knows sessions and pacing, nothing of Gymnasium or observations.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.client.schema import ModelSchema
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.errors import UnsupportedModelError
from reactor_env.latency import ActionLedger
from reactor_env.pacing import Pacing, Rule, rule
from reactor_env.rewards import NOWHERE, EpisodePoint, episode_point, reward_between
from reactor_env.session import PostedCommand, Session
from reactor_env.spaces import RESET_COMMAND, ActionMap


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
    """

    frame: VideoFrame
    point: EpisodePoint
    reward: float
    skipped: int
    repeated: bool
    action_to_frame_ms: float | None
    ack_ms: float | None


class Driver:
    """Plays episodes on one session.

    Args:
        name: The model, for messages.
        schema: Its schema.
        pacing: Which frame answers an action; streamed sessions only.
        timeout_s: Seconds a step, or the first frame of an episode, may take.
    """

    def __init__(self, name: str, schema: ModelSchema, pacing: Pacing, timeout_s: float) -> None:
        self._name = name
        self._has_reset = RESET_COMMAND in schema.commands
        self._pacing: Pacing = pacing
        self._timeout_s = timeout_s
        self._ledger = ActionLedger()
        self._posted: list[PostedCommand] = []
        self._sequence = 0
        self._frame: VideoFrame | None = None
        self._point = NOWHERE

    def frame_arrived(self, frame: VideoFrame) -> None:
        """Note when an action was first seen; called on the event loop with every frame."""
        sequence = episode_point(frame).action_seq
        if sequence is not None:
            self._ledger.arrived(sequence, frame.arrival_ns)

    def begin(self, session: Session, data: Mapping[str, Any]) -> Answer:
        """Begin an episode.

        Args:
            session: An open session.
            data: Parameters of the reset command.

        Returns:
            The first frame of the episode; on a model without a reset command the next frame.

        Raises:
            ReactorTimeoutError: If it does not come in time.
        """
        self._ledger.clear()
        self._posted.clear()
        if session.generation == "stepped":
            commands = [Command(RESET_COMMAND, data)] if self._has_reset else []
            frame = session.step(commands, self._timeout_s)
        else:
            frame = self._first_streamed(session, data)
        self._frame, self._point = frame, episode_point(frame)
        return self._answer(frame, self._point, 0.0, skipped=0, repeated=False)

    def step(self, session: Session, actions: ActionMap, action: Any) -> Answer:
        """Send an action and return what answers it.

        Raises:
            ValueError: If the action is not in the space.
            UnsupportedModelError: If the pacing needs metadata that the frames do not carry.
            ReactorTimeoutError: If no frame comes in time; says what was waited for.
            CommandRefusedError: If the model refused this or an earlier action.
        """
        data = actions.data(action, self._sequence + 1)
        self._sequence += 1
        if session.generation == "stepped":
            self._ledger.sent(self._sequence, time.monotonic_ns())
            frame = session.step([Command(actions.command, data)], self._timeout_s)
            self._ledger.arrived(self._sequence, frame.arrival_ns)
        else:
            frame = self._step_streamed(session, actions.command, data)
        last, point = self._point, episode_point(frame)
        repeated = frame is self._frame
        skipped = 0 if repeated else self._between(frame, point)
        self._frame, self._point = frame, point
        return self._answer(
            frame, point, reward_between(last, point), skipped=skipped, repeated=repeated
        )

    def _answer(
        self, frame: VideoFrame, point: EpisodePoint, reward: float, *, skipped: int, repeated: bool
    ) -> Answer:
        return Answer(
            frame=frame,
            point=point,
            reward=reward,
            skipped=skipped,
            repeated=repeated,
            action_to_frame_ms=self._ledger.take(point.action_seq),
            ack_ms=self._take_ack(),
        )

    def _first_streamed(self, session: Session, data: Mapping[str, Any]) -> VideoFrame:
        newest = session.frames.newest()
        after = newest.sequence if newest is not None else 0
        episode = None
        if self._has_reset:
            reply = session.call(RESET_COMMAND, data, self._timeout_s)
            number = reply["data"].get("episode") if reply is not None else None
            episode = int(number) if number is not None else None

        def first(frame: VideoFrame) -> bool:
            point = episode_point(frame)
            if episode is None:
                return frame.sequence > after
            return point.episode == episode and point.step == 0

        found = session.frames.wait(first, self._timeout_s)
        if found is None:
            of = f"episode {episode}" if episode is not None else "the stream"
            raise ReactorTimeoutError(
                f"no first frame of {of} of {self._name} came within {self._timeout_s:g} s; "
                f"{session.frames.received} frames were received in this session"
            )
        return found

    def _step_streamed(self, session: Session, command: str, data: dict[str, Any]) -> VideoFrame:
        if self._pacing == "applied" and self._point.action_seq is None:
            raise UnsupportedModelError(
                '`pacing` "applied" needs frames whose metadata names the action (action_seq), '
                f'and those of {self._name} do not; use "next" or "latest"'
            )
        self._raise_refusals()
        self._ledger.sent(self._sequence, time.monotonic_ns())
        self._posted.append(session.post(command, data))
        return self._choose(session, rule(self._pacing, self._sequence))

    def _choose(self, session: Session, choice: Rule) -> VideoFrame:
        last, current = self._frame, self._point
        assert last is not None

        def accept(frame: VideoFrame) -> bool:
            point = episode_point(frame)
            if point.episode != current.episode:
                return False
            # The runtime's pacer repeats a frame under a new id while nothing newer is there, so a
            # world's frame is known by its step.
            if point.episode is not None:
                newer = point.step > current.step
            else:
                newer = frame.sequence > last.sequence
            return newer and choice.accept(point)

        if not choice.wait:
            return session.frames.wait(accept, 0.0, newest=True) or last
        found = session.frames.wait(accept, self._timeout_s, newest=choice.newest)
        if found is not None:
            return found
        self._raise_refusals()
        newest = session.frames.newest()
        seen = newest.metadata if newest is not None else None
        raise ReactorTimeoutError(
            f"no frame answered action {self._sequence} within {self._timeout_s:g} s "
            f"(pacing {self._pacing!r}); the newest frame says {seen}, and "
            f"{session.frames.received} frames were received in this session"
        )

    def _raise_refusals(self) -> None:
        for posted in self._posted:
            if posted.error is not None:
                self._posted.remove(posted)
                raise posted.error

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
