"""``room`` as a model for ``reactor-runtime``, steered as hosted models are.

``set_move``, ``set_strafe`` and ``set_turn`` are held until they are set again. They are taken at
the beginning of a chunk, which ``controls_changed`` names and ``chunk_complete`` follows. Frames
carry no metadata unless the option ``pose`` asks for it.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import time
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from reactor_runtime import (
    ApplicationError,
    CommandError,
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

from reactor_env.world_options import RoomOptions
from reactor_env.worlds.episodic import MAX_SEED, NO_SEED, WorldOutput
from reactor_env.worlds.room.geometry import IDLE, Controls
from reactor_env.worlds.room.simulation import Room, Shot
from reactor_env.worlds.schedule import Schedule, chosen_rate, playout_fps

RATE = 15.0
"""Frames per second, by default."""

_MOVES = {"idle": 0, "forward": 1, "back": -1}
_SIDES = {"idle": 0, "left": -1, "right": 1}


def build(*, fps: float | None = None, **options: Any) -> type[ReactorApp]:
    """Make the model class of ``room``.

    Args:
        fps: Frames per second in a streamed session; 15 by default.
        options: As for :class:`~reactor_env.world_options.RoomOptions`.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.

    Raises:
        ValueError: If an option does not fit, or ``fps`` is not positive.
    """
    chosen = RoomOptions(**options)
    rate = chosen_rate(fps, RATE)

    class RunStarted(ModelMessage):
        """The answer to reset; its defaults tell what every run has in common."""

        run: int = MessageField(default=0, description="Counts this session's resets, from 1.")
        width: int = MessageField(default=chosen.width, description="Pixels across each frame.")
        height: int = MessageField(default=chosen.height, description="Pixels down each frame.")
        fps: float = MessageField(default=rate, description="Frames per second when streamed.")

    class ControlsChanged(ModelMessage):
        """What is held now, and the first chunk that shows it."""

        move: str
        strafe: str
        turn: str
        chunk: int

    class ChunkComplete(ModelMessage):
        """A chunk was made; chunks of a run count from 0."""

        chunk: int
        frames: int

    class RoomModel(ReactorApp):
        """A room to walk in."""

        # A chunk is played at the rate of its frames; single frames are played as they come.
        fps = rate if chosen.chunk > 1 else playout_fps(rate)
        buffer_size = 1

        def __init__(self) -> None:
            super().__init__()
            self._room = Room(chosen)
            self._schedule = Schedule(rate / chosen.chunk)
            self._forget()

        def _forget(self) -> None:
            self._runs = self._chunk = self._seed = 0
            self._controls = IDLE

        @session_started
        def _begin(self) -> None:
            self._forget()

        @event(
            name="reset", description="Start a run in the middle of a room; releases everything."
        )
        async def reset(
            self,
            seed: int = InputField(
                NO_SEED,
                ge=NO_SEED,
                le=MAX_SEED,
                description="Which room; -1 is the last one again.",
            ),
        ) -> RunStarted:
            self._seed = self._seed if seed == NO_SEED else seed
            self._room.begin(self._seed)
            self._runs += 1
            self._chunk = 0
            self._controls = IDLE
            if not self._stepped:
                self.output.flush()
            self._schedule.begin(0.0)
            return RunStarted(run=self._runs)

        @event(name="set_move", description="Walk, until another direction is set.")
        async def set_move(self, move: Literal["idle", "forward", "back"]) -> None:
            await self._hold(move=_MOVES[move])

        @event(name="set_strafe", description="Walk sideways, until another direction is set.")
        async def set_strafe(self, strafe: Literal["idle", "left", "right"]) -> None:
            await self._hold(strafe=_SIDES[strafe])

        @event(name="set_turn", description="Turn, until another direction is set.")
        async def set_turn(self, turn: Literal["idle", "left", "right"]) -> None:
            await self._hold(turn=_SIDES[turn])

        @event(name="release_controls", description="Stand still.")
        async def release_controls(self) -> None:
            await self._hold(move=0, strafe=0, turn=0)

        async def _hold(self, **held: int) -> None:
            if not self._runs:
                raise CommandError("no_run", "no run was started: send reset first")
            self._controls = replace(self._controls, **held)
            # The first frame of a run shows none.
            first = max(self._chunk * chosen.chunk, 1) + chosen.delay
            await self.send(ControlsChanged(**_names(self._controls), chunk=first // chosen.chunk))

        async def process_input(self) -> Controls:
            """Sample the controls; refuse a step outside a run, and one that is not due."""
            if not self._runs:
                raise ApplicationError("no run was started: send reset first")
            if not self._stepped and not self._schedule.due(time.monotonic()):
                raise ApplicationError("the next chunk is not due")
            return self._controls

        def generate(self, controls: Controls) -> WorldOutput:
            """Make the next chunk."""
            self._schedule.advance(time.monotonic())
            shots = self._room.chunk(controls)
            self._chunk += 1
            pictures = np.stack([shot.picture for shot in shots])
            if not chosen.pose:
                return WorldOutput(main_video=pictures)
            poses: list[dict[str, Any] | bytes] = [self._truth(shot) for shot in shots]
            return WorldOutput(main_video=TrackPayload(pictures, metadata=poses))

        def _truth(self, shot: Shot) -> dict[str, Any]:
            x, y, heading = self._room.position(shot.pose)
            place = {"x": x, "y": y, "heading": heading, "frame": shot.frame}
            return {"run": self._runs, "restarts": shot.restarts, **place, **_names(shot.controls)}

        async def process_output(self, outcome: StepOutcome) -> Output | None:
            """Emit the chunk and tell about it; an error ends the session with its traceback."""
            if outcome.error is not None:
                raise outcome.error
            await self.send(ChunkComplete(chunk=self._chunk - 1, frames=chosen.chunk))
            result: Output = outcome.result
            return result

    return RoomModel


def _names(controls: Controls) -> dict[str, str]:
    """Return what is held as the commands call it."""
    sides = {number: name for name, number in _SIDES.items()}
    moves = {number: name for name, number in _MOVES.items()}
    return {
        "move": moves[controls.move],
        "strafe": sides[controls.strafe],
        "turn": sides[controls.turn],
    }
