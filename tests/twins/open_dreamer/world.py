"""Twin of open-dreamer: Minecraft, a frame per action, the same demo and seed the same rollout.

Source: ``platform.md`` C3. The model makes 640x360, as fast as it can; the twin 160x90, about 40
frames a second. It has no fixed rate: playout follows the time a frame takes. It has no limit.

- A random demo starts on its own. A rollout's background follows from demo and seed together, so
  the same demo with the same seed of at least 0 is the same rollout; -1 is another every time.
- Keys and buttons are held. Mouse movements before a frame add up, to at most 200 on each axis, and
  are consumed by it; so is the wheel.
- ``reset``, ``set_demo``, ``random_demo`` and ``set_conditioning_image`` cut the video and release
  the controls, as does any client that leaves. ``reset`` keeps the conditioning.
- A refusal is an error of the command: ``demo_unavailable`` for the demos after ``demos`` (3, so
  none), which protocol v0 leaves silent.

Assumed beyond it: that a rollout begins with a frame that consumes no action; what the parameters
of ``mouse_wheel`` and ``set_conditioning_image`` are called; that a changed conditioning keeps the
seed; what the messages without documented fields say.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
import zlib
from typing import Any, Literal

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

from tests.twins.common import Film, Held, TwinOutput, accepted, work
from tests.twins.controls import MINECRAFT_KEYS
from tests.twins.options import number
from tests.twins.picture import Mark

DEMOS = ("demo_1", "demo_2", "demo_3")
AVAILABLE = number("demos", len(DEMOS))
GENERATE_S = 0.025
MOUSE_LIMIT = 200.0


class ActionChanged(ModelMessage):
    """What the next frame will be made with."""

    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    delta_x: float
    delta_y: float
    wheel: float


class ConditioningChanged(ModelMessage):
    """The rollout begins from something else."""

    source: str
    selection: str


class RolloutReset(ModelMessage):
    """The rollout began again."""

    seed: int
    conditioning: str


class StateUpdate(ModelMessage):
    """Sent to who connects and after every command."""

    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    seed: int
    conditioning: str


class OpenDreamer(ReactorApp):
    """Minecraft, one frame per action."""

    @session_started
    def _begin(self) -> None:
        self._film = Film("open_dreamer", 160, 90)
        self._keys, self._buttons = Held(), Held()
        self._seed = -1
        self._image: bytes | None = None
        self._restart(random.choice(DEMOS[:AVAILABLE]))

    def _restart(self, conditioning: str) -> None:
        self._conditioning = conditioning
        seed = random.randrange(2**16) if self._seed < 0 else self._seed
        self._film.begin(zlib.crc32(conditioning.encode(), seed))
        self._release()

    def _release(self) -> None:
        self._keys.clear()
        self._buttons.clear()
        self._forget_motion()

    def _forget_motion(self) -> None:
        self._delta_x = self._delta_y = self._wheel = 0.0

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
                pressed_mouse_buttons=self._buttons.names,
                seed=self._seed,
                conditioning=self._conditioning,
            )
        )

    async def _tell_action(self) -> None:
        await self.send(
            ActionChanged(
                pressed_keys=self._keys.names,
                pressed_mouse_buttons=self._buttons.names,
                delta_x=self._delta_x,
                delta_y=self._delta_y,
                wheel=self._wheel,
            )
        )
        await self._tell_state()

    @event(name="set_key_state", description="Press or release a key.")
    async def set_key_state(
        self, pressed: bool, key: str = InputField(choices=list(MINECRAFT_KEYS))
    ) -> None:
        self._keys.set(key, pressed)
        await self._tell_action()

    @event(name="set_mouse_button_state", description="Press or release a mouse button.")
    async def set_mouse_button_state(
        self, button: Literal["left", "right", "middle"], pressed: bool
    ) -> None:
        self._buttons.set(button, pressed)
        await self._tell_action()

    @event(name="mouse_move", description="Move the mouse during the next frame; calls add up.")
    async def mouse_move(
        self,
        delta_x: float = InputField(ge=-200, le=200),
        delta_y: float = InputField(ge=-200, le=200),
    ) -> None:
        self._delta_x = min(max(self._delta_x + delta_x, -MOUSE_LIMIT), MOUSE_LIMIT)
        self._delta_y = min(max(self._delta_y + delta_y, -MOUSE_LIMIT), MOUSE_LIMIT)
        await self._tell_action()

    @event(name="mouse_wheel", description="Turn the wheel, from -1 to 1.")
    async def mouse_wheel(self, delta: float = InputField(ge=-1, le=1)) -> None:
        self._wheel = min(max(self._wheel + delta, -1.0), 1.0)
        await self._tell_action()

    @event(name="set_demo", description="Begin from a demo.")
    async def set_demo(self, demo: Literal["demo_1", "demo_2", "demo_3"]) -> None:
        if demo not in DEMOS[:AVAILABLE]:
            raise CommandError("demo_unavailable", f"{demo} is not installed")
        await self._condition("demo", demo)

    @event(name="random_demo", description="Begin from a random demo.")
    async def random_demo(self) -> None:
        await self._condition("random_demo", random.choice(DEMOS[:AVAILABLE]))

    @event(name="set_conditioning_image", description="Begin from a picture.")
    async def set_conditioning_image(self, image: UploadedFile) -> None:
        accepted(image)
        await self._condition("image", image.name)

    async def _condition(self, source: str, selection: str) -> None:
        self._restart(selection)
        self.output.flush()
        await self.send(ConditioningChanged(source=source, selection=selection))
        await self._tell_state()

    @event(name="reset", description="Begin again.")
    async def reset(self, seed: int = InputField(-1, ge=-1, le=2147483647)) -> None:
        self._seed = seed
        self._restart(self._conditioning)
        self.output.flush()
        await self.send(RolloutReset(seed=seed, conditioning=self._conditioning))
        await self._tell_state()

    def generate(self, _: object) -> TwinOutput:
        """Make one frame."""
        work(GENERATE_S)
        shown: dict[str, Any] = {"conditioning": self._conditioning}
        if not self._film.frame:
            return TwinOutput(main_video=self._film.shoot(shown, mark=Mark.SPAWN))
        shown |= {**self._keys.sample(), **self._buttons.sample()}
        shown |= {"delta_x": self._delta_x, "delta_y": self._delta_y, "wheel": self._wheel}
        self._forget_motion()
        return TwinOutput(main_video=self._film.shoot(shown))
