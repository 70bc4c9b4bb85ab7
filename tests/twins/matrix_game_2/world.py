"""Twin of matrix-game-2-0-universal-distilled: a rollout that stops at its limit until reset.

Source: ``platform.md`` C3, E3. The model makes 640x352, 9 frames and then 12 per action, and stops
after 120 chunks; the twin 160x88 at 24 frames a second, 3 and then 4, and stops after ``run_limit``
(6) chunks.

- Keys, pitch and yaw are held, and sampled at the boundary of a chunk; ``applies_to_chunk`` says
  of which.
- A step is refused with a reason while no image is selected and after the limit, which
  ``rollout_limit_reached`` tells once.
- Refusals of commands are answered, with ``image_required`` or ``rollout_limit_reached``, which
  protocol v0 leaves silent.
- ``reset`` keeps the image. It, ``set_image`` and ``random_image`` cut the video and release the
  controls, as does any client that leaves.

Assumed beyond it: that control commands are refused after the limit, ``release_controls`` not;
that a key tapped within a chunk is lost (``abot-world`` keeps it); which fields the messages have;
that ``state_update`` is sent to who connects, after every command and after every chunk.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
from typing import Any, Literal

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
    connected,
    disconnected,
    event,
    session_started,
)

from tests.twins.common import Film, Held, TwinOutput, accepted, work
from tests.twins.options import number

RUN_LIMIT = number("run_limit", 6)
FIRST_CHUNK, CHUNK = 3, 4
GENERATE_S = 0.02


class ActionChanged(ModelMessage):
    """The keys that are held now."""

    pressed_keys: list[str]
    applies_to_chunk: int


class CameraMotionChanged(ModelMessage):
    """The camera's speeds now."""

    pitch: float
    yaw: float
    applies_to_chunk: int


class ChunkComplete(ModelMessage):
    """A chunk was generated; its frames may still be on their way."""

    chunk: int
    frames: int
    pressed_keys: list[str]
    pitch: float
    yaw: float


class RolloutLimitReached(ModelMessage):
    """The rollout is as long as it may be; reset begins another."""

    completed_chunks: int


class StateUpdate(ModelMessage):
    """Sent to who connects, after every command and after every chunk."""

    pressed_keys: list[str]
    pitch: float
    yaw: float
    has_image: bool
    next_chunk: int
    completed_chunks: int


class MatrixGame(ReactorApp):
    """A world to walk through, begun from one image."""

    fps = number("fps", 24.0)

    @session_started
    def _begin(self) -> None:
        self._film = Film("matrix_game_2", 160, 88)
        self._images = random.Random(2)
        self._image: bytes | None = None
        self._keys = Held()
        self._pitch = self._yaw = 0.0

    def _release(self) -> None:
        self._keys.clear()
        self._pitch = self._yaw = 0.0

    @connected
    async def _greet(self) -> None:
        await self._tell_state()

    @disconnected
    async def _leave(self) -> None:
        self._release()

    async def _tell_state(self) -> None:
        await self.send(
            StateUpdate(
                pressed_keys=self._keys.names,
                pitch=self._pitch,
                yaw=self._yaw,
                has_image=self._image is not None,
                next_chunk=self._film.chunk,
                completed_chunks=self._film.chunk,
            )
        )

    def _check_open(self) -> None:
        """Refuse a control that no chunk would be made with."""
        if self._image is None:
            raise CommandError("image_required", "no image is selected: send set_image first")
        if self._film.chunk >= RUN_LIMIT:
            raise CommandError("rollout_limit_reached", "the rollout is over: send reset first")

    async def _restart(self) -> None:
        self._film.begin(0)
        self._release()
        self.output.flush()
        await self._tell_state()

    @event(name="set_key_state", description="Press or release a key.")
    async def set_key_state(self, key: Literal["w", "a", "s", "d"], pressed: bool) -> None:
        self._check_open()
        self._keys.set(key, pressed)
        await self.send(
            ActionChanged(pressed_keys=self._keys.names, applies_to_chunk=self._film.chunk)
        )
        await self._tell_state()

    @event(name="set_pitch", description="Tilt at this speed, until another is set.")
    async def set_pitch(self, pitch: float = InputField(ge=-1, le=1)) -> None:
        self._check_open()
        self._pitch = pitch
        await self._tell_camera()

    @event(name="set_yaw", description="Turn at this speed, until another is set.")
    async def set_yaw(self, yaw: float = InputField(ge=-1, le=1)) -> None:
        self._check_open()
        self._yaw = yaw
        await self._tell_camera()

    async def _tell_camera(self) -> None:
        await self.send(
            CameraMotionChanged(pitch=self._pitch, yaw=self._yaw, applies_to_chunk=self._film.chunk)
        )
        await self._tell_state()

    @event(name="release_controls", description="Release everything that is held.")
    async def release_controls(self) -> None:
        self._release()
        await self._tell_state()

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> None:
        self._image = accepted(image)
        await self._restart()

    @event(name="random_image", description="Begin from a random picture.")
    async def random_image(self) -> None:
        self._image = self._images.randbytes(8)
        await self._restart()

    @event(name="reset", description="Begin again.")
    async def reset(self) -> None:
        if self._image is None:
            raise CommandError("image_required", "no image is selected: send set_image first")
        await self._restart()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next chunk."""
        if self._image is None:
            raise ApplicationError("no image is selected: send set_image or random_image first")
        if self._film.chunk >= RUN_LIMIT:
            raise ApplicationError(f"rollout limit of {RUN_LIMIT} chunks reached: reset first")
        return {
            **self._keys.sample(),
            "pitch": self._pitch,
            "yaw": self._yaw,
            "image": self._image,
        }

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk."""
        work(GENERATE_S)
        frames = CHUNK if self._film.chunk else FIRST_CHUNK
        return TwinOutput(main_video=self._film.shoot(controls, frames))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk and tell about it; an error ends the session."""
        output = await super().process_output(outcome)
        # No command lands within a step: these are still what it sampled.
        chunk = self._film.chunk - 1
        await self.send(
            ChunkComplete(
                chunk=chunk,
                frames=CHUNK if chunk else FIRST_CHUNK,
                pressed_keys=self._keys.names,
                pitch=self._pitch,
                yaw=self._yaw,
            )
        )
        await self._tell_state()
        if self._film.chunk >= RUN_LIMIT:
            await self.send(RolloutLimitReached(completed_chunks=self._film.chunk))
        return output
