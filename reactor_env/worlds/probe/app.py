"""``probe`` as a model for ``reactor-runtime``.

Each frame tells its number in the session, the clock when it was made and the last action, twice:
as a :mod:`stamp <reactor_env.latency.stamp>` in its pixels, and in its metadata (``n``,
``clock_us``, ``action``, ``action_seq``). The metadata has the fields of every bundled world too
(:data:`~reactor_env.worlds.episodic.METADATA_FIELDS`); ``step`` counts the frames of the episode
from the first one that an action came before.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import time
from typing import Any

from reactor_runtime import (
    ApplicationError,
    InputField,
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    StepOutcome,
    TrackPayload,
    event,
    session_started,
)

from reactor_env.latency.stamp import Stamp, draw_stamp
from reactor_env.world_options import ProbeOptions
from reactor_env.worlds.episodic import MAX_SEED, NO_SEED, WorldOutput
from reactor_env.worlds.probe.content import DIRECTIONS, Backdrop
from reactor_env.worlds.schedule import Schedule, chosen_rate, playout_fps

RATE = 30.0
"""Frames per second, by default."""

OFF_BEAT = 1.03
"""How much faster than its round rate the runtime plays out. A frame waits for the next tick of
the runtime's pacer; at a multiple of the world's rate each session would have a wait of its own,
from nothing to a tick, and clients could not be compared."""

FINE_PLAYOUT = 120.0
"""Up to here ticks are four to a frame instead of two (``webrtc.md`` E2), for shorter waits; not
with metadata, which has the runtime send a frame at every tick."""

MAX_PAYLOAD = 60_000
"""Characters that an echo may carry; a message of protocol v0 has at most 256 KiB."""


def build(*, fps: float | None = None, **options: Any) -> type[ReactorApp]:
    """Make the model class of ``probe``.

    Args:
        fps: Frames per second in a streamed session; 30 by default.
        options: As for :class:`~reactor_env.world_options.ProbeOptions`.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.

    Raises:
        ValueError: If an option does not fit, or ``fps`` is not positive.
    """
    chosen = ProbeOptions(**options)
    rate = chosen_rate(fps, RATE)
    playout = playout_fps(rate)
    if not chosen.metadata:
        playout = max(playout, min(4 * rate, FINE_PLAYOUT))

    class EpisodeStarted(ModelMessage):
        """The answer to reset; its defaults tell what every session has in common."""

        episode: int | None = MessageField(
            default=None,
            description="Counts this session's resets, from 1; null where no frame says so.",
        )
        width: int = MessageField(default=chosen.width, description="Pixels across each frame.")
        height: int = MessageField(default=chosen.height, description="Pixels down each frame.")
        fps: float = MessageField(default=rate, description="Frames per second when streamed.")

    class Echoed(ModelMessage):
        """The answer to echo: what was sent, and when that was seen and answered."""

        payload: str = MessageField(default="", description="As it was sent.")
        received_us: int = MessageField(
            default=0, description="When the model got it, on the clock of the frames."
        )
        sent_us: int = MessageField(default=0, description="When the model answered, likewise.")
        frame: int = MessageField(default=0, description="The number of the last frame made.")

    class Probe(ReactorApp):
        """Emits stamped frames from the beginning of a session, whether anybody acts or not."""

        fps = OFF_BEAT * playout
        buffer_size = 1

        def __init__(self) -> None:
            super().__init__()
            self._backdrop = Backdrop(chosen.content, chosen.width, chosen.height)
            self._schedule = Schedule(rate)
            self._forget()

        def _forget(self) -> None:
            self._number = self._episode = 0
            self._begin_episode()

        def _begin_episode(self) -> None:
            # Frames are step 0 until there is an action: if only one were, it might be lost, and
            # nobody could tell that the episode has begun.
            self._acted = False
            self._step = self._action = 0
            self._action_seq = -1

        @session_started
        def _begin(self) -> None:
            self._forget()
            self._backdrop.begin(0)
            self._schedule.begin(time.monotonic())

        @event(name="reset", description="Start a new episode; the frames go on.")
        async def reset(
            self,
            seed: int = InputField(
                NO_SEED,
                ge=NO_SEED,
                le=MAX_SEED,
                description="Where the picture begins; -1 goes on where it is.",
            ),
        ) -> EpisodeStarted:
            if seed != NO_SEED:
                self._backdrop.begin(seed)
            self._episode += 1
            self._begin_episode()
            # Who is told an episode waits for a frame that names it.
            return EpisodeStarted(episode=self._episode if chosen.metadata else None)

        @event(name="act", description="Set the action, held until the next one.")
        async def act(
            self,
            action: int = InputField(
                ge=0,
                le=DIRECTIONS - 1,
                description="Where natural content moves, in 256ths of a turn from rightwards.",
            ),
            action_seq: int = InputField(
                -1, ge=-1, description="The sender's number for this action."
            ),
        ) -> None:
            self._acted = True
            self._action = action
            self._action_seq = action_seq

        @event(name="echo", description="Answer at once, with the time on the frames' clock.")
        async def echo(
            self,
            payload: str = InputField(
                "", max_length=MAX_PAYLOAD, description="Anything; comes back as it is."
            ),
        ) -> Echoed:
            received = clock_us()
            return Echoed(
                payload=payload, received_us=received, frame=self._number, sent_us=clock_us()
            )

        async def process_input(self) -> None:
            """Refuse a step of a streamed session that is not due, so that commands get in."""
            if not self._stepped and not self._schedule.due(time.monotonic()):
                raise ApplicationError("the next frame is not due")

        def generate(self, _: object) -> WorldOutput:
            """Make the next frame."""
            self._schedule.advance(time.monotonic())
            self._number += 1
            self._step += self._acted
            captured = clock_us()
            picture = self._backdrop.draw(self._action)
            draw_stamp(picture, Stamp.of(self._number, captured, self._action_seq))
            if not chosen.metadata:
                return WorldOutput(main_video=TrackPayload(picture))
            place = {
                "n": self._number,
                "clock_us": captured,
                "action": self._action,
                "action_seq": self._action_seq,
                "episode": self._episode,
                "step": self._step,
                "reward": 0.0,
                "return": 0.0,
                "terminated": False,
                "truncated": False,
            }
            return WorldOutput(main_video=TrackPayload(picture, metadata=place))

        async def process_output(self, outcome: StepOutcome) -> Output | None:
            """Emit the frame; an error ends the session with its traceback."""
            if outcome.error is not None:
                raise outcome.error
            result: Output = outcome.result
            return result

    return Probe


def clock_us() -> int:
    """Return the clock of the frames, in microseconds: this machine's own monotonic one."""
    return time.monotonic_ns() // 1000
