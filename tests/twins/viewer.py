"""Watches a twin through the client: every picture and message of a session, to be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from reactor_env.client import Command, FileRef, Reactor, VideoFrame
from reactor_env.runtime import LocalRuntime
from tests.twins.controls import LAYOUTS
from tests.twins.picture import Picture, is_black, read

TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Seen:
    """One frame.

    Attributes:
        frame: As it was received.
        picture: What it shows; ``None`` when that is nothing a twin draws.
        black: Whether it is black.
    """

    frame: VideoFrame
    picture: Picture | None
    black: bool

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.frame.width, self.frame.height


@dataclass
class Viewer:
    """One client of a twin.

    Attributes:
        reactor: The client.
        twin: The twin's name.
        seen: The frames so far.
        messages: The model's messages so far, ``{"type", "data"}``.
    """

    reactor: Reactor
    twin: str
    seen: list[Seen] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.reactor.add_frame_sink(self._see)
        self.reactor.on_message(self._hear)

    def _see(self, _: str, frame: VideoFrame) -> None:
        picture = read(frame.rgb, LAYOUTS[self.twin])
        self.seen.append(Seen(frame, picture, is_black(frame.rgb)))
        self._changed.set()

    def _hear(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self._changed.set()

    @property
    def pictures(self) -> list[Picture]:
        """What the frames so far show, without those that show nothing."""
        return [seen.picture for seen in self.seen if seen.picture is not None]

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of the messages of one type so far."""
        return [message["data"] for message in self.messages if message["type"] == kind]

    def forget(self) -> None:
        """Forget what was seen and heard so far."""
        self.seen.clear()
        self.messages.clear()

    async def send(self, command: str, **data: Any) -> dict[str, Any] | None:
        """Send a command and return its reply."""
        return await self.reactor.send_command(command, data)

    async def upload(self, data: bytes, name: str = "image.png") -> FileRef:
        """Upload a file."""
        return await self.reactor.upload_file(data, name=name)

    async def step(self, *commands: tuple[str, dict[str, Any]]) -> list[Picture]:
        """Let a stepped session generate once and return what its frames show."""
        reply = await self.reactor.step([Command(name, data) for name, data in commands])
        shown = [read(one.array, LAYOUTS[self.twin]) for one in reply.tracks.get("main_video", ())]
        assert all(shown)
        return [picture for picture in shown if picture is not None]

    async def frame(self, accept: Callable[[Seen], bool]) -> Seen:
        """Wait for a frame; those since :meth:`forget` count."""
        return await self._first(lambda: next(filter(accept, self.seen), None), "frame")

    async def picture(self, accept: Callable[[Picture], bool] = lambda _: True) -> Picture:
        """Wait for a picture; those since :meth:`forget` count."""
        return await self._first(lambda: next(filter(accept, self.pictures), None), "picture")

    async def message(
        self, kind: str, accept: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Wait for a message and return its data; those since :meth:`forget` count."""
        return await self._first(lambda: next(filter(accept, self.heard(kind)), None), kind)

    async def _first[T](self, find: Callable[[], T | None], what: str) -> T:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while (found := find()) is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(
                f"no such {what} within {TIMEOUT_S:g} s; seen: {self.pictures[-3:]}, "
                f"heard: {self.messages[-5:]}"
            ) from None
        return found


@asynccontextmanager
async def watch(runtime: LocalRuntime, twin: str, **options: Any) -> AsyncIterator[Viewer]:
    """Connect a client to a twin.

    Args:
        runtime: What serves it.
        twin: Its name.
        options: For :class:`~reactor_env.client.Reactor`.
    """
    async with Reactor(twin, local=True, api_url=runtime.url, **options) as reactor:
        viewer = Viewer(reactor, twin)
        await reactor.connect()
        yield viewer
