"""Twin of reactor/lingbot-world-2: held movement and a camera pose, runs that follow each other.

Source: ``platform.md`` C2, E3. The model makes 1664x960, chunks of 3 latents or about 12 frames,
delivered at about 42 frames a second while it stands and 20 while it moves; the twin 208x120,
chunks of 3 latents of 2 frames, at 40 and 20. It has no fixed rate: playout follows the time a
chunk takes.

- Begun by ``start``, which needs an image and a prompt, and ended by ``reset``, which forgets both.
  The image is locked in between.
- Refusals are broadcast as ``command_error``; the command is acknowledged all the same.
- What is held is sampled at the boundary of a chunk. ``state`` tells what the last chunk was made
  with: it is one chunk behind the commands. So does ``chunk_complete.active_action``.
- A run is ``run_limit`` (12) chunks long; ``generation_complete`` tells it, and the next run
  follows at once with the same image, prompt, seed and controls. ``started`` stays true.
- A pose of six numbers counts for the whole chunk, of 18 for one latent each, others are resampled;
  rotation replaces the looks, translation is normalised over the chunk.

Assumed beyond it: how long a run is; that a repeated run sends no ``generation_started``; that the
controls survive ``reset``; how ``current_action`` is spelled; that a pose of another length is
refused.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import math
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
from tests.twins.controls import POSE
from tests.twins.hosted import HostedTwin
from tests.twins.options import number

RUN_LIMIT = number("run_limit", 12)
LATENTS, FRAMES_PER_LATENT = 3, 2
STILL_FPS, MOVING_FPS = 40.0, 20.0
STILL = "still"
NO_POSE = InputField(None, max_length=1536)
KEYS = {"forward": "w", "back": "s", "strafe_left": "a", "strafe_right": "d"}


class PromptAccepted(ModelMessage):
    """The prompt was taken."""

    prompt: str


class ImageAccepted(ModelMessage):
    """The image was taken."""

    width: int
    height: int


class ConditionsReady(ModelMessage):
    """What start needs is there, or in part."""

    has_image: bool
    has_prompt: bool


class GenerationStarted(ModelMessage):
    """start was carried out."""

    prompt: str
    chunk_num: int
    frame_num: int


class ChunkComplete(ModelMessage):
    """A chunk was generated; its frames may still be on their way."""

    chunk_index: int
    active_action: str
    active_prompt: str
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

    reason: str


class CommandErrorMessage(ModelMessage):
    """A command could not be carried out."""

    name = "command_error"
    command: str
    reason: str


class State(ModelMessage):
    """Sent on connecting, after every command that changes something, and every chunk."""

    running: bool
    started: bool
    paused: bool
    has_image: bool
    has_prompt: bool
    current_prompt: str | None
    current_chunk: int
    current_action: str | None
    move_longitudinal: str
    move_lateral: str
    look_horizontal: str
    look_vertical: str
    rotation_speed_deg: float
    camera_pose_active: bool
    seed: int


class LingbotWorld2(HostedTwin):
    """A world to walk through, begun from one image."""

    @session_started
    def _begin(self) -> None:
        self.begin_session(Film("lingbot_world_2", 208, 120))
        self.seed = 42
        self._held: dict[str, Any] = {
            "move_longitudinal": "idle",
            "move_lateral": "idle",
            "look_horizontal": "idle",
            "look_vertical": "idle",
            "rotation_speed_deg": 5.0,
        }
        self._pose: list[float] = []
        self._kv_cache_reset = "auto"
        self._applied = self._sample()

    def _sample(self) -> dict[str, Any]:
        return {**self._held, "camera_pose": bool(self._pose)}

    @connected
    async def _greet(self) -> None:
        await self._tell_state()

    async def refuse(self, command: str, reason: str) -> None:
        """Broadcast ``command_error``."""
        await self.send(CommandErrorMessage(command=command, reason=reason))

    async def _tell_state(self) -> None:
        applied = dict(self._applied)
        await self.send(
            State(
                running=self.running,
                started=self.started,
                paused=self.paused,
                has_image=self.image is not None,
                has_prompt=bool(self.prompt),
                current_prompt=self.prompt or None,
                current_chunk=self.film.chunk,
                current_action=_action(applied),
                camera_pose_active=applied.pop("camera_pose"),
                seed=self.seed,
                **applied,
            )
        )

    async def _hold(self, name: str, value: Any) -> None:
        self._held[name] = value
        await self._tell_state()

    async def _tell_conditions(self) -> None:
        await self.send(
            ConditionsReady(has_image=self.image is not None, has_prompt=bool(self.prompt))
        )
        await self._tell_state()

    @event(name="set_prompt", description="Describe the world.")
    async def set_prompt(self, prompt: str) -> None:
        self.prompt = prompt
        await self.send(PromptAccepted(prompt=prompt))
        await self._tell_conditions()

    @event(name="set_image", description="Give the picture the world begins from.")
    async def set_image(self, image: UploadedFile) -> None:
        if reason := self.why_no_image(image):
            await self.refuse("set_image", reason)
            return
        self.image = image
        width, height = image_size(image)
        await self.send(ImageAccepted(width=width, height=height))
        await self._tell_conditions()

    @event(name="set_seed", description="Choose the seed, which start reads.")
    async def set_seed(self, seed: int = InputField(42, ge=0)) -> None:
        self.seed = seed
        await self._tell_state()

    @event(name="set_move_longitudinal", description="Move along the view.")
    async def set_move_longitudinal(
        self, move_longitudinal: Literal["idle", "forward", "back"]
    ) -> None:
        await self._hold("move_longitudinal", move_longitudinal)

    @event(name="set_move_lateral", description="Move across the view.")
    async def set_move_lateral(
        self, move_lateral: Literal["idle", "strafe_left", "strafe_right"]
    ) -> None:
        await self._hold("move_lateral", move_lateral)

    @event(name="set_look_horizontal", description="Turn.")
    async def set_look_horizontal(self, look_horizontal: Literal["idle", "left", "right"]) -> None:
        await self._hold("look_horizontal", look_horizontal)

    @event(name="set_look_vertical", description="Tilt.")
    async def set_look_vertical(self, look_vertical: Literal["idle", "up", "down"]) -> None:
        await self._hold("look_vertical", look_vertical)

    @event(name="set_rotation_speed_deg", description="Set how fast a look turns.")
    async def set_rotation_speed_deg(
        self, rotation_speed_deg: float = InputField(5.0, ge=0, le=30)
    ) -> None:
        await self._hold("rotation_speed_deg", rotation_speed_deg)

    @event(name="set_camera_pose", description="Move the camera by its own axes.")
    async def set_camera_pose(self, camera_pose: list[float] | None = NO_POSE) -> None:
        pose = camera_pose or []
        if len(pose) % len(POSE):
            await self.refuse(
                "set_camera_pose", f"expected a multiple of {len(POSE)} numbers, got {len(pose)}"
            )
            return
        self._pose = pose
        await self._tell_state()

    @event(name="set_attn_window", description="Choose the attention window.")
    async def set_attn_window(self, attn_window: Literal["auto", "small", "large"]) -> None:
        await self._tell_state()

    @event(name="set_kv_cache_reset", description="Choose when the model's cache is cleared.")
    async def set_kv_cache_reset(self, mode: Literal["off", "auto", "manual"]) -> None:
        self._kv_cache_reset = mode
        await self._tell_state()

    @event(name="trigger_kv_cache_reset", description="Clear the model's cache now.")
    async def trigger_kv_cache_reset(self) -> None:
        if self._kv_cache_reset == "off":
            await self.refuse("trigger_kv_cache_reset", "set_kv_cache_reset is off")

    @event(name="start", description="Begin to generate; needs an image and a prompt.")
    async def start(self) -> None:
        if reason := self.why_no_start():
            await self.refuse("start", reason)
            return
        self.started = True
        self.film.begin(self.seed)
        await self.send(GenerationStarted(prompt=self.prompt, chunk_num=0, frame_num=0))
        await self._tell_state()

    @event(name="pause", description="Stop generating for now.")
    async def pause(self) -> None:
        if reason := self.why_no_pause(True):
            await self.refuse("pause", reason)
            return
        self.paused = True
        await self.send(GenerationPaused(chunk_index=self.film.chunk))
        await self._tell_state()

    @event(name="resume", description="Go on after a pause.")
    async def resume(self) -> None:
        if reason := self.why_no_pause(False):
            await self.refuse("resume", reason)
            return
        self.paused = False
        await self.send(GenerationResumed(chunk_index=self.film.chunk))
        await self._tell_state()

    @event(name="reset", description="End the run, and forget image and prompt.")
    async def reset(self) -> None:
        self.forget()
        self.film.chunk = 0
        self.output.flush()
        await self.send(GenerationReset(reason="reset"))
        await self._tell_state()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next chunk."""
        self.check_running()
        self._applied = self._sample()
        return dict(self._applied)

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make one chunk; it takes longer while the camera moves."""
        still = _action(controls) == STILL
        frames = LATENTS * FRAMES_PER_LATENT
        work(frames / (STILL_FPS if still else MOVING_FPS))
        shown = {
            **controls,
            "prompt": self.prompt,
            "image": self.image.data if self.image is not None else None,
        }
        poses = _poses(self._pose)
        if poses:
            shown |= {"look_horizontal": "idle", "look_vertical": "idle"}
        latents = [shown | dict(zip(POSE, pose, strict=True)) for pose in poses] or [
            shown
        ] * LATENTS
        chunk = [latent for latent in latents for _ in range(FRAMES_PER_LATENT)]
        return TwinOutput(main_video=self.film.shoot(chunk))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the chunk and tell about it; an error ends the session."""
        output = await super().process_output(outcome)
        await self.send(
            ChunkComplete(
                chunk_index=self.film.chunk - 1,
                active_action=_action(self._applied),
                active_prompt=self.prompt,
                frames_emitted=LATENTS * FRAMES_PER_LATENT,
            )
        )
        await self._tell_state()
        if self.film.chunk >= RUN_LIMIT:
            await self.send(GenerationComplete(total_chunks=self.film.chunk))
            self.film.begin(self.film.seed)
            await self._tell_state()
        return output


def _action(controls: dict[str, Any]) -> str:
    """Return what is held in the model's words, ``w+left`` or ``still``."""
    moves = [KEYS.get(controls[name]) for name in ("move_longitudinal", "move_lateral")]
    looks = [controls[name] for name in ("look_horizontal", "look_vertical")]
    held = [word for word in [*moves, *looks] if word not in (None, "idle")]
    if controls["camera_pose"]:
        held.append("camera_pose")
    return "+".join(held) or STILL


def _poses(numbers: list[float]) -> list[list[float]]:
    """Return one pose for each latent, none when the pose is off."""
    given = [numbers[first : first + len(POSE)] for first in range(0, len(numbers), len(POSE))]
    if not given:
        return []
    poses = []
    for latent in range(LATENTS):
        pose = [
            0.0 if math.isnan(value) else value for value in given[latent * len(given) // LATENTS]
        ]
        turn = [min(max(value, -math.pi), math.pi) for value in pose[:3]]
        poses.append([*turn, *(min(max(value, -100.0), 100.0) for value in pose[3:])])
    longest = max(abs(value) for pose in poses for value in pose[3:]) or 1.0
    return [[*pose[:3], *(value / longest for value in pose[3:])] for pose in poses]
