"""Many sessions in one process: ``python -m reactor_env.bench.sessions``, and what starts it.

Each session has a runtime of its own. All sessions of a process share one event loop, on a thread
of its own, which receives every packet of all of them: how much of a core that thread needs says
where it will be full, also where the runtimes fill the machine before.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from reactor_env.bench.machine import cpu_ns
from reactor_env.bench.measures import frames_of
from reactor_env.bench.peers.ours import Protobuf
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import Scenario
from reactor_env.loop_thread import LoopThread
from reactor_env.runtime import LocalRuntime

KIND = "sessions"

_SETTLE_S, _SMALL_SETTLE_S, _GRACE_S = 3.0, 0.5, 120.0
_FIRST_FRAME_TIMEOUT_S = 60.0
_DRAIN_S = 0.5
_NS = 1e-9


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """What was measured of so many sessions.

    Attributes:
        sessions: How many.
        emitted_fps: Frames a second that each model made, mean over sessions.
        delivered_percent: Of those, how many were seen by the reader.
        emission_p50_ms: From emission to observation at full size, of all sessions together.
        emission_p99_ms: Likewise.
        observations_fps: 84x84 observations a second, of all sessions together.
        loop_percent: What the thread of the event loop needs, percent of a core, while such
            observations are made; ``None`` where the system does not tell.
        client_percent: What the whole process needs.
        runtimes_percent: What all runtimes need.
        cores: How many cores there are.
    """

    sessions: int
    emitted_fps: float
    delivered_percent: float
    emission_p50_ms: float
    emission_p99_ms: float
    observations_fps: float
    loop_percent: float | None
    client_percent: float
    runtimes_percent: float
    cores: int


@dataclass(frozen=True, kw_only=True)
class Failed:
    """So many sessions could not be measured.

    Attributes:
        sessions: How many.
        error: Why not.
    """

    sessions: int
    error: str


def measure_sessions(
    counts: Sequence[int], scenario: Scenario, seconds: float, notify: Callable[[str], None]
) -> list[Sessions | Failed]:
    """Measure so many sessions at once, one number of them after another.

    A machine has room for so many of them: the first number that cannot be measured is the last.

    Args:
        counts: The numbers.
        scenario: What is streamed.
        seconds: How long, once at full size and once at 84x84.
        notify: Called before each with what it is.

    Raises:
        RuntimeStartError: If a runtime does not start.
    """
    found: list[Sessions | Failed] = []
    with ExitStack() as stack:
        runtimes: list[LocalRuntime] = []
        for count in sorted(counts):
            notify(f"{scenario.name}, {count} sessions")
            while len(runtimes) < count:
                runtime = LocalRuntime(
                    "probe", fps=scenario.fps, world_kwargs=scenario.world_kwargs
                )
                runtimes.append(stack.enter_context(runtime))
            found.append(_in_a_process(runtimes, seconds))
            if isinstance(found[-1], Failed):
                break
    return found


def report_of(found: Sequence[Sessions | Failed]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the table."""
    header = [
        "sessions",
        "emitted, frames/s each",
        "delivered of emitted, %",
        "emission to observation, p50, ms",
        "p99, ms",
        "84x84 observations/s, all",
        "loop thread, % of a core",
        "client, % of a core",
        "runtimes, % of a core",
    ]
    rows = [
        [str(one.sessions), "failed", *[""] * (len(header) - 2)]
        if isinstance(one, Failed)
        else [
            str(one.sessions),
            f"{one.emitted_fps:.1f}",
            f"{one.delivered_percent:.1f}",
            f"{one.emission_p50_ms:.1f}",
            f"{one.emission_p99_ms:.1f}",
            f"{one.observations_fps:.0f}",
            "" if one.loop_percent is None else f"{one.loop_percent:.0f}",
            f"{one.client_percent:.0f}",
            f"{one.runtimes_percent:.0f}",
        ]
        for one in found
    ]
    return header, rows


def failures_of(found: Sequence[Sessions | Failed]) -> list[str]:
    """Return a line for each number of sessions that could not be measured."""
    return [
        f"{one.sessions} sessions failed: {one.error}" for one in found if isinstance(one, Failed)
    ]


