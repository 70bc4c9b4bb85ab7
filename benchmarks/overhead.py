"""What ``ReactorEnv.step`` adds to the step of the session below it, in microseconds.

A stepped session of the bundled world ``catch`` (64x64) runs in a real runtime. The time of every
``step()`` is taken, and within it that of the session's own step: from handing it the commands to
having the model's frame. The difference is the environment's: encoding the action, making the
observation, reward and ``info``, and also what the caller's thread loses to the event-loop thread,
which is still busy with the answer. Observation sizes and backends take turns, in another order
every round.

    python benchmarks/overhead.py --out benchmarks/reports/overhead

Needs ``pip install "reactor-env[local,native]"``.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from rich.progress import Progress

from reactor_env import Observation, ReactorEnv
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.runtime import LocalRuntime
from reactor_env.session import BACKENDS, Backend, PendingStep

PACKAGES = ("gymnasium", "av", "aiortc", "reactor-sdk", "reactor-runtime")
WORLD = "catch"
TARGET_US = 100.0

Size = tuple[int, int]
SIZES: dict[str, Size | None] = {"84x84": (84, 84), "as it is, 64x64": None}


@dataclass
class Args:
    """What to measure."""

    rounds: int = 5
    """How often backends and sizes take turns."""
    steps: int = 500
    """Timed steps of each turn."""
    warmup: int = 50
    """Steps of each turn that are thrown away."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass(frozen=True)
class Turn:
    """The steps of one turn, in microseconds.

    Attributes:
        step_us: Of ``step()``.
        session_us: Of the session's own step within each.
        convert_us: Of making the observation within each.
    """

    step_us: list[float]
    session_us: list[float]
    convert_us: list[float]

    @property
    def overhead_us(self) -> list[float]:
        """What the environment added to each."""
        return [
            whole - session for whole, session in zip(self.step_us, self.session_us, strict=True)
        ]


Results = dict[tuple[Backend, str], list[Turn]]
"""Turns by backend and observation; one per round."""


class Stopwatch:
    """Times the steps of an environment's session.

    Args:
        env: An environment whose stepped session is open.
    """

    def __init__(self, env: ReactorEnv) -> None:
        self.last_us = 0.0
        session = env._session
        assert session is not None
        begin_step = session.begin_step

        def timed(commands: Sequence[Command], timeout_s: float) -> PendingStep:
            begin = time.perf_counter_ns()
            pending = begin_step(commands, timeout_s)
            begun = time.perf_counter_ns()

            def wait() -> VideoFrame:
                waiting = time.perf_counter_ns()
                frame = pending()
                self.last_us = (time.perf_counter_ns() - waiting + begun - begin) / 1e3
                return frame

            return wait

        session.begin_step = timed  # type: ignore[method-assign]


def play(url: str, backend: Backend, size: Size | None, args: Args) -> Turn:
    """Play random actions on a session of its own; resets are not counted."""
    env = ReactorEnv(
        model=WORLD, local=True, api_url=url, backend=backend, observation=Observation(size=size)
    )
    turn = Turn([], [], [])
    random = np.random.default_rng(1)
    try:
        env.reset(seed=1)
        watch = Stopwatch(env)
        for number in range(args.warmup + args.steps):
            action = int(random.integers(3))
            begin = time.perf_counter_ns()
            _, _, terminated, truncated, info = env.step(action)
            step_us = (time.perf_counter_ns() - begin) / 1e3
            if number >= args.warmup:
                turn.step_us.append(step_us)
                turn.session_us.append(watch.last_us)
                turn.convert_us.append(1e3 * info["convert_ms"])
            if terminated or truncated:
                env.reset()
    finally:
        env.close()
    return turn


def measure(args: Args) -> Results:
    """Let backends and observations take turns."""
    pairs: list[tuple[Backend, str]] = [(backend, name) for backend in BACKENDS for name in SIZES]
    results: Results = {pair: [] for pair in pairs}
    order = deque(pairs)
    with Progress(transient=True) as progress, LocalRuntime(WORLD) as runtime:
        bar = progress.add_task("stepping", total=args.rounds * len(pairs))
        for _ in range(args.rounds):
            for backend, name in order:
                turn = play(runtime.url, backend, SIZES[name], args)
                results[backend, name].append(turn)
                progress.advance(bar)
            order.rotate(1)
    return results


def row(backend: Backend, name: str, turns: Sequence[Turn]) -> str:
    """Write one line of the table."""
    rounds = [statistics.median(turn.overhead_us) for turn in turns]
    every = np.concatenate([turn.overhead_us for turn in turns])
    session = statistics.median(statistics.median(turn.session_us) for turn in turns)
    convert = statistics.median(statistics.median(turn.convert_us) for turn in turns)
    return (
        f"| {backend} | {name} | {session:.0f} | {statistics.median(rounds):.0f} "
        f"({min(rounds):.0f} to {max(rounds):.0f}) | {np.percentile(every, 95):.0f} "
        f"| {convert:.0f} |"
    )


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    lines = [
        f"# What `step()` adds to the session's own step, {args.rounds} rounds of "
        f"{args.steps} steps",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        "Microseconds of a stepped session of `catch`, 64x64 RGB.",
        "",
        "| backend | observation | session's own step, p50 | added, p50 (range over rounds) "
        "| added, p95 | of it making the observation, p50 |",
        "|---|---|---|---|---|---|",
    ]
    lines += [row(backend, name, turns) for (backend, name), turns in results.items()]
    lines += [
        "",
        f"The target is {TARGET_US:.0f} us at 84x84. What is added includes waiting for the",
        "interpreter while the event-loop thread finishes with the answer.",
        "",
        "Made by `python benchmarks/overhead.py --out benchmarks/reports/overhead`.",
        "",
    ]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON; times in us."""
    return {
        "turns": [
            {
                "backend": backend,
                "observation": name,
                "round": number,
                "step_us": [round(value, 1) for value in turn.step_us],
                "session_us": [round(value, 1) for value in turn.session_us],
                "convert_us": [round(value, 1) for value in turn.convert_us],
            }
            for (backend, name), turns in results.items()
            for number, turn in enumerate(turns)
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    run_benchmark(args, PACKAGES, measure, markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
