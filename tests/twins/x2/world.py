"""Twin of xmax/x2: a video comes in and goes out edited, as long as there is a prompt.

Source: ``platform.md`` C2. The model works at 24 frames a second on the track ``source`` and makes
frames as large as the source's; so does the twin, from 64x48 on. Its pictures show the source's
mean colour in their lower rows, so that the output proves to come from the input.

- There is no start: it generates while source frames arrive and the prompt is not empty. One frame
  out for each frame in.
- No command is answered. ``state_update`` comes on connecting and on every change.
- A reference image that is changed while it generates stops it and starts it again.
- ``reset`` stops it and clears the prompt, the image and the pointer.
- With ``keep_backlog`` no source frame is skipped, without it only the newest counts.

Assumed beyond it: what ``reset`` clears, and what ``keep_backlog`` does; that the generation stops
without a message when the prompt is emptied or the source ends. Each generation is a run.
"""

# No `from __future__ import annotations`: the runtime reads the annotations.

from typing import Any

import numpy as np
from reactor_runtime import (
    ApplicationError,
    InputField,
    MediaInput,
    ModelMessage,
    ReadMode,
    UploadedFile,
    Video,
    connected,
    event,
    session_started,
)

from tests.twins.common import Film, TwinOutput, image_size
from tests.twins.hosted import HostedTwin
from tests.twins.options import number
from tests.twins.picture import Pixels


class Source(MediaInput):
    """The video to edit."""

    source: Video


class StateUpdate(ModelMessage):
    """Sent on connecting and on every change."""

    prompt: str | None
    has_reference_image: bool
    pointer_x: float | None
    pointer_y: float | None
    pointer_active: bool
    keep_backlog: bool
    generating: bool
    width: int | None
    height: int | None


class GenerationStarted(ModelMessage):
    """Frames are edited from now on."""


class GenerationStopped(ModelMessage):
    """Frames are no longer edited."""

    reason: str


class PromptAccepted(ModelMessage):
    """The prompt was taken."""

    prompt: str


class PointerChanged(ModelMessage):
    """The pointer was moved, pressed or released."""

    x: float | None
    y: float | None
    active: bool


class ReferenceImageAccepted(ModelMessage):
    """The reference image was taken."""

    w: int
    h: int


class CommandErrorMessage(ModelMessage):
    """A command could not be carried out."""

    name = "command_error"
    command: str
    reason: str


class X2(HostedTwin):
    """Edits a video as it comes in."""

    fps = number("fps", 24.0)
    input: Source

    @session_started
    def _begin(self) -> None:
        self.begin_session(Film("x2", 0, 0))
        self._keep_backlog = False

    def forget(self) -> None:
        """Stop, without prompt, image and pointer."""
        super().forget()
        self._pointer: dict[str, Any] = {"x": None, "y": None, "active": False}

    @connected
    async def _greet(self) -> None:
        await self._tell_state()

    async def refuse(self, command: str, reason: str) -> None:
        """Broadcast ``command_error``."""
        await self.send(CommandErrorMessage(command=command, reason=reason))

    async def _tell_state(self) -> None:
        width, height = self.film.size
        await self.send(
            StateUpdate(
                prompt=self.prompt or None,
                has_reference_image=self.image is not None,
                pointer_x=self._pointer["x"],
                pointer_y=self._pointer["y"],
                pointer_active=self._pointer["active"],
                keep_backlog=self._keep_backlog,
                generating=self.started,
                width=width or None,
                height=height or None,
            )
        )

    async def _stop(self, reason: str) -> None:
        if self.started:
            self.started = False
            self.output.flush()
            await self.send(GenerationStopped(reason=reason))

    async def _point(self, **changes: Any) -> None:
        self._pointer |= changes
        await self.send(PointerChanged(**self._pointer))
        await self._tell_state()

    @event(name="set_prompt", description="Describe the edit.")
    async def set_prompt(self, prompt: str = InputField(max_length=1000)) -> None:
        self.prompt = prompt
        self.started = self.started and bool(prompt)
        await self.send(PromptAccepted(prompt=prompt))
        await self._tell_state()

    @event(name="set_reference_image", description="Give a picture to follow.")
    async def set_reference_image(self, reference_image: UploadedFile) -> None:
        try:
            w, h = image_size(reference_image)
        except ValueError as error:
            await self.refuse("set_reference_image", str(error))
            return
        self.image = reference_image
        await self.send(ReferenceImageAccepted(w=w, h=h))
        await self._stop("reference_image_changed")
        await self._tell_state()

    @event(name="set_pointer", description="Place the pointer, and press or release it, at once.")
    async def set_pointer(
        self,
        active: bool,
        x: float = InputField(ge=0, le=1),
        y: float = InputField(ge=0, le=1),
    ) -> None:
        await self._point(x=x, y=y, active=active)

    @event(name="set_pointer_x", description="Place the pointer across.")
    async def set_pointer_x(self, pointer_x: float = InputField(ge=0, le=1)) -> None:
        await self._point(x=pointer_x)

    @event(name="set_pointer_y", description="Place the pointer down.")
    async def set_pointer_y(self, pointer_y: float = InputField(ge=0, le=1)) -> None:
        await self._point(y=pointer_y)

    @event(name="set_pointer_active", description="Press or release the pointer.")
    async def set_pointer_active(self, pointer_active: bool) -> None:
        await self._point(active=pointer_active)

    @event(name="set_keep_backlog", description="Switch keep_backlog on or off.")
    async def set_keep_backlog(self, keep_backlog: bool) -> None:
        self._keep_backlog = keep_backlog
        await self._tell_state()

    @event(name="reset", description="Reset the model, which stops generating.")
    async def reset(self) -> None:
        await self._stop("reset")
        self.forget()
        await self._tell_state()

    async def process_input(self) -> Pixels:
        """Take the next source frame."""
        if not self.prompt:
            raise ApplicationError("no prompt is set")
        mode = ReadMode.FIFO if self._keep_backlog else ReadMode.LATEST
        buffer: Any = self.input.source
        frames = buffer.try_read(mode=mode)
        if not frames:
            raise ApplicationError("no source frame has arrived")
        source = np.asarray(frames[0].data)
        height, width = source.shape[:2]
        resized = (width, height) != self.film.size
        self.film.size = (width, height)
        if not self.started:
            self.started = True
            self.film.begin(0)
            await self.send(GenerationStarted())
            await self._tell_state()
        elif resized:
            await self._tell_state()
        return source

    def generate(self, source: Pixels) -> TwinOutput:
        """Edit one frame."""
        red, green, blue = (int(value) for value in source.reshape(-1, 3).mean(axis=0))
        shown = {
            "prompt": self.prompt,
            "image": self.image.data if self.image is not None else None,
            "pointer_x": self._pointer["x"],
            "pointer_y": self._pointer["y"],
            "pointer_active": self._pointer["active"],
        }
        return TwinOutput(main_video=self.film.shoot(shown, background=(red, green, blue)))
