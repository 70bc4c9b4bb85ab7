"""Twin of reactor/helios: steered by prompts, with snapshots to go back to.

Source: ``platform.md`` C2. The model makes 640x384, twice or four times as large with
``set_sr_scale``, at 24 frames a second in chunks of 33; the twin 160x96, at 24 in chunks of 6.

- Begun by ``start``, which needs a prompt, and ended by ``reset``. It runs without a limit.
- ``set_sr_scale`` changes the size of the frames in mid-session, with the next chunk.
- A scheduled prompt counts from its chunk on.
- ``save_snapshot`` keeps the place in the run, at most 50 of them; ``rewind`` goes back to one, -1
  to the last, and the chunks count on from there. One that does not exist is ``rewind_failed``.
- Prompts, images, pause, resume and snapshots are answered by a message to the sender; ``start``,
  ``reset`` and the settings by nothing. Refusals are broadcast as ``command_error``.

Assumed beyond it: that ``reset`` forgets prompt, image and snapshots; that a snapshot keeps the
prompt too; that ``state`` is sent to who connects, after every command and after every chunk; the
fields of all messages but ``state`` and ``command_error``; that a failed ``rewind`` is broadcast.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
from dataclasses import dataclass
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

CHUNK = 6
WIDTH, HEIGHT = 160, 96
SCALES = {"off": 1, "2x": 2, "4x": 4}
MAX_SNAPSHOTS = 50
GENERATE_S = 0.05


class State(ModelMessage):
    """Sent to who connects, after every command and after every chunk."""

    started: bool
    running: bool
    paused: bool
    current_prompt: str | None
    current_chunk: int
    current_frame: int
    image_set: bool


class ChunkComplete(ModelMessage):
    """A chunk was generated; its frames may still be on their way."""

    chunk_index: int
    frames_emitted: int
    active_prompt: str


class GenerationStarted(ModelMessage):
    """start was carried out."""

    prompt: str


class CommandErrorMessage(ModelMessage):
    """A command could not be carried out."""

    name = "command_error"
    command: str
    reason: str


class RewindFailed(ModelMessage):
    """There is no such snapshot."""

    reason: str


class PromptAccepted(ModelMessage):
    """The prompt was taken."""

    prompt: str


class ImageAccepted(ModelMessage):
    """The image was taken."""

    width: int
    height: int


class ConditionsReady(ModelMessage):
    """Prompt and image were taken."""

    has_image: bool
    has_prompt: bool


class GenerationPaused(ModelMessage):
    """Generating stopped for now."""

    chunk_index: int


class GenerationResumed(ModelMessage):
    """Generating goes on."""

    chunk_index: int


class SnapshotSaved(ModelMessage):
    """The present state was kept."""

    snapshot_index: int
    label: str
    chunk_index: int


class SnapshotList(ModelMessage):
    """The labels of the snapshots, in their order."""

    snapshots: list[str]


class RewindComplete(ModelMessage):
    """The run goes on from a snapshot."""

    snapshot_index: int
    chunk_index: int


@dataclass(frozen=True)
class Snapshot:
    """A place in a run."""

    label: str
    chunk: int
    frame: int
    prompt: str


class Helios(HostedTwin):
    """Video from text or an image, steered by prompts while it runs."""

    fps = number("fps", 24.0)

    @session_started
    def _begin(self) -> None:
        self.begin_session(Film("helios", WIDTH, HEIGHT))
        self.seed = -1
        self._strength = 1.0

    def forget(self) -> None:
        """Go back to WAITING, without conditions and snapshots."""
        super().forget()
        self._schedule: dict[int, str] = {}
        self._snapshots: list[Snapshot] = []

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
                current_prompt=self.prompt or None,
                current_chunk=self.film.chunk,
                current_frame=self.film.frame,
                image_set=self.image is not None,
            )
        )

    @event(name="set_prompt", description="Describe what happens from the next chunk on.")
    async def set_prompt(self, prompt: str) -> PromptAccepted:
        self.prompt = prompt
        await self._tell_state()
        return PromptAccepted(prompt=prompt)

    @event(name="schedule_prompt", description="Describe what happens from a later chunk on.")
    async def schedule_prompt(self, prompt: str, chunk: int) -> None:
        self._schedule[chunk] = prompt
        await self._tell_state()

    @event(name="set_image", description="Give a picture to begin from.")
    async def set_image(self, image: UploadedFile) -> ImageAccepted:
        if reason := self.why_no_image(image):
            await self.refuse("set_image", reason)
            return acknowledged(ImageAccepted)
        self.image = image
        await self._tell_state()
        width, height = image_size(image)
        return ImageAccepted(width=width, height=height)

    @event(name="set_conditioning", description="Set prompt and picture at once.")
    async def set_conditioning(self, prompt: str, image: UploadedFile) -> ConditionsReady:
        if reason := self.why_no_image(image):
            await self.refuse("set_conditioning", reason)
            return acknowledged(ConditionsReady)
        self.prompt, self.image = prompt, image
        await self._tell_state()
        return ConditionsReady(has_image=True, has_prompt=bool(prompt))

    @event(name="set_image_strength", description="Set how strongly the picture is followed.")
    async def set_image_strength(self, image_strength: float = InputField(1.0, ge=0, le=1)) -> None:
        self._strength = image_strength
        await self._tell_state()

    @event(name="set_sr_scale", description="Choose how much larger the frames are made.")
    async def set_sr_scale(self, sr_scale: Literal["off", "2x", "4x"]) -> None:
        scale = SCALES[sr_scale]
        self.film.size = (scale * WIDTH, scale * HEIGHT)
        await self._tell_state()

    @event(name="set_seed", description="Choose the seed.")
    async def set_seed(self, seed: int) -> None:
        self.seed = seed
        await self._tell_state()

    @event(name="start", description="Begin to generate.")
    async def start(self) -> None:
        if self.started or not self.prompt:
            await self.refuse("start", "already started" if self.started else "missing: prompt")
            return
        self.started = True
        self.film.begin(random.randrange(2**16) if self.seed < 0 else self.seed)
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

    @event(name="reset", description="End the run.")
    async def reset(self) -> None:
        self.forget()
        self.film.chunk = self.film.frame = 0
        self.output.flush()
        await self._tell_state()

    @event(name="save_snapshot", description="Keep the present state for rewind.")
    async def save_snapshot(self, label: str | None = None) -> SnapshotSaved:
        full = len(self._snapshots) >= MAX_SNAPSHOTS
        if full or not self.started:
            reason = f"there are {MAX_SNAPSHOTS} snapshots" if full else "not started"
            await self.refuse("save_snapshot", reason)
            return acknowledged(SnapshotSaved)
        index = len(self._snapshots)
        name = label or f"snapshot {index}"
        self._snapshots.append(Snapshot(name, self.film.chunk, self.film.frame, self.prompt))
        return SnapshotSaved(snapshot_index=index, label=name, chunk_index=self.film.chunk)

    @event(name="rewind", description="Go back to a snapshot.")
    async def rewind(self, snapshot_index: int) -> RewindComplete:
        count = len(self._snapshots)
        index = snapshot_index if snapshot_index != -1 else count - 1
        if not 0 <= index < count:
            await self.send(RewindFailed(reason=f"no snapshot {snapshot_index} of {count}"))
            return acknowledged(RewindComplete)
        snapshot = self._snapshots[index]
        self.film.chunk, self.film.frame = snapshot.chunk, snapshot.frame
        self.prompt = snapshot.prompt
        self.output.flush()
        await self._tell_state()
        return RewindComplete(snapshot_index=index, chunk_index=snapshot.chunk)

    @event(name="list_snapshots", description="Ask which snapshots there are.")
    async def list_snapshots(self) -> SnapshotList:
        return SnapshotList(snapshots=[snapshot.label for snapshot in self._snapshots])

    async def process_input(self) -> dict[str, Any]:
        """Take what is to be seen in the next chunk."""
        self.check_running()
        self.prompt = self._schedule.pop(self.film.chunk, self.prompt)
        image = self.image.data if self.image is not None else None
        return {"prompt": self.prompt, "image": image, "image_strength": self._strength}

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk."""
        work(GENERATE_S)
        return TwinOutput(main_video=self.film.shoot(controls, CHUNK))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk and tell about it; an error ends the session."""
        output = await super().process_output(outcome)
        await self.send(
            ChunkComplete(
                chunk_index=self.film.chunk - 1,
                frames_emitted=CHUNK,
                active_prompt=self.prompt,
            )
        )
        await self._tell_state()
        return output
