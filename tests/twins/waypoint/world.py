"""Twin of waypoint: four frames per action, and frames that carry their step as metadata.

Source: ``platform.md`` C3. The model makes 1280x720, four frames per step, without a fixed rate;
the twin 160x90, at about 40 frames a second. It has no limit.

- Action, buttons, mouse velocity and wheel are held, and count from the next step on.
- Every frame carries ``{"step": n}``, the number of its step in the session; the runtime therefore
  repeats the last frame while nothing newer is there.
- ``waypoint_status`` comes on connecting, as a reply, and every 50 steps.

Assumed beyond it: that a step is refused without an image and while paused; that ``set_image``,
``set_paused`` and ``reset`` are what the status replies to; that ``reset`` keeps the image,
releases the controls and begins to count at 0 again; that the velocity has no limit (frames show it
up to 100).
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

from typing import Any

from reactor_runtime import (
    ApplicationError,
    ClientInfo,
    CommandError,
    InputField,
    ModelMessage,
    Output,
    ReactorApp,
    StepCompleted,
    StepOutcome,
    TrackPayload,
    UploadedFile,
    connected,
    event,
    session_started,
)

from tests.twins.common import Film, TwinOutput, accepted, work
from tests.twins.controls import WAYPOINT_ACTIONS

CHUNK = 4
GENERATE_S = 0.1
STATUS_EVERY = 50
IDLE: dict[str, Any] = {
    "action": "idle",
    "buttons": "",
    "mouse_x": 0.0,
    "mouse_y": 0.0,
    "scroll_wheel": 0.0,
}


class WaypointStatus(ModelMessage):
    """Sent on connecting, as a reply, and every 50 steps."""

    has_image: bool
    paused: bool
    step_index: int


class Waypoint(ReactorApp):
    """A first-person world, four frames per action."""

    @session_started
    def _begin(self) -> None:
        self._film = Film("waypoint", 160, 90)
        self._image: bytes | None = None
        self._paused = False
        self._held = dict(IDLE)

    def _status(self) -> WaypointStatus:
        return WaypointStatus(
            has_image=self._image is not None,
            paused=self._paused,
            step_index=self._film.chunk,
        )

    @connected
    async def _greet(self, client: ClientInfo) -> None:
        await client.send(self._status())

    @event(name="set_action", description="Move, until another value is set.")
    async def set_action(self, action: str = InputField(choices=list(WAYPOINT_ACTIONS))) -> None:
        self._held["action"] = action

    @event(name="set_buttons", description="Hold these buttons and no others.")
    async def set_buttons(self, buttons: str) -> None:
        codes = [code for code in buttons.split(",") if code.strip()]
        if not all(code.strip().isdecimal() for code in codes):
            raise CommandError("invalid_buttons", f"expected codes like 32,16, got {buttons!r}")
        self._held["buttons"] = ",".join(sorted(code.strip() for code in codes))

    @event(name="set_mouse_x", description="Turn at this speed, until another is set.")
    async def set_mouse_x(self, mouse_x: float) -> None:
        self._held["mouse_x"] = mouse_x

    @event(name="set_mouse_y", description="Tilt at this speed, until another is set.")
    async def set_mouse_y(self, mouse_y: float) -> None:
        self._held["mouse_y"] = mouse_y

    @event(name="set_scroll_wheel", description="Turn the wheel.")
    async def set_scroll_wheel(self, scroll_wheel: float = InputField(ge=-1, le=1)) -> None:
        self._held["scroll_wheel"] = scroll_wheel

    @event(name="set_image", description="Begin from a picture.")
    async def set_image(self, image: UploadedFile) -> WaypointStatus:
        self._image = accepted(image)
        return self._restart()

    @event(name="set_paused", description="Pause, or go on.")
    async def set_paused(self, paused: bool) -> WaypointStatus:
        self._paused = paused
        return self._status()

    @event(name="reset", description="Begin again.")
    async def reset(self) -> WaypointStatus:
        return self._restart()

    def _restart(self) -> WaypointStatus:
        self._film.begin(0)
        self._held = dict(IDLE)
        self.output.flush()
        return self._status()

    async def process_input(self) -> dict[str, Any]:
        """Sample the controls for the next step."""
        if self._image is None:
            raise ApplicationError("no image is set: send set_image first")
        if self._paused:
            raise ApplicationError("paused")
        return {**self._held, "image": self._image}

    def generate(self, controls: dict[str, Any]) -> TwinOutput:
        """Make four frames."""
        work(GENERATE_S)
        step = self._film.chunk
        frames = self._film.shoot(controls, CHUNK)
        return TwinOutput(main_video=TrackPayload(frames, metadata=[{"step": step}] * CHUNK))

    async def process_output(self, outcome: StepOutcome) -> Output | StepCompleted | None:
        """Emit the frames; an error ends the session."""
        output = await super().process_output(outcome)
        if self._film.chunk % STATUS_EVERY == 0:
            await self.send(self._status())
        return output
