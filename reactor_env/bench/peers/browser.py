"""A page in a Chromium without a window, which reads frames as pages do.

The page (``browser.js``) has a ``<video>``, is told of each frame by ``requestVideoFrameCallback``,
draws all of it to a canvas and takes its pixels, as every other client hands out whole frames. The
protocol is v0, whose commands have no answers (``platform.md`` B7). Signalling goes by this
process, and a command comes to the page by DevTools when it is due; it counts as sent when it
leaves the page, and as due when it was. Everything else is between the page and the runtime.

A browser shows frames at the beat of a screen: without a window too, callbacks come 60 times a
second at most, so that a frame waits up to 17 ms for its callback, and of two frames between two
beats the page sees one. That is left as it is: no page can change it, and with
``--disable-frame-rate-limit`` drawing takes all of the processor and pages see next to nothing.
:class:`BrowserTrack` shows what is left without all that.

Times are the page's. Its ``performance.now()`` is brought to this process's clock by exchanges
over DevTools before and after the measurement (``page_clock.py``). The page is cross-origin
isolated, so that its clock is rounded to 5 us instead of 100. The trace's fact ``page`` tells the
uncertainty, and what reading frames and handing commands over took.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import time
from importlib import resources
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.peers.base import Peer
from reactor_env.bench.peers.chromium import Chromium
from reactor_env.bench.peers.local_v0 import (
    CONNECT_TIMEOUT_S,
    RESUME,
    LocalSession,
    command_text,
)
from reactor_env.bench.peers.page_clock import PageClock
from reactor_env.bench.peers.page_notes import Notes, put_notes
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import SMALL
from reactor_env.bench.trace import Trace

_OPEN_TIMEOUT_S = 30.0
_CLOSE_TIMEOUT_S = 15.0

_PAGE = "http://localhost/"  # never asked for: DevTools answers
_HEAD = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Content-Type": "text/html",
}
_RESOLUTION_NS = {True: 5_000, False: 100_000}
_EXCHANGES = 200
_PICTURES = 3


class Browser(Peer):
    """A page that reads what it shows.

    Attributes:
        reader: The function of ``browser.js`` that reads frames.
    """

    reader: ClassVar = "readVideo"

    def __init__(self, url: str, recorder: Recorder) -> None:
        self._chromium = Chromium()
        self._session = ""
        self._wanted: dict[str, Any] = {}
        self._notes: Notes = {"frames": [], "small": [], "sent": []}
        super().__init__(url, recorder)
        self._local = LocalSession(url)

    async def prepare(self) -> None:
        """Start the browser and open the page."""
        await self._chromium.start()
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await self._open_page()
        except (ConnectionError, RuntimeError, TimeoutError) as error:
            print(self._chromium.log_tail(), file=sys.stderr)
            await self._chromium.close()
            raise ConnectionError(f"Chromium did not open a page: {error}") from error

    async def connect(self) -> dict[str, float]:
        """Start a session, exchange offer and answer, wait for the channels, ask for frames."""
        try:
            await self._local.start()
        except BaseException:
            await self._chromium.close()
            raise
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                offer = await self._run(f"offer({self.reader})")
                answer = await self._local.answer(offer["sdp"], offer["mid"])
                await self._run(f"accept({json.dumps(answer)}, {json.dumps(RESUME)})")
        except BaseException:
            await self._end()
            raise
        return {}

    async def act(self, action: int, sequence: int) -> None:
        """Have the page send the command; nothing answers."""
        await self._run(f"act({sequence}, {json.dumps(command_text(action, sequence))})")

    async def bytes_received(self) -> int | None:
        """Ask the transport."""
        return int((await self._run("statistics()"))["bytes"])

    async def requests(self) -> dict[str, int]:
        """Ask the track."""
        found = await self._run("statistics()")
        return {"nacks": found["nacks"], "key_frame_requests": found["plis"]}

    def processes(self) -> list[int]:
        """Return the browser's processes."""
        return self._chromium.processes()

    async def close(self) -> None:
        """Take what the page has noted and some whole pictures, and end session and browser."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._exchange()
                self._notes = await self._run("notes")
                self.small = False
                for _ in range(_PICTURES):
                    self.recorder.pictures.append(picture_of(**await self._run("picture()")))
        finally:
            await self._end()

    def complete(self, trace: Trace) -> None:
        """Put the page's notes into the trace."""
        put_notes(trace, self._notes, self._clock, time.monotonic_ns() // 1000)

    # Set from outside, like those of other peers; the page has to know.

    @property
    def small(self) -> bool:
        """Which of the two it makes."""
        return bool(self._wanted["small"])

    @small.setter
    def small(self, value: bool) -> None:
        self._want("small", value)

    @property
    def pause_s(self) -> float:
        """How long its user takes for each full-size frame."""
        return float(self._wanted["pauseMs"]) / 1000

    @pause_s.setter
    def pause_s(self, value: float) -> None:
        self._want("pauseMs", 1000 * value)

    def _want(self, name: str, value: float) -> None:
        self._wanted[name] = value
        if self._session:
            self._run(f"wanted.{name} = {json.dumps(value)}")

    async def _open_page(self) -> None:
        devtools = self._chromium.devtools
        target = await devtools.call("Target.createTarget", {"url": "about:blank"})
        attach = {"targetId": target["targetId"], "flatten": True}
        session = (await devtools.call("Target.attachToTarget", attach))["sessionId"]
        for domain in ("Page", "Runtime"):
            await devtools.call(f"{domain}.enable", {}, session)
        devtools.on("Runtime.bindingCalled", self._framed)
        await devtools.call("Runtime.addBinding", {"name": "framed"}, session)
        await devtools.call("Fetch.enable", {}, session)
        asked, loaded = devtools.event("Fetch.requestPaused"), devtools.event("Page.loadEventFired")
        opening = devtools.call("Page.navigate", {"url": _PAGE}, session)
        answer = {
            "requestId": (await asked)["requestId"],
            "responseCode": 200,
            "responseHeaders": [{"name": name, "value": value} for name, value in _HEAD.items()],
            "body": base64.b64encode(page().encode()).decode(),
        }
        await devtools.call("Fetch.fulfillRequest", answer, session)
        await opening
        await loaded
        await devtools.call("Fetch.disable", {}, session)
        self._session = session
        self._clock = PageClock(_RESOLUTION_NS[await self._run("crossOriginIsolated")])
        await self._exchange()

    async def _exchange(self) -> None:
        """Compare clocks."""
        for _ in range(_EXCHANGES):
            sent_ns = time.monotonic_ns()
            page_ms = await self._run("performance.now()")
            self._clock.exchange(sent_ns, page_ms, time.monotonic_ns())

    def _framed(self, event: dict[str, Any]) -> None:
        self.recorder.first_ns = self._clock.here_ns(float(event["payload"]))
        self.recorder.framed.set()

    def _run(self, code: str) -> asyncio.Future[Any]:
        """Run code in the page, now; its value, or that of its promise, comes later."""
        what = {"expression": code, "awaitPromise": True, "returnByValue": True}
        answer = self._chromium.devtools.call("Runtime.evaluate", what, self._session)
        return asyncio.ensure_future(_value(answer))

    async def _end(self) -> None:
        try:
            await self._chromium.close()
        finally:
            await self._local.stop()


class BrowserTrack(Browser):
    """A page that shows nothing and reads the track, with ``MediaStreamTrackProcessor``."""

    reader = "readTrack"


def page() -> str:
    """Return the page, which loads nothing else."""
    reading = resources.files("reactor_env.latency").joinpath("stamp.js").read_text()
    sizes = f"const SMALL_WIDTH = {SMALL[0]}, SMALL_HEIGHT = {SMALL[1]};"
    script = resources.files("reactor_env.bench.peers").joinpath("browser.js").read_text()
    return f"<!doctype html><body><script>{reading}\n{sizes}\n{script}</script>"


def picture_of(url: str, width: int, height: int) -> NDArray[np.uint8]:
    """Return the RGB picture of a data URL of RGBA pixels."""
    pixels = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return np.ascontiguousarray(pixels.reshape(height, width, 4)[..., :3])


async def _value(answer: asyncio.Future[dict[str, Any]]) -> Any:
    found = await answer
    if "exceptionDetails" in found:
        details = found["exceptionDetails"]
        told = details.get("exception", {}).get("description", details["text"])
        raise RuntimeError(f"the page failed: {told}")
    return found["result"].get("value")