def _in_a_process(runtimes: Sequence[LocalRuntime], seconds: float) -> Sessions | Failed:
    order = {
        "urls": [runtime.url for runtime in runtimes],
        "pids": [runtime.pid for runtime in runtimes],
        "seconds": seconds,
    }
    command = [sys.executable, "-m", __name__, json.dumps(order)]
    limit_s = 2 * seconds + _GRACE_S
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return Failed(sessions=len(runtimes), error=f"it did not end within {limit_s:g} s")
    if done.returncode != 0:
        last = done.stderr.strip().rpartition("\n")[2]
        return Failed(sessions=len(runtimes), error=last)
    return Sessions(**json.loads(done.stdout))


async def take_turns(urls: Sequence[str], pids: Sequence[int], seconds: float) -> Sessions:
    """Open a session on each runtime and measure them together.

    Args:
        urls: Where the runtimes listen.
        pids: Their processes.
        seconds: How long.
    """
    recorders = [Recorder() for _ in urls]
    peers = [Protobuf(url, recorder) for url, recorder in zip(urls, recorders, strict=True)]
    opened = []
    try:
        for peer in peers:
            opened.append(peer)
            await peer.connect()
        async with asyncio.timeout(_FIRST_FRAME_TIMEOUT_S):
            while not all(recorder.framed.is_set() for recorder in recorders):  # noqa: ASYNC110 - set by other threads
                await asyncio.sleep(0.01)
        await asyncio.sleep(_SETTLE_S)
        begin = time.monotonic_ns()
        await asyncio.sleep(seconds)
        end = time.monotonic_ns()
        await asyncio.sleep(_DRAIN_S)
        for peer in peers:
            peer.small = True
        await asyncio.sleep(_SMALL_SETTLE_S)
        costs = _Costs(await _loop_thread(), pids)
        await asyncio.sleep(seconds)
        small_s, loop, client, served = costs.since()
    finally:
        for peer in opened:
            await peer.close()
    traces = [recorder.trace("sessions", {"begin": begin, "end": end}) for recorder in recorders]
    windows = [frames_of(trace) for trace in traces]
    latency = np.concatenate([window.latency_ms for window in windows])
    seen = sum(np.unique(window.number).size for window in windows)
    small = [
        int(((trace.small >= costs.began) & (trace.small < costs.ended)).sum()) for trace in traces
    ]
    return Sessions(
        sessions=len(urls),
        emitted_fps=float(np.mean([window.emitted_fps for window in windows])),
        delivered_percent=100 * seen / sum(window.emitted for window in windows),
        emission_p50_ms=float(np.percentile(latency, 50)),
        emission_p99_ms=float(np.percentile(latency, 99)),
        observations_fps=sum(small) / small_s,
        loop_percent=loop,
        client_percent=client,
        runtimes_percent=served,
        cores=os.cpu_count() or 1,
    )


class _Costs:
    """What threads and processes need from its making on.

    Args:
        thread: The event loop's.
        pids: The runtimes.
    """

    def __init__(self, thread: int, pids: Sequence[int]) -> None:
        self._thread = thread
        self._pids = pids
        self.began = self.ended = time.monotonic_ns()
        self._before = self._read()

    def since(self) -> tuple[float, float | None, float, float]:
        """Return the seconds, and loop, process and runtimes in percent of a core."""
        after = self._read()
        self.ended = time.monotonic_ns()
        wall = self.ended - self.began
        loop, client, served = (
            None if one is None or was is None else 100 * (one - was) / wall
            for one, was in zip(after, self._before, strict=True)
        )
        assert client is not None
        return wall * _NS, loop, client, served or 0.0

    def _read(self) -> tuple[int | None, int, int]:
        loop = None
        if sys.platform == "linux":
            loop = time.clock_gettime_ns(time.pthread_getcpuclockid(self._thread))
        served = sum(cpu_ns(pid) or 0 for pid in self._pids)
        return loop, time.process_time_ns(), served


async def _loop_thread() -> int:
    async def ident() -> int:
        return threading.get_ident()

    return await asyncio.wrap_future(LoopThread.shared().start(ident()))


def main(argument: str) -> None:
    """Measure, and print what was measured as JSON.

    Args:
        argument: ``urls``, ``pids`` and ``seconds`` as JSON.
    """
    order: dict[str, Any] = json.loads(argument)
    found = asyncio.run(take_turns(order["urls"], order["pids"], order["seconds"]))
    sys.stdout.write(json.dumps(asdict(found)))


if __name__ == "__main__":
    main(sys.argv[1])
