"""Twin of diamond-csgo-world-model: a frame per action, and episodes that end without a word.

Source: ``platform.md`` C3. The model makes 280x150 at 15 frames a second, the twin 168x90 at 30.

- It generates as soon as a client is connected, and every step of a stepped session is one frame.
- Keys and buttons are held. Of several mouse movements the last before a frame counts, once.
- The inner episode is ``run_limit`` frames long. Its last one is shown; then the controls are
  cleared and the next step is a new random spawn. No message tells it.
- The first frame of a scene shows the spawn; no action is consumed for it.
- Spawns are drawn from a generator that is seeded anew in every session.
- Controls are cleared when any client leaves.

Assumed beyond it: ``reset`` begins the same scene again; ``state_update`` is sent to who connects,
and its fields; the replay holds ``w`` and moves the mouse by ten a frame; what the codes of the
refusals are.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

import random
from typing import Any, Literal

from reactor_runtime import (
    ClientInfo,
    InputField,
    MessageField,
    ModelMessage,
    ReactorApp,
    UploadedFile,
    connected,
    disconnected,
    event,
    session_started,
)

from tests.twins.common import Film, Held, TwinOutput, accepted
from tests.twins.options import number
from tests.twins.picture import Mark

Key = Literal["w", "a", "s", "d", "space", "ctrl", "shift", "1", "2", "3", "r"]

RUN_LIMIT = number("run_limit", 60)
CONFIG_SEED = 7
RANDOM = "random"


class ActionChanged(ModelMessage):
    """What the next frame will be made with."""

    controller: str
    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    delta_x: float
    delta_y: float


class SceneChanged(ModelMessage):
    """Another scene was chosen by a command."""

    source: str = MessageField(description="random, image or reset.")
    scene: str


class StateUpdate(ModelMessage):
    """Sent to who connects."""

    controller: str
    pressed_keys: list[str]
    pressed_mouse_buttons: list[str]
    scene: str


class Diamond(ReactorApp):
    """A first-person shooter, one frame per action."""

    fps = number("fps", 30.0)
    buffer_size = 4

    @session_started
    def _begin(self) -> None:
        self._film = Film("diamond_csgo_world_model", 168, 90)
        self._spawns = random.Random(CONFIG_SEED)
        self._image: bytes | None = None
        self._keys, self._buttons = Held(), Held()
        self._mouse = (0.0, 0.0)
        self._controller = "human"
        self._spawn(RANDOM)

    def _spawn(self, scene: str, seed: int | None = None) -> None:
        self._scene = scene
        self._film.begin(self._spawns.randrange(2**16) if seed is None else seed)
        self._fresh = True

    def _release(self) -> None:
        self._keys.clear()
        self._buttons.clear()
        self._mouse = (0.0, 0.0)

    @connected
    async def _greet(self, client: ClientInfo) -> None:
        await client.send(
            StateUpdate(
                controller=self._controller,
                pressed_keys=self._keys.names,
                pressed_mouse_buttons=self._buttons.names,
                scene=self._scene,
            )
        )

    @disconnected
    async def _leave(self) -> None:
        self._release()

    async def _tell_action(self) -> None:
        delta_x, delta_y = self._mouse
        await self.send(
            ActionChanged(
                controller=self._controller,
                pressed_keys=self._keys.names,
                pressed_mouse_buttons=self._buttons.names,
                delta_x=delta_x,
                delta_y=delta_y,
            )
        )

    async def _change_scene(self, source: str, scene: str, seed: int | None = None) -> None:
        self._release()
        self._spawn(scene, seed)
        self.output.flush()
        await self.send(SceneChanged(source=source, scene=scene))

    @event(name="set_key_state", description="Press or release a key.")
    async def set_key_state(self, key: Key, pressed: bool) -> None:
        self._keys.set(key, pressed)
        await self._tell_action()

    @event(name="set_mouse_button_state", description="Press or release a mouse button.")
    async def set_mouse_button_state(self, button: Literal["left", "right"], pressed: bool) -> None:
        self._buttons.set(button, pressed)
        await self._tell_action()

    @event(name="mouse_move", description="Move the mouse during the next frame.")
    async def mouse_move(
        self,
        delta_x: float = InputField(ge=-1000, le=1000),
        delta_y: float = InputField(ge=-200, le=200),
    ) -> None:
        self._mouse = (delta_x, delta_y)
        await self._tell_action()

    @event(name="set_controller", description="Choose who plays.")
    async def set_controller(self, controller: Literal["human", "replay"]) -> None:
        self._controller = controller
        await self._tell_action()

    @event(name="random_scene", description="Go to a random spawn.")
    async def random_scene(self) -> None:
        self._image = None
        await self._change_scene("random", RANDOM)

    @event(name="set_spawn_image", description="Begin from a picture.")
    async def set_spawn_image(self, image: UploadedFile) -> None:
        self._image = accepted(image)
        await self._change_scene("image", image.name)

    @event(name="reset", description="Begin again.")
    async def reset(self) -> None:
        await self._change_scene("reset", self._scene, self._film.seed)

    def generate(self, _: object) -> TwinOutput:
        """Make one frame."""
        shown: dict[str, Any] = {"image": self._image}
        if self._fresh:
            self._fresh = False
            return TwinOutput(main_video=self._film.shoot(shown, mark=Mark.SPAWN))
        if self._controller == "replay":
            shown |= {"w": True, "delta_x": 10.0}
        else:
            shown |= {**self._keys.sample(), **self._buttons.sample()}
            shown["delta_x"], shown["delta_y"] = self._mouse
        self._mouse = (0.0, 0.0)
        ends = self._film.frame + 1 >= RUN_LIMIT
        frame = self._film.shoot(shown, mark=Mark.TERMINAL if ends else Mark.NONE)
        if ends:
            self._release()
            self._spawn(RANDOM)
        return TwinOutput(main_video=frame)
