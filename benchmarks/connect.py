"""Time to connect: this package's client, on both wires, beside the official SDK.

The clients take turns on one runtime process, in another order every round. A connect is timed
from the call of ``connect()`` to its return, which for all of them is when commands can be sent,
and on to the first video frame in a callback of the user's. The runtime has closed the last
session before the next one is opened, and every client's first connect is thrown away: the first
after the server's start is always slow, and so is whatever a client loads when it is first used.

    python benchmarks/connect.py --out benchmarks/reports/connect

Needs ``pip install "reactor-env[local,native]"``.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import httpx
import tyro
from reactor_sdk import Reactor as SdkReactor
from rich.progress import Progress

from reactor_env.client import ConnectionTimings, Reactor
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.runtime import LocalRuntime

TIMEOUT_S = 30.0
SDK = "reactor-sdk"
PACKAGES = ("aiortc", "reactor-sdk", "reactor-runtime")
ENDS = ("total_ms", "first_frame_ms")
PHASES = tuple(field.name for field in fields(ConnectionTimings) if field.name not in ENDS)
"""What follows each other in a connect; ``ENDS`` are counted from its beginning."""

MANIFEST = "model:\n  name: clock\nruntime:\n  import: model:Model\n"
MODEL = '''
import numpy as np
from reactor_runtime import Output, ReactorApp, TrackPayload, Video


class Screen(Output):
    main_video: Video


class Model(ReactorApp):
    """Draws 60 frames a second from the moment somebody is there."""

    fps = 60.0

    def __init__(self):
        super().__init__()
        self.number = 0

    def generate(self, _):
        self.number += 1
        picture = np.full((64, 64, 3), self.number % 200, np.uint8)
        return Screen(main_video=TrackPayload(picture, metadata={"number": self.number}))
'''
"""A model that has a frame whenever one can be sent, so that nothing but connecting is timed."""


@dataclass
class Args:
    """What to measure."""

    rounds: int = 7
    """How often the clients take turns."""
    connects: int = 6
    """Timed connects of each turn."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass(frozen=True)
class Connect:
    """One connect.

    Attributes:
        connect_ms: From the call to its return.
        first_frame_ms: From the call to the first video frame in the user's callback.
        phases: The client's own account, of :class:`~reactor_env.client.ConnectionTimings`;
            empty for the SDK.
    """

    connect_ms: float
    first_frame_ms: float
    phases: dict[str, float]


class Stopwatch:
    """Times one connect; frames may come on any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._framed = asyncio.Event()
        self._begin = time.perf_counter()
        self._first: float | None = None

    def frame(self, _picture: Any) -> None:
        """Take a frame."""
        if self._first is None:
            self._first = time.perf_counter()
            self._loop.call_soon_threadsafe(self._framed.set)

    async def time(
        self, connect: Callable[[], Awaitable[None]], phases: Callable[[], dict[str, float]]
    ) -> Connect:
        """Connect and wait for the first frame."""
        self._begin = time.perf_counter()
        async with asyncio.timeout(TIMEOUT_S):
            await connect()
            connected = time.perf_counter()
            await self._framed.wait()
        assert self._first is not None
        return Connect(1e3 * (connected - self._begin), 1e3 * (self._first - self._begin), phases())


async def connect_ours(url: str, wire: Literal["protobuf", "json"]) -> Connect:
    """Connect with this package's client."""
    reactor = Reactor("clock", local=True, api_url=url, wire=wire)
    watch = Stopwatch()
    reactor.set_frame_callback(watch.frame)

    def phases() -> dict[str, float]:
        timings = reactor.get_connection_timings()
        assert timings is not None
        return asdict(timings)

    try:
        return await watch.time(reactor.connect, phases)
    finally:
        await reactor.disconnect()


async def connect_official(url: str) -> Connect:
    """Connect with reactor-sdk."""
    reactor = SdkReactor("clock", local=True, api_url=url)
    watch = Stopwatch()
    reactor.track("main_video").on_frame(watch.frame)
    try:
        return await watch.time(reactor.connect, dict)
    finally:
        await reactor.disconnect()
        reactor.close()


CLIENTS: dict[str, Callable[[str], Awaitable[Connect]]] = {
    "reactor-env, protobuf": lambda url: connect_ours(url, "protobuf"),
    "reactor-env, json": lambda url: connect_ours(url, "json"),
    SDK: connect_official,
}

Results = dict[str, list[list[Connect]]]
"""Connects by client and round."""


