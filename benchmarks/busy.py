"""What a learner that computes in Python does to the stream beside it.

A streamed session of the world ``probe`` runs in a real runtime. The thread that would act either
waits, or computes in pure Python and never lets go of the interpreter by itself, which is the worst
that a learner can do: torch and NumPy let go of it. Every frame tells its number and when it was
made, and is noted the moment its client has it. This package's sessions shorten the interpreter's
switch interval while video is received (:mod:`reactor_env.client.switch_interval`); they are
measured at Python's own as well. The peer is the official SDK, whose frame callback needs the
interpreter too. All take turns, in another order every round.

    python benchmarks/busy.py --out benchmarks/reports/busy

Needs ``pip install "reactor-env[local,native]"``.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.progress import Progress

from reactor_env.client.switch_interval import INTERVAL_S
from reactor_env.client.video import VideoFrame
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.runtime import LocalRuntime
from reactor_env.session import Backend
from reactor_env.source import open_local

WORLD = "probe"
PACKAGES = ("reactor-env", "aiortc", "reactor-sdk", "reactor-runtime")
TIMEOUT_S = 30.0
PYTHONS_INTERVAL_S = 0.005


@dataclass
class Args:
    """What to measure."""

    size: tuple[int, int] = (640, 480)
    """Width and height of the frames."""
    fps: float = 30.0
    """Frames per second."""
    rounds: int = 5
    """How often they take turns."""
    seconds: float = 5.0
    """Of each turn."""
    warmup_s: float = 1.0
    """Seconds of each turn that are thrown away; the interval is set before them."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass(frozen=True)
class Case:
    """Who receives, and what the other thread does.

    Attributes:
        backend: What receives.
        busy: Whether the other thread computes.
        interval_s: The switch interval; the package's own choice if ``None``.
    """

    backend: Backend
    busy: bool
    interval_s: float | None = None


CASES = {
    "reactor-env, learner waits": Case("aiortc", busy=False),
    "reactor-env, learner computes": Case("aiortc", busy=True),
    f"reactor-env at {1e3 * PYTHONS_INTERVAL_S:g} ms, learner computes": Case(
        "aiortc", busy=True, interval_s=PYTHONS_INTERVAL_S
    ),
    "reactor-sdk, learner waits": Case("native", busy=False),
    "reactor-sdk, learner computes": Case("native", busy=True),
}


@dataclass
class Turn:
    """The frames of one turn.

    Attributes:
        emitted: How many the model made between the first and the last that came.
        age_ms: How old each was when the client had it; repeats left out.
    """

    emitted: int = 0
    age_ms: list[float] = field(default_factory=list)

    @property
    def delivered(self) -> float:
        """The share of the emitted frames that came."""
        return len(self.age_ms) / self.emitted if self.emitted else 0.0


Results = dict[str, list[Turn]]
"""Turns by case; one per round."""


class Receiver:
    """Notes every frame's number and age; called by whoever receives."""

    def __init__(self) -> None:
        self.first = threading.Event()
        self._frames: list[tuple[int, float, int]] = []

    def __call__(self, frame: VideoFrame) -> None:
        """Take a frame."""
        now = time.monotonic_ns()
        data = frame.metadata
        if "n" in data:
            self._frames.append((data["n"], now / 1e6 - data["clock_us"] / 1e3, now))
            self.first.set()

    def turn(self, since_ns: int) -> Turn:
        """Return what came from a time on."""
        seen: dict[int, float] = {}
        for number, age_ms, arrival_ns in tuple(self._frames):
            if arrival_ns >= since_ns:
                seen.setdefault(number, age_ms)
        return Turn(max(seen) - min(seen) + 1 if seen else 0, list(seen.values()))


def compute(until_ns: int) -> int:
    """Compute in Python until a time, asking for it once in a millisecond or so."""
    total = 0
    while time.monotonic_ns() < until_ns:
        for number in range(20_000):
            total += number & 3
    return total


def wait(until_ns: int) -> None:
    """Do nothing until a time."""
    time.sleep(max(until_ns - time.monotonic_ns(), 0) / 1e9)


def play(case: Case, url: str, args: Args) -> Turn:
    """Receive for a while on a session of its own."""
    receiver = Receiver()
    session = open_local(WORLD, url, "streamed", TIMEOUT_S, receiver, case.backend)
    interval = sys.getswitchinterval()
    try:
        if not receiver.first.wait(TIMEOUT_S):
            raise TimeoutError(f"no frame came within {TIMEOUT_S:g} s")
        if case.interval_s is not None:
            sys.setswitchinterval(case.interval_s)
        begin_ns = time.monotonic_ns() + round(1e9 * args.warmup_s)
        spend: Callable[[int], Any] = compute if case.busy else wait
        spend(begin_ns + round(1e9 * args.seconds))
        return receiver.turn(begin_ns)
    finally:
        sys.setswitchinterval(interval)
        session.close()


def measure(args: Args) -> Results:
    """Let the cases take turns."""
    results: Results = {name: [] for name in CASES}
    width, height = args.size
    start = partial(LocalRuntime, WORLD, fps=args.fps)
    with (
        Progress(transient=True) as progress,
        start(world_kwargs={"width": width, "height": height}) as runtime,
    ):
        bar = progress.add_task("receiving", total=args.rounds * len(CASES))
        order = deque(CASES)
        for _ in range(args.rounds):
            for name in order:
                results[name].append(play(CASES[name], runtime.url, args))
                progress.advance(bar)
            order.rotate(1)
    return results


def row(name: str, turns: Sequence[Turn]) -> str:
    """Write one line of the table."""
    every = np.concatenate([turn.age_ms for turn in turns])
    medians = [statistics.median(turn.age_ms) for turn in turns if turn.age_ms]
    delivered = [100 * turn.delivered for turn in turns]
    return (
        f"| {name} | {statistics.median(delivered):.1f} ({min(delivered):.1f} to "
        f"{max(delivered):.1f}) | {statistics.median(medians):.1f} ({min(medians):.1f} to "
        f"{max(medians):.1f}) | {np.percentile(every, 99):.1f} | {max(every):.0f} |"
    )


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    width, height = args.size
    lines = [
        f"# A stream beside a learner that computes, {args.rounds} rounds of {args.seconds:g} s",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        f"{width}x{height} at {args.fps:g} frames a second. The age of a frame is from when the",
        "model made it to when the client has it; repeats of the runtime's are left out.",
        f"While video is received, this package sets the interpreter's switch interval to "
        f"{1e3 * INTERVAL_S:g} ms.",
        "",
        "| | frames that came, % (range over rounds) | age ms, p50 (range over rounds) | p99 "
        "| worst |",
        "|---|---|---|---|---|",
    ]
    lines += [row(name, turns) for name, turns in results.items()]
    lines += ["", "Made by `python benchmarks/busy.py --out benchmarks/reports/busy`.", ""]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON; times in ms."""
    return {
        "turns": [
            {
                "case": name,
                "round": number,
                "emitted": turn.emitted,
                "age_ms": [round(value, 2) for value in turn.age_ms],
            }
            for name, turns in results.items()
            for number, turn in enumerate(turns)
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    run_benchmark(args, PACKAGES, measure, markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
