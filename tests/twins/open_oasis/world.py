"""Twin of open-oasis: Minecraft, a frame per action, short taps kept, errors fatal.

Source: ``platform.md`` C3. The model makes 640x360, one frame per step; the twin 160x90 at 30
frames a second. It has no limit.

- Keys are held; one that is pressed and released before a frame still counts in that frame.
- Mouse movements before a frame add up, to at most 1 on each axis, and are consumed by it.
- A rollout from a video shows ``prompt_frames`` frames of it first; no action is consumed for them.
- The same scene with the same seed of at least 0 has the same background.
- ``reset``, ``set_image``, ``set_video`` and ``random_scene`` cut the video and release the
  controls, as does any client that leaves. ``reset`` keeps the conditioning.
- An unexpected error ends the session: with the option ``crash_at`` at that frame of a run.

Assumed beyond it: that a random scene starts on its own, as in open-dreamer; that a rollout begins
with one frame that consumes no action; that ``prompt_frames`` is 1 when left out and the seed -1,
which is another every time; what the messages without documented fields say.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
import zlib
from typing import Any

from reactor_runtime import (
    CommandError,
    InputField,
    ModelMessage,
    ReactorApp,
    UploadedFile,
    connected,
    disconnected,
    event,
    session_started,
)

from tests.twins.common import Film, Held, TwinOutput, accepted
from tests.twins.controls import MINECRAFT_KEYS
from tests.twins.options import number
from tests.twins.picture import Mark

CRASH_AT = number("crash_at", 0)
SCENES = 16


class ActionChanged(ModelMessage):
    """What the next frame will be made with."""

    pressed_keys: list[str]
    camera_x: float
    camera_y: float


class ConditioningChanged(ModelMessage):
    """The rollout begins from something else."""

    source: str
    selection: str
    prompt_frames: int | None = None


class RolloutReset(ModelMessage):
    """The rollout began again."""

    seed: int
    conditioning: str


class StateUpdate(ModelMessage):
    """Sent to who connects and after every command."""

    pressed_keys: list[str]
    camera_x: float
    camera_y: float
    seed: int
    conditioning: str


class OpenOasis(ReactorApp):
    """Minecraft, one frame per action."""

    fps = number("fps", 30.0)

    @session_started
    def _begin(self) -> None:
        self._film = Film("open_oasis", 160, 90)
        self._keys = Held(keep_taps=True)
        self._seed = -1
        self._restart(_random_scene(), 1)

    def _restart(self, conditioning: str, prompt_frames: int) -> None:
        self._conditioning, self._prompt_frames = conditioning, prompt_frames
        seed = random.randrange(2**16) if self._seed < 0 else self._seed
        self._film.begin(zlib.crc32(conditioning.encode(), seed))
        self._release()

    def _release(self) -> None:
        self._keys.clear()
        self._camera_x = self._camera_y = 0.0

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
                camera_x=self._camera_x,
                camera_y=self._camera_y,
                seed=self._seed,
                conditioning=self._conditioning,
            )
        )

    async def _tell_action(self) -> None:
        await self.send(
            ActionChanged(
                pressed_keys=self._keys.names, camera_x=self._camera_x, camera_y=self._camera_y
            )
        )
        await self._tell_state()

    @event(name="set_key_state", description="Press or release a key.")
    async def set_key_state(
        self, pressed: bool, key: str = InputField(choices=list(MINECRAFT_KEYS))
    ) -> None:
        self._keys.set(key, pressed)
        await self._tell_action()

    @event(name="mouse_move", description="Turn the camera during the next frame; calls add up.")
    async def mouse_move(
        self,
        camera_x: float = InputField(ge=-1, le=1),
        camera_y: float = InputField(ge=-1, le=1),
    ) -> None:
        self._camera_x = min(max(self._camera_x + camera_x, -1.0), 1.0)
        self._camera_y = min(max(self._camera_y + camera_y, -1.0), 1.0)
        await self._tell_action()

    @event(name="release_controls", description="Release everything that is held.")
    async def release_controls(self) -> None:
        self._release()
        await self._tell_action()

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> None:
        accepted(image)
        await self._condition("image", image.name, None)

    @event(name="set_video", description="Begin from a video.")
    async def set_video(
        self,
        video: UploadedFile,
        offset: float = 0.0,
        prompt_frames: int = InputField(1, ge=1, le=32),
    ) -> None:
        if not video.mime_type.startswith("video/"):
            raise CommandError("invalid_video", f"{video.name} ({video.mime_type}) is no video")
        await self._condition("video", f"{video.name}@{offset:g}", prompt_frames)

    @event(name="random_scene", description="Begin from a random scene.")
    async def random_scene(self) -> None:
        await self._condition("random_scene", _random_scene(), None)

    async def _condition(self, source: str, selection: str, prompt_frames: int | None) -> None:
        self._restart(selection, prompt_frames or 1)
        self.output.flush()
        await self.send(
            ConditioningChanged(source=source, selection=selection, prompt_frames=prompt_frames)
        )
        await self._tell_state()

    @event(name="reset", description="Begin again.")
    async def reset(self, seed: int = -1) -> None:
        self._seed = seed
        self._restart(self._conditioning, self._prompt_frames)
        self.output.flush()
        await self.send(RolloutReset(seed=seed, conditioning=self._conditioning))
        await self._tell_state()

    def generate(self, _: object) -> TwinOutput:
        """Make one frame."""
        if CRASH_AT and self._film.frame >= CRASH_AT:
            raise RuntimeError(f"the model cannot make frame {self._film.frame}")
        shown: dict[str, Any] = {"conditioning": self._conditioning}
        if self._film.frame < self._prompt_frames:
            return TwinOutput(main_video=self._film.shoot(shown, mark=Mark.PROMPT))
        shown |= {**self._keys.sample(), "camera_x": self._camera_x, "camera_y": self._camera_y}
        self._camera_x = self._camera_y = 0.0
        return TwinOutput(main_video=self._film.shoot(shown))


def _random_scene() -> str:
    return f"scene_{random.randrange(SCENES)}"