async def session_is_free(http: httpx.AsyncClient) -> None:
    """Wait until the runtime has closed the last session; reactor-sdk does not wait itself."""
    async with asyncio.timeout(TIMEOUT_S):
        while (await http.get("/session")).json()["state"] != "ready":  # noqa: ASYNC110 - polls another process
            await asyncio.sleep(0.02)


@contextmanager
def clock_runtime() -> Iterator[LocalRuntime]:
    """Start a runtime with the model above."""
    with tempfile.TemporaryDirectory(prefix="reactor-env-connect-") as name:
        folder = Path(name)
        (folder / "reactor.yaml").write_text(MANIFEST)
        (folder / "model.py").write_text(MODEL)
        with LocalRuntime(folder) as runtime:
            yield runtime


async def measure(args: Args) -> Results:
    """Let the clients take turns on one runtime."""
    results: Results = {name: [] for name in CLIENTS}
    with clock_runtime() as runtime, Progress(transient=True) as progress:
        bar = progress.add_task("connecting", total=args.rounds * args.connects * len(CLIENTS))
        async with httpx.AsyncClient(base_url=runtime.url, trust_env=False) as http:

            async def connect(name: str) -> Connect:
                await session_is_free(http)
                return await CLIENTS[name](runtime.url)

            for name in CLIENTS:
                await connect(name)
            order = deque(CLIENTS)
            for _ in range(args.rounds):
                for name in order:
                    turn = []
                    for _ in range(args.connects):
                        turn.append(await connect(name))
                        progress.advance(bar)
                    results[name].append(turn)
                order.rotate(1)
    return results


def medians(rounds: Sequence[Sequence[Connect]], of: Callable[[Connect], float]) -> list[float]:
    """Return each round's median."""
    return [statistics.median(map(of, turn)) for turn in rounds]


def duration_row(name: str, results: Results, of: Callable[[Connect], float]) -> str:
    """Write one client's line of a table of durations."""
    own, sdk = medians(results[name], of), medians(results[SDK], of)
    every = sorted(of(one) for turn in results[name] for one in turn)
    ratios = [mine / theirs for mine, theirs in zip(own, sdk, strict=True)]
    return (
        f"| {name} | {statistics.median(own):.0f} ({min(own):.0f} to {max(own):.0f}) "
        f"| {every[0]:.0f} to {every[-1]:.0f} | {statistics.median(ratios):.2f} |"
    )


def phase_row(name: str, rounds: Sequence[Sequence[Connect]]) -> str:
    """Write one client's line of the table of phases."""
    every = [one.phases for turn in rounds for one in turn]
    other = [phases["total_ms"] - sum(phases[name] for name in PHASES) for phases in every]
    columns = [[phases[name] for phases in every] for name in PHASES]
    columns += [other, *([phases[name] for phases in every] for name in ENDS)]
    return f"| {name} | {' | '.join(f'{statistics.median(column):.1f}' for column in columns)} |"


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    ours = [name for name in results if name != SDK]
    columns = [name.removesuffix("_ms").replace("_", " ") for name in (*PHASES, "other", *ENDS)]
    head = "| client | median ms (range over rounds) | range of all ms | relative to reactor-sdk |"
    rows = {
        "From the call of `connect()` to its return:": lambda one: one.connect_ms,
        "From the call to the first video frame in the callback:": lambda one: one.first_frame_ms,
    }
    lines = [
        f"# Connecting to a runtime on loopback, {args.rounds} rounds of {args.connects} connects",
        "",
        f"{machine_line(PACKAGES, load)}.",
    ]
    for title, of in rows.items():
        lines += ["", title, "", head, "|---|---|---|---|"]
        lines += [duration_row(name, results, of) for name in results]
    lines += [
        "",
        "Where this client's time goes, medians in ms, by `get_connection_timings()`. `other` is",
        "what its phases leave of `total`: reading the ICE servers, making the peer connection,",
        "reading the model's schema. `first frame` is from the call to the frame's arrival.",
        "",
        f"| client | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
        *(phase_row(name, results[name]) for name in ours),
        "",
        "Most of the SDK's time is its pause between asking for the SDP answer at once and asking",
        "again, 200 ms; this client's pauses are 10, 20, 40, ... ms.",
        "",
        "Made by `python benchmarks/connect.py --out benchmarks/reports/connect`.",
        "",
    ]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON."""
    return {
        "connects": {
            name: [[asdict(one) for one in turn] for turn in rounds]
            for name, rounds in results.items()
        },
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    run_benchmark(args, PACKAGES, lambda args: asyncio.run(measure(args)), markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
