"""Twin of reactor/lingbot: held movement, runs that follow each other, a state that lags.

Source: ``platform.md`` C2, E3, E5. The model makes 1664x960, 17 frames and then 24 in a chunk,
delivered at 38 to 40 a second, and runs of 300 chunks; the twin 208x120, 5 and then 7, at 40, and
runs of ``run_limit`` (12) chunks. It has no fixed rate: playout follows the time a chunk takes.

- Begun by ``start``, which needs an image and a prompt and reads the seed, and ended by ``reset``,
  which forgets image and prompt. The image is locked in between; the prompt is not.
- ``set_prompt``, ``set_image``, ``pause``, ``resume`` and ``reset`` are answered by a message to
  the sender. Nothing answers the others.
- Refusals are broadcast as ``command_error``; the command is acknowledged without its reply.
- What is held is sampled at the boundary of a chunk. ``state`` comes after every command and chunk
  and tells what the last chunk was made with: it is one chunk behind the commands.
- After the last chunk of a run the next follows at once with the same image, prompt and seed;
  ``started`` stays true and ``current_chunk`` goes back to 0.

Assumed beyond it: that ``generation_complete`` tells the end of a run and nothing the next one's
beginning; that ``state`` is sent to who connects; that the controls survive ``reset``; the fields
of messages other than ``state`` and ``command_error``.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

from typing import Any, Literal

from reactor_runtime import (
    InputField,
    ModelMessage,
    Output,
    StepCompleted,
    StepOutcome,
    UploadedFile,
    connected,
    event,
    session_started,
)

from tests.twins.common import Film, TwinOutput, image_size, work
from tests.twins.hosted import HostedTwin, acknowledged
from tests.twins.options import number

RUN_LIMIT = number("run_limit", 12)
FIRST_CHUNK, CHUNK = 5, 7
FPS = 40.0
KEYS = {"forward": "w", "back": "s", "strafe_left": "a", "strafe_right": "d"}


class PromptAccepted(ModelMessage):
    """The prompt was taken."""

    prompt: str


class ImageAccepted(ModelMessage):
    """The image was taken."""

    width: int
    height: int


class ConditionsReady(ModelMessage):
    """start would be carried out now."""

    has_image: bool
    has_prompt: bool


class GenerationStarted(ModelMessage):
    """start was carried out."""

    prompt: str


class ChunkComplete(ModelMessage):
    """A chunk was generated; its frames may still be on their way."""

    chunk_index: int
    frames_emitted: int


class GenerationPaused(ModelMessage):
    """Generating stopped for now."""

    chunk_index: int


class GenerationResumed(ModelMessage):
    """Generating goes on."""

    chunk_index: int


class GenerationComplete(ModelMessage):
    """The run is over; another follows."""

    total_chunks: int


class GenerationReset(ModelMessage):
    """The run was ended, image and prompt are forgotten."""


class CommandErrorMessage(ModelMessage):
    """A command could not be carried out."""

    name = "command_error"
    command: str
    reason: str


class State(ModelMessage):
    """Sent after every command and every chunk; it is one chunk behind the commands."""

    started: bool
    running: bool
    paused: bool
    has_image: bool
    has_prompt: bool
    current_prompt: str | None
    current_chunk: int
    current_action: str | None
    movement: str
    look_horizontal: str
    look_vertical: str
    rotation_speed_deg: float
    seed: int


class Lingbot(HostedTwin):
    """A world to walk through, begun from one image."""

    @session_started
    def _begin(self) -> None:
        self.begin_session(Film("lingbot", 208, 120))
        self._held: dict[str, Any] = {
            "movement": "idle",
            "look_horizontal": "idle",
            "look_vertical": "idle",
            "rotation_speed_deg": 5.0,
        }
        self._applied = dict(self._held)

    @connected
    async def _greet(self) -> None:
        await self._tell_state()

    async def refuse(self, command: str, reason: str) -> None:
        """Broadcast ``command_error``."""
        await self.send(CommandErrorMessage(command=command, reason=reason))

    async def _tell_state(self) -> None:
        await self.send(
            State(
                started=self.started,
                running=self.running,
                paused=self.paused,
                has_image=self.image is not None,
                has_prompt=bool(self.prompt),
                current_prompt=self.prompt or None,
                current_chunk=self.film.chunk,
                current_action=_action(self._applied),
                seed=self.seed,
                **self._applied,
            )
        )

    async def _hold(self, name: str, value: Any) -> None:
        self._held[name] = value
        await self._tell_state()

    async def _tell_conditions(self) -> None:
        if self.image is not None and self.prompt and not self.started:
            await self.send(ConditionsReady(has_image=True, has_prompt=True))
        await self._tell_state()

    @event(name="set_prompt", description="Describe the world; may change while it runs.")
    async def set_prompt(self, prompt: str) -> PromptAccepted:
        self.prompt = prompt
        await self._tell_conditions()
        return PromptAccepted(prompt=prompt)

    @event(name="set_image", description="Give the picture the world begins from.")
    async def set_image(self, image: UploadedFile) -> ImageAccepted:
        if reason := self.why_no_image(image):
            await self.refuse("set_image", reason)
            return acknowledged(ImageAccepted)
        self.image = image
        width, height = image_size(image)
        await self._tell_conditions()
        return ImageAccepted(width=width, height=height)

    @event(name="set_movement", description="Move, until another value is set.")
    async def set_movement(
        self, movement: Literal["idle", "forward", "back", "strafe_left", "strafe_right"]
    ) -> None:
        await self._hold("movement", movement)

    @event(name="set_look_horizontal", description="Turn, until another value is set.")
    async def set_look_horizontal(self, look_horizontal: Literal["idle", "left", "right"]) -> None:
        await self._hold("look_horizontal", look_horizontal)

    @event(name="set_look_vertical", description="Tilt, until another value is set.")
    async def set_look_vertical(self, look_vertical: Literal["idle", "up", "down"]) -> None:
        await self._hold("look_vertical", look_vertical)

    @event(name="set_rotation_speed_deg", description="Set how fast a look turns, in degrees.")
    async def set_rotation_speed_deg(
        self, rotation_speed_deg: float = InputField(5.0, ge=0, le=30)
    ) -> None:
        await self._hold("rotation_speed_deg", rotation_speed_deg)

    @event(name="set_seed", description="Choose the seed, which start reads.")
    async def set_seed(self, seed: int = InputField(ge=0)) -> None:
        self.seed = seed
        await self._tell_state()

    @event(name="start", description="Begin to generate; needs an image and a prompt.")
    async def start(self) -> None:
        if reason := self.why_no_start():
            await self.refuse("start", reason)
            return
        self.started = True
        self.film.begin(self.seed)
        await self.send(GenerationStarted(prompt=self.prompt))
        await self._tell_state()

    @event(name="pause", description="Stop generating for now.")
    async def pause(self) -> GenerationPaused:
        if reason := self.why_no_pause(True):
            await self.refuse("pause", reason)
            return acknowledged(GenerationPaused)
        self.paused = True
        await self._tell_state()
        return GenerationPaused(chunk_index=self.film.chunk)

    @event(name="resume", description="Go on after a pause.")
    async def resume(self) -> GenerationResumed:
        if reason := self.why_no_pause(False):
            await self.refuse("resume", reason)
            return acknowledged(GenerationResumed)
        self.paused = False
        await self._tell_state()
        return GenerationResumed(chunk_index=self.film.chunk)

    @event(name="reset", description="End the run, and forget image and prompt.")
    async def reset(self) -> GenerationReset:
        self.forget()
        self.film.chunk = 0
        self.output.flush()
        await self._tell_state()
        return GenerationReset()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next chunk."""
        self.check_running()
        self._applied = dict(self._held)
        image = self.image.data if self.image is not None else None
        return {**self._applied, "prompt": self.prompt, "image": image}

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk."""
        frames = CHUNK if self.film.chunk else FIRST_CHUNK
        work(frames / FPS)
        return TwinOutput(main_video=self.film.shoot(controls, frames))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk and tell about it; an error ends the session."""
        output = await super().process_output(outcome)
        chunk = self.film.chunk - 1
        frames = CHUNK if chunk else FIRST_CHUNK
        await self.send(ChunkComplete(chunk_index=chunk, frames_emitted=frames))
        await self._tell_state()
        if self.film.chunk >= RUN_LIMIT:
            await self.send(GenerationComplete(total_chunks=self.film.chunk))
            self.film.begin(self.film.seed)
            await self._tell_state()
        return output


def _action(controls: dict[str, Any]) -> str:
    """Return what is held in the model's words, ``w+left`` or ``still``."""
    words = [KEYS.get(controls["movement"], "idle")]
    words += [controls["look_horizontal"], controls["look_vertical"]]
    return "+".join(word for word in words if word != "idle") or "still"
