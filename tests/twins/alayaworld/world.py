"""Twin of alayaworld: six axes set one by one, a rollout that begins again by itself.

Source: ``platform.md`` C3, E3. The model makes 960x544 at 24 frames a second, 32 per action, and
begins again after 512 chunks; the twin 160x90 at 24, 8 per action, and begins again after
``run_limit`` (6) chunks.

- Each axis has a command of its own and is held; all are sampled at the boundary of a chunk, so a
  chunk can begin between two of them. ``applies_to_chunk`` says which chunk a command counts for.
- After the last chunk ``rollout_reset_queued`` is sent with the trigger
  ``automatic_chunk_limit``, and the next step begins another rollout with the same image and
  prompt. The controls are cleared.
- A step is refused with a reason while no image is selected; ``reset`` with ``image_required``.
- ``reset`` keeps image and prompt. It and a new image cut the video and release the axes, as does
  any client that leaves.

Assumed beyond it: that a step needs an image but no prompt; that a new prompt counts from the next
chunk on, in the same rollout; that the trigger of ``reset`` is ``reset`` and its seed 0 when left
out; that the axes are told with ``camera_motion_changed``.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
from typing import Any

from reactor_runtime import (
    ApplicationError,
    CommandError,
    InputField,
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    StepCompleted,
    StepOutcome,
    UploadedFile,
    disconnected,
    event,
    session_started,
)

from tests.twins.common import Film, TwinOutput, accepted, work
from tests.twins.controls import SIX_AXES
from tests.twins.options import number

RUN_LIMIT = number("run_limit", 6)
CHUNK = 8
GENERATE_S = 0.02


class CameraMotionChanged(ModelMessage):
    """The speeds of all axes."""

    forward: float
    strafe: float
    vertical: float
    pitch: float
    yaw: float
    roll: float
    applies_to_chunk: int


class RolloutResetQueued(ModelMessage):
    """The next chunk begins another rollout."""

    trigger: str = MessageField(description="reset, or automatic_chunk_limit.")


class Alayaworld(ReactorApp):
    """A world to fly through on six axes."""

    fps = number("fps", 24.0)

    @session_started
    def _begin(self) -> None:
        self._film = Film("alayaworld", 160, 90)
        self._images = random.Random(4)
        self._image: bytes | None = None
        self._prompt = ""
        self._release()

    def _release(self) -> None:
        self._axes = dict.fromkeys(SIX_AXES, 0.0)

    @disconnected
    async def _leave(self) -> None:
        self._release()

    async def _turn(self, axis: str, speed: float) -> None:
        self._axes[axis] = speed
        await self.send(CameraMotionChanged(**self._axes, applies_to_chunk=self._film.chunk))

    @event(name="set_forward", description="Move along the view at this speed.")
    async def set_forward(self, forward: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("forward", forward)

    @event(name="set_strafe", description="Move across the view at this speed.")
    async def set_strafe(self, strafe: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("strafe", strafe)

    @event(name="set_vertical", description="Move up and down at this speed.")
    async def set_vertical(self, vertical: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("vertical", vertical)

    @event(name="set_pitch", description="Tilt at this speed.")
    async def set_pitch(self, pitch: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("pitch", pitch)

    @event(name="set_yaw", description="Turn at this speed.")
    async def set_yaw(self, yaw: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("yaw", yaw)

    @event(name="set_roll", description="Roll at this speed.")
    async def set_roll(self, roll: float = InputField(ge=-1, le=1)) -> None:
        await self._turn("roll", roll)

    @event(name="set_prompt", description="Describe the world.")
    async def set_prompt(self, prompt: str) -> None:
        self._prompt = prompt

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> None:
        self._image = accepted(image)
        self._restart(0)

    @event(name="random_image", description="Begin from a random picture.")
    async def random_image(self) -> None:
        self._image = self._images.randbytes(8)
        self._restart(0)

    @event(name="reset", description="Begin again.")
    async def reset(self, seed: int = 0) -> None:
        if self._image is None:
            raise CommandError("image_required", "no image is selected: send set_image first")
        self._restart(seed)
        await self.send(RolloutResetQueued(trigger="reset"))

    def _restart(self, seed: int) -> None:
        self._film.begin(seed)
        self._release()
        self.output.flush()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next chunk."""
        if self._image is None:
            raise ApplicationError("no image is selected: send set_image or random_image first")
        return {**self._axes, "prompt": self._prompt, "image": self._image}

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk."""
        work(GENERATE_S)
        return TwinOutput(main_video=self._film.shoot(controls, CHUNK))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk; an error ends the session."""
        output = await super().process_output(outcome)
        if self._film.chunk >= RUN_LIMIT:
            self._film.begin(self._film.seed)
            self._release()
            await self.send(RolloutResetQueued(trigger="automatic_chunk_limit"))
        return output
