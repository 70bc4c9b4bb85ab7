"""Twin of flashdreams-lingbot: a step may give no frames, and restarts come of themselves.

Source: ``platform.md`` C3. The model makes 832x464 at 16 frames a second, 12 per step, and restarts
after 20 steps; the twin 208x116 at 24, 4 per step, and restarts after ``run_limit`` (6) steps.

- A restart takes a step of its own, which tells ``rollout_restarted`` and gives no frames. It comes
  after the last step of a rollout, and after ``reset``, ``set_prompt`` and ``set_image``.
- Every frame carries ``{"rollout": n, "index": m}``; the runtime therefore repeats the last frame
  while nothing newer is there.
- Keys are held, all named at once. Mouse movements add up until the next step, which consumes them.
- A step is refused while paused.

Assumed beyond it: that it begins on its own; that a new seed counts from the next restart on; that
a restart keeps prompt, image and keys, and flushes only when a command asked for it; that ``index``
counts the frames of a rollout; the code of the refusal of other keys.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

from typing import Any

from reactor_runtime import (
    ApplicationError,
    CommandError,
    Metadata,
    ModelMessage,
    ReactorApp,
    StepOutcome,
    TrackPayload,
    UploadedFile,
    event,
    session_started,
)

from tests.twins.common import Film, TwinOutput, accepted, work
from tests.twins.controls import FLASHDREAMS_KEYS
from tests.twins.options import number

RUN_LIMIT = number("run_limit", 6)
CHUNK = 4
GENERATE_S = 0.02


class RolloutRestarted(ModelMessage):
    """The rollout starts again."""


class FlashdreamsLingbot(ReactorApp):
    """A world to walk through, in short rollouts."""

    fps = number("fps", 24.0)

    @session_started
    def _begin(self) -> None:
        self._film = Film("flashdreams_lingbot", 208, 116)
        self._film.begin(0)
        self._seed = 0
        self._keys: list[str] = []
        self._motion = dict.fromkeys(("dx", "dy", "wheel"), 0.0)
        self._paused = False
        self._restart = False
        self._prompt = ""
        self._image: bytes | None = None

    def _ask_restart(self) -> None:
        self._restart = True
        self.output.flush()

    @event(name="set_keys", description="Hold these keys and no others.")
    async def set_keys(self, keys: str) -> None:
        names = [name.strip() for name in keys.split(",") if name.strip()]
        if unknown := [name for name in names if name not in FLASHDREAMS_KEYS]:
            raise CommandError("invalid_keys", f"no such key: {', '.join(unknown)}")
        self._keys = names

    @event(name="move", description="Move the mouse, and turn its wheel.")
    async def move(self, dx: float, dy: float, wheel: float) -> None:
        for name, value in (("dx", dx), ("dy", dy), ("wheel", wheel)):
            self._motion[name] += value

    @event(name="set_seed", description="Choose the seed.")
    async def set_seed(self, seed: int) -> None:
        self._seed = seed

    @event(name="set_paused", description="Pause, or go on.")
    async def set_paused(self, paused: bool) -> None:
        self._paused = paused

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> None:
        self._image = accepted(image)
        self._ask_restart()

    @event(name="set_prompt", description="Describe the world; starts the rollout again.")
    async def set_prompt(self, prompt: str) -> None:
        self._prompt = prompt
        self._ask_restart()

    @event(name="reset", description="Begin again.")
    async def reset(self) -> None:
        self._ask_restart()

    async def process_input(self) -> dict[str, Any] | None:
        """Sample the controls for the next step; ``None`` when it is a restart."""
        if self._paused:
            raise ApplicationError("paused")
        if self._restart or self._film.chunk >= RUN_LIMIT:
            return None
        shown = dict.fromkeys(self._keys, True) | self._motion
        self._motion = dict.fromkeys(self._motion, 0.0)
        return {**shown, "prompt": self._prompt, "image": self._image}

    def generate(self, controls: dict[str, Any] | None) -> TwinOutput | None:
        """Make one chunk, or start again."""
        if controls is None:
            self._restart = False
            self._film.begin(self._seed)
            return None
        work(GENERATE_S)
        first = self._film.frame
        frames = self._film.shoot(controls, CHUNK)
        metadata: list[Metadata] = [
            {"rollout": self._film.run - 1, "index": index} for index in range(first, first + CHUNK)
        ]
        return TwinOutput(main_video=TrackPayload(frames, metadata=metadata))

    async def process_output(self, outcome: StepOutcome) -> TwinOutput | None:
        """Emit the chunk or tell of the restart; an error ends the session."""
        if outcome.error is not None:
            raise outcome.error
        output: TwinOutput | None = outcome.result
        if output is None:
            await self.send(RolloutRestarted())
        return output
