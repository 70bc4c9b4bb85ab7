"""Twin of lingbot-world-v2: six axes set at once, a rollout that ends at its limit.

Source: ``platform.md`` C3, E3. The model makes 832x480, 13 frames and then 16 per action, and stops
after 256 chunks; the twin 208x120 at 24 frames a second, 4 and then 5, and stops after
``run_limit`` (6) chunks.

- ``set_camera`` sets all six axes at once; they are held, and sampled at the boundary of a chunk.
- ``chunk_completed`` tells the axes and the prompt of each chunk.
- A step is refused with a reason while no image is selected and after the limit.
- Refusals of commands are answered, with ``image_required`` or ``rollout_limit_reached``.
- ``reset`` keeps image and prompt. It and a new image cut the video and release the camera, as does
  any client that leaves.

Assumed beyond it: that a step needs an image but no prompt; that a new prompt counts from the next
chunk on, in the same rollout; that the end of the rollout is told only by the refusals; that
``set_camera`` is refused then, ``release_camera`` not.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
from typing import Any

from reactor_runtime import (
    ApplicationError,
    CommandError,
    InputField,
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
FIRST_CHUNK, CHUNK = 4, 5
GENERATE_S = 0.02


class ChunkCompleted(ModelMessage):
    """A chunk was generated; its frames may still be on their way."""

    chunk: int
    frames: int
    generation_seconds: float
    prompt: str | None
    axes: dict[str, float]


class LingbotWorldV2(ReactorApp):
    """A world to fly through on six axes."""

    fps = number("fps", 24.0)

    @session_started
    def _begin(self) -> None:
        self._film = Film("lingbot_world_v2", 208, 120)
        self._images = random.Random(3)
        self._image: bytes | None = None
        self._prompt = ""
        self._release()

    def _release(self) -> None:
        self._axes = dict.fromkeys(SIX_AXES, 0.0)

    @disconnected
    async def _leave(self) -> None:
        self._release()

    def _check_image(self) -> None:
        if self._image is None:
            raise CommandError("image_required", "no image is selected: send set_image first")

    def _restart(self) -> None:
        self._film.begin(0)
        self._release()
        self.output.flush()

    @event(name="set_camera", description="Move and turn the camera at these speeds.")
    async def set_camera(
        self,
        forward: float = InputField(ge=-1, le=1),
        strafe: float = InputField(ge=-1, le=1),
        vertical: float = InputField(ge=-1, le=1),
        pitch: float = InputField(ge=-1, le=1),
        yaw: float = InputField(ge=-1, le=1),
        roll: float = InputField(ge=-1, le=1),
    ) -> None:
        self._check_image()
        if self._film.chunk >= RUN_LIMIT:
            raise CommandError("rollout_limit_reached", "the rollout is over: send reset first")
        speeds = (forward, strafe, vertical, pitch, yaw, roll)
        self._axes = dict(zip(SIX_AXES, speeds, strict=True))

    @event(name="release_camera", description="Hold the camera still.")
    async def release_camera(self) -> None:
        self._release()

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> None:
        self._image = accepted(image)
        self._restart()

    @event(name="random_image", description="Begin from a random picture.")
    async def random_image(self) -> None:
        self._image = self._images.randbytes(8)
        self._restart()

    @event(name="set_prompt", description="Describe the world.")
    async def set_prompt(self, prompt: str) -> None:
        self._prompt = prompt

    @event(name="reset", description="Begin again.")
    async def reset(self) -> None:
        self._check_image()
        self._restart()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next chunk."""
        if self._image is None:
            raise ApplicationError("no image is selected: send set_image or random_image first")
        if self._film.chunk >= RUN_LIMIT:
            raise ApplicationError(f"rollout limit of {RUN_LIMIT} chunks reached: reset first")
        return {**self._axes, "prompt": self._prompt, "image": self._image}

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk."""
        work(GENERATE_S)
        frames = CHUNK if self._film.chunk else FIRST_CHUNK
        return TwinOutput(main_video=self._film.shoot(controls, frames))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk and tell about it; an error ends the session."""
        output = await super().process_output(outcome)
        chunk = self._film.chunk - 1
        await self.send(
            ChunkCompleted(
                chunk=chunk,
                frames=CHUNK if chunk else FIRST_CHUNK,
                generation_seconds=outcome.elapsed,
                prompt=self._prompt or None,
                axes=self._axes,
            )
        )
        return output
