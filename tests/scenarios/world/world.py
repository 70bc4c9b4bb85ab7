"""A model with one of everything a client can meet: replies, refusals, files, tracks both ways."""

# No `from __future__ import annotations`: the runtime reads the handlers' annotations.

import hashlib
from collections.abc import Sequence
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from reactor_runtime import (
    ApplicationError,
    ClientInfo,
    CommandError,
    InputBuffer,
    InputField,
    MediaInput,
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    ReadMode,
    StepOutcome,
    TrackPayload,
    UploadedFile,
    Video,
    connected,
    event,
    session_started,
)

SIZE = 64
COLOURS = ("red", "green", "blue")
DARK = 60
"""Below this no channel of a camera picture makes it a colour."""


class Greeting(ModelMessage):
    """Sent to each client as it comes."""

    text: str = MessageField(description="The same for everybody.")


class Echo(ModelMessage):
    """The answer to echo."""

    text: str = MessageField(description="As it came.")
    number: float = MessageField(description="As it came.")
    flag: bool = MessageField(description="As it came.")


class Settings(ModelMessage):
    """The answer to recall: what the set_ commands left behind."""

    speed: int = MessageField(description="The last set_speed.")
    mode: str = MessageField(description="The last set_mode.")
    title: str = MessageField(description="The last set_title.")


class Announcement(ModelMessage):
    """Sent to every client."""

    text: str = MessageField(description="As it came.")


class Weight(ModelMessage):
    """The answer to weigh and weigh_all."""

    names: list[str] = MessageField(description="Names of the files.")
    mime_types: list[str] = MessageField(description="Their media types.")
    size: int = MessageField(description="Bytes altogether.")
    sha256: str = MessageField(description="Of the bytes in a row, in hexadecimal.")


class Sighting(ModelMessage):
    """Sent to every client when the camera shows another colour."""

    colour: str = MessageField(description="red, green or blue.")


class Screens(Output):
    """Two output tracks."""

    main_video: Video
    side_video: Video


class Cameras(MediaInput):
    """The input track."""

    camera: Video


class World(ReactorApp):
    """Shows a number as a shade of grey, when it is told to or sees another colour."""

    fps = 25.0
    media: Cameras

    def __init__(self) -> None:
        super().__init__()
        self._forget()

    def _forget(self) -> None:
        self._speed, self._mode, self._title = 0, "walk", ""
        self._number = 0
        self._colour = ""
        self._news: list[Sighting] = []
        self._due = False

    @session_started
    def _begin(self) -> None:
        self._forget()

    @connected
    async def _greet(self, client: ClientInfo) -> None:
        await client.send(Greeting(text="welcome"))

    @event(name="set_speed", description="Only acknowledged.")
    async def set_speed(self, speed: int = InputField(ge=0, le=10)) -> None:
        self._speed = speed

    @event(name="set_mode", description="Only acknowledged.")
    async def set_mode(self, mode: Literal["walk", "run"]) -> None:
        self._mode = mode

    @event(name="set_title", description="Only acknowledged.")
    async def set_title(self, title: str = InputField(min_length=1, max_length=12)) -> None:
        self._title = title

    @event(name="recall", description="Tell what was set.")
    async def recall(self) -> Settings:
        return Settings(speed=self._speed, mode=self._mode, title=self._title)

    @event(name="echo", description="Say it back.")
    async def echo(self, text: str, number: float = 0.0, flag: bool = False) -> Echo:
        return Echo(text=text, number=number, flag=flag)

    @event(name="announce", description="Say it to every client.")
    async def announce(self, text: str) -> None:
        await self.send(Announcement(text=text))

    @event(name="refuse", description="Always refused, with the model's own code.")
    async def refuse(self) -> None:
        raise CommandError("out_of_luck", "not today")

    @event(name="stumble", description="Always fails, by accident.")
    async def stumble(self) -> None:
        raise ZeroDivisionError("a fault of the model")

    @event(name="weigh", description="Tell a file's size and digest.")
    async def weigh(self, file: UploadedFile) -> Weight:
        return _weight([file])

    @event(name="weigh_all", description="Tell the size and digest of several files.")
    async def weigh_all(self, files: list[UploadedFile]) -> Weight:
        return _weight(files)

    @event(name="show", description="Show a number.")
    async def show(self, number: int = InputField(ge=0, le=200)) -> None:
        self._number = number
        self._due = True

    async def process_input(self) -> NDArray[np.uint8]:
        """Look at the camera; refuse the step while there is nothing new to show."""
        # The annotation of a track names its kind; what is bound to it is a buffer.
        camera = cast(InputBuffer, self.media.camera)
        for seen in camera.try_read(mode=ReadMode.LATEST) or ():
            colour = _colour(seen.data)
            if colour and colour != self._colour:
                self._colour = colour
                self._news.append(Sighting(colour=colour))
                self._due = True
        if not self._due and not self._stepped:
            raise ApplicationError("nothing new to show")
        self._due = False
        return np.full((SIZE, SIZE, 3), 20 + self._number, np.uint8)

    def generate(self, picture: NDArray[np.uint8]) -> Screens:
        """Put the number on both screens."""
        about: dict[str, Any] = {"number": self._number, "colour": self._colour}
        return Screens(
            main_video=TrackPayload(picture, metadata={"screen": "main", **about}),
            side_video=TrackPayload(picture, metadata={"screen": "side", **about}),
        )

    async def process_output(self, outcome: StepOutcome) -> Screens:
        """Send the news before the picture."""
        if outcome.error is not None:
            raise outcome.error
        news, self._news = self._news, []
        for sighting in news:
            await self.send(sighting)
        result: Screens = outcome.result
        return result


def _weight(files: Sequence[UploadedFile]) -> Weight:
    data = b"".join(file.data for file in files)
    return Weight(
        names=[file.name for file in files],
        mime_types=[file.mime_type for file in files],
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _colour(picture: NDArray[np.uint8]) -> str:
    """Return the colour a picture is full of, ``""`` when it is of none."""
    means = picture.reshape(-1, 3).mean(axis=0)
    strongest = int(means.argmax())
    return COLOURS[strongest] if means[strongest] > DARK + np.delete(means, strongest).max() else ""
