"""What a scenario may ask of a client, whichever it is.

A scenario is written against :class:`ScenarioClient`; the adapters in ``ours.py`` and
``official.py`` translate. Whatever the client does is put into its
:class:`~tests.scenarios.transcript.Transcript`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reactor_env.client.types import Generation
from tests.scenarios.transcript import Transcript, describe_frame

ClientName = Literal["json", "protobuf", "sdk"]

TIMEOUT_S = 10.0
OUTPUTS = ("main_video", "side_video")
SIDE = 64
"""Pixels of a camera picture, both ways."""

RGB: dict[str, tuple[int, int, int]] = {
    "red": (220, 0, 0),
    "green": (0, 200, 0),
    "blue": (0, 0, 220),
}


class RefusedError(Exception):
    """A call was refused; carries the word the transcript has for why."""


class ScenarioClient(ABC):
    """One client and its account of what happened.

    Args:
        url: Where the runtime listens.
        generation: ``"streamed"`` or ``"stepped"``.
        auto_resume: Whether output tracks play from the start.
        patience_s: Seconds it may wait for a free session, if it does.

    Attributes:
        name: Which client this is.
        transcript: Its account so far.
        greetings: How often the model greeted it.
    """

    name: ClientName

    def __init__(
        self,
        url: str,
        *,
        generation: Generation = "streamed",
        auto_resume: bool = True,
        patience_s: float = TIMEOUT_S,
    ) -> None:
        self._url = url
        self._generation: Generation = generation
        self._auto_resume = auto_resume
        self._patience_s = patience_s
        self._changed = asyncio.Event()
        self.transcript = Transcript()
        self.greetings = 0

    # -- what it is asked to do; each call is noted with its outcome -----------------------------

    async def connect(self, session_id: str | None = None) -> None:
        """Open a session, or join one, and wait until that was announced."""
        if await self._note("connect", self._connect(session_id)):
            await self.until(lambda: self.connected, "status ready")

    async def disconnect(self) -> None:
        """End the session, or leave the one that was joined."""
        before = self.transcript.statuses.count("disconnected")
        await self._disconnect()
        await self.announced("disconnected", times=before + 1)

    async def leave_and_return(self) -> None:
        """Give up the connection but not the session, and connect to it again."""
        before = self.transcript.statuses.count("ready")
        if await self._note("return", self._leave_and_return()):
            await self.announced("ready", times=before + 1)

    async def come_back(self) -> None:
        """Connect again where nothing was left behind."""
        await self._note("come back", self._reconnect())

    async def send(self, command: str, **data: Any) -> dict[str, Any] | None:
        """Send a command; return the client's answer."""
        answers: list[dict[str, Any] | None] = []

        async def send() -> None:
            answers.append(await self._send(command, data))

        await self._note(command, send())
        return answers[0] if answers else None

    async def upload(self, data: bytes, name: str = "note.txt", kind: str = "text/plain") -> Any:
        """Upload a file; return the client's reference to it, ``None`` when it refused."""
        refs: list[Any] = []

        async def upload() -> None:
            refs.append(await self._upload(data, name, kind))

        await self._note("upload", upload())
        return refs[0] if refs else None

    async def publish(self, track: str, colour: str) -> None:
        """Send pictures of one colour on an input track."""
        await self._note(f"publish {track}", self._publish(track, colour))

    async def unpublish(self, track: str) -> None:
        """Stop sending."""
        await self._note(f"unpublish {track}", self._unpublish(track))

    async def step(
        self, commands: Sequence[tuple[str, dict[str, Any]]] = (), *, camera: str | None = None
    ) -> None:
        """Request a step of a stepped session, with one picture of a colour."""
        frames = [solid(camera)] if camera else []
        await self._note("step", self._step(commands, frames))

    @abstractmethod
    async def schema(self) -> dict[str, Any]:
        """Ask the model for its schema."""

    @abstractmethod
    async def pause(self, track: str) -> None:
        """Stop the frames of an output track."""

    @abstractmethod
    async def resume(self, track: str) -> None:
        """Let the frames of an output track come."""

    @abstractmethod
    def show(self, colour: str) -> None:
        """Change the colour of what is published."""

    @property
    @abstractmethod
    def session_id(self) -> str | None:
        """The session's id as the client tells it."""

    @abstractmethod
    async def close(self) -> None:
        """Give everything back, whatever happened."""

    def remark(self, words: str) -> None:
        """Add something to the account."""
        self.transcript.calls.append(words)

    @property
    def connected(self) -> bool:
        """Whether the last status announced is ready."""
        return self.transcript.statuses[-1:] == ["ready"]

    # -- what it waits for -----------------------------------------------------------------------

    async def announced(self, status: str, *, times: int = 1) -> None:
        """Wait until a status was announced so many times in all."""
        await self.until(
            lambda: self.transcript.statuses.count(status) == times,
            f"status {status} number {times}",
        )

    async def heard(self, kind: str, *, times: int = 1, **data: Any) -> None:
        """Wait until messages of a type, with at least this data, have come so many times."""

        def count() -> int:
            return sum(
                type_ == kind and data.items() <= told.items()
                for type_, told in self.transcript.messages
            )

        await self.until(lambda: count() >= times, f"message {kind} {data} number {times}")

    async def frame(self, track: str, shows: str) -> None:
        """Wait until a track's newest frame shows this."""

        def found() -> bool:
            return self.transcript.shown.get(track, [])[-1:] == [shows]

        await self.until(found, f"a frame of {track} that shows {shows!r}")

    async def settled(self) -> None:
        """Wait until whatever was sent before this has had its effect and its answer."""
        before = sum(kind == "settings" for kind, _ in self.transcript.messages)
        await self.send("recall")
        await self.heard("settings", times=before + 1)

    async def until(self, happened: Callable[[], bool], what: str) -> None:
        """Wait for something to appear in the transcript."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not happened():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(
                f"{self.name}: {what} did not come within {TIMEOUT_S:g} s; {self.transcript}"
            ) from None

    # -- what adapters report; on the event loop -------------------------------------------------

    def heard_status(self, status: str) -> None:
        self.transcript.statuses.append(status)
        self._changed.set()

    def heard_message(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "greeting":
            self.greetings += 1
        else:
            self.transcript.messages.append((message["type"], dict(message["data"])))
        self._changed.set()

    def heard_platform(self, message: Mapping[str, Any]) -> None:
        self.transcript.platform.append(message["type"])
        self._changed.set()

    def heard_error(self, code: str) -> None:
        self.transcript.errors.append(code)
        self._changed.set()

    def saw(self, track: str, metadata: dict[str, Any], brightness: float) -> None:
        if not metadata:
            return  # the black picture every connection begins with
        shows = describe_frame(metadata, brightness)
        seen = self.transcript.shown.setdefault(track, [])
        if seen[-1:] != [shows]:
            seen.append(shows)
        self._changed.set()

    # -- what adapters implement; each raises RefusedError ---------------------------------------

    @abstractmethod
    async def _connect(self, session_id: str | None) -> None: ...

    @abstractmethod
    async def _disconnect(self) -> None: ...

    @abstractmethod
    async def _leave_and_return(self) -> None: ...

    @abstractmethod
    async def _reconnect(self) -> None: ...

    @abstractmethod
    async def _send(self, command: str, data: dict[str, Any]) -> dict[str, Any] | None: ...

    @abstractmethod
    async def _upload(self, data: bytes, name: str, mime_type: str) -> Any: ...

    @abstractmethod
    async def _publish(self, track: str, colour: str) -> None: ...

    @abstractmethod
    async def _unpublish(self, track: str) -> None: ...

    @abstractmethod
    async def _step(
        self,
        commands: Sequence[tuple[str, dict[str, Any]]],
        camera: Sequence[NDArray[np.uint8]],
    ) -> None: ...

    async def _note(self, what: str, call: Awaitable[None]) -> bool:
        try:
            await call
        except RefusedError as refused:
            self.transcript.calls.append(f"{what}: refused ({refused})")
            return False
        self.transcript.calls.append(f"{what}: done")
        return True


def solid(colour: str) -> NDArray[np.uint8]:
    """Return a camera picture of one colour, (64, 64, 3) uint8 RGB."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[:] = RGB[colour]
    return picture
